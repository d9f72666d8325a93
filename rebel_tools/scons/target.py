"""The session of targets of a package.json that share compiled files, and their plan."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property

import SCons.Node
import SCons.Script

from rebel_tools.errors import RebelError
from rebel_tools.memory.state_file import NAME as STATE
from rebel_tools.memory.verdict import ALL
from rebel_tools.ocaml.toolchain import FindlibError
from rebel_tools.plan.model import NATIVE, Scope
from rebel_tools.plan.recall import scopes_in_doubt
from rebel_tools.plan.step import Collect, Step
from rebel_tools.project.groups import Group as Targets
from rebel_tools.project.load import absent_modules, load_project
from rebel_tools.project.model import Package, Project, Target
from rebel_tools.scons import build_folder, profiles, said
from rebel_tools.scons.compat import Environment, Node
from rebel_tools.scons.drivers import Drivers
from rebel_tools.scons.for_editors import ForEditors
from rebel_tools.scons.goal_nodes import GoalNodes
from rebel_tools.scons.goals import DONE, ENGINES, Goal
from rebel_tools.scons.group_memory import GroupMemory
from rebel_tools.scons.homes import mark, note_served
from rebel_tools.scons.interactive import option
from rebel_tools.scons.made_first import MadeFirst
from rebel_tools.scons.named import First
from rebel_tools.scons.nodes import Group
from rebel_tools.scons.output import SAID
from rebel_tools.scons.package_plan import PackagePlan
from rebel_tools.scons.package_rules import PackageRules
from rebel_tools.scons.programs import is_installed
from rebel_tools.scons.said import Said
from rebel_tools.scons.session import Session
from rebel_tools.scons.settings import is_mappable
from rebel_tools.scons.shared import SharedSteps, is_wanted
from rebel_tools.scons.stubs import PackageStubs
from rebel_tools.scons.target_environments import TargetEnvironments

# Names, used instead of scopes, for what programs wait for before anything is planned.
MADE_FIRST = "what other builders make"
MADE_BY_RULES = "what packages make"


class TargetSession(Session):
    """The session of a group of targets. The plan is made when SCons first visits one of their programs, because most
    runs do not need all groups.

    started: a time before package.json was read, in nanoseconds. base: the environment that Rebel() was called on.
    build: `_build`; place: what the folders of targets begin with; folder: that of the home of the group.
    goals: one for each target; packages: all that they need, dependencies first; package_of: the one of each scope.
    """

    owns_state = True
    advice = "add it to `dependencies` in package.json", "add {} to `rebel.ocamlfindDependencies` in package.json"

    def __init__(self, env: Environment, project: Project, group: Targets, started: int):
        self.goals: list[Goal] = []  # defined first, for a session whose construction fails
        self.top = env.Dir("#").get_abspath()
        self.build = self.relative(build_folder.folder_of(project.root.root))
        self.place = f"{self.build}/{env[profiles.VARIABLE].folder}"
        self.folder = self.place + group.home.name
        super().__init__(f"{self.folder}/{STATE}")
        self.project = project
        self.home = group.home
        self.engine = ENGINES[self.home.engine]
        self.base = env
        self.rules = PackageRules(self)
        self.stubs = PackageStubs(self)
        self.drivers = Drivers(self)
        self.packages_in_plan = PackagePlan(self)
        self.target_environments = TargetEnvironments(self)
        self.goals = [self._goal(target) for target in group.targets]
        self.env = next(goal.env for goal in self.goals if goal.target is self.home)
        self.packages = self._all_packages()
        self.goal_nodes = GoalNodes(self)
        self.package_of: dict[Scope, Package] = {}
        self._is_planned = False
        self._error: RebelError | None = None
        self._is_told = False
        self.made_first = MadeFirst(self)
        self.memory = GroupMemory(self, started)
        self.editors = ForEditors(self)
        self.read_in: set[str] = set()
        if self._is_asked_for_a_part():
            self._make_all()

    def _goal(self, target: Target) -> Goal:
        package = self.project.package_of(target)
        return Goal(self, self.target_environments.of_goal(target, package), target, package)

    def goal_of(self, plugin: Target) -> Goal:
        """The program in this build that loads a plugin."""
        name = f"{plugin.package}/{plugin.plugin}" if plugin.package else plugin.plugin
        return next(goal for goal in self.goals if goal.target.name == name)

    def _all_packages(self) -> tuple[Package, ...]:
        roots = dict.fromkeys(goal.package for goal in self.goals)
        used = [package for root in roots for package in (*self.project.closure(root), root)]
        wanted = {package.name for package in used} | self.project.rewriters(used).keys()
        return tuple(package for package in self.project.packages if package.name in wanted)

    def relative(self, *parts: str) -> str:
        """A path relative to the folder of the SConstruct."""
        return build_folder.from_here(os.path.join(*parts))

    @property
    def _folders_of_targets(self) -> list[str]:
        return [goal.folder for goal in self.goals]

    def _is_asked_for_a_part(self) -> bool:
        """Whether an output is requested by its path."""
        asked = {str(name) for name in SCons.Script.COMMAND_LINE_TARGETS} - {goal.path for goal in self.goals}
        return any(f"{name}/".startswith(f"{folder}/") for name in asked for folder in self._folders_of_targets)

    # The plan

    def step_of(self, made: Step | Goal) -> Step:
        """Errors: those of missing tools and findlib packages."""
        return self._goal_step(made) if isinstance(made, Goal) else made

    def _goal_step(self, goal: Goal) -> Collect:
        self.make_plan()
        return goal.last_step

    def make_plan(self) -> None:
        """Make the plan, if there is none yet. Errors: those of missing tools and findlib packages."""
        if self._error is not None:
            raise self._error
        if not self._is_planned:
            self._is_planned = True
            try:
                self.packages_in_plan.add()
            except FindlibError as error:
                found = (self.drivers.at_its_key(error, goal.package) for goal in self.goals)
                self._error = next(filter(None, found), error)
                raise self._error from None
            except RebelError as error:
                self._error = error
                raise error from None

    def _make_all(self) -> None:
        """Make nodes for all steps, so each output can be named on the command line."""
        self.make_plan()
        for step in list(self.plan.steps.values()):
            self.nodes(step)

    # What other builders make

    def all_named(self, scope: object) -> list[Node]:
        """What the flags of all packages name, found without a plan."""
        return self.made_first.named()

    def scopes_behind(self, node: Node) -> Iterable[Scope | Session]:
        """The session itself, because its scopes are not known before the plan is made."""
        return [self]

    def named_by(self, named: Scope | Step) -> list[Node]:
        if isinstance(named, Scope):
            return [*self.made_first.nodes, *self.drivers.nodes_for(named)]
        return super().named_by(named)

    def _load_again(self) -> None:
        """Find sources that did not exist when the SConstruct was read. Errors: ProjectError."""
        if self.made_first.unknown_sources:
            self.project = load_project(self.project.root.root)
            named = {target.name: target for target in self.project.every_target}
            self.home = named[self.home.name]
            for goal in self.goals:
                goal.target = named[goal.target.name]
                goal.package = self.project.package_of(goal.target)
            self.packages = self._all_packages()

    def prepare_again(self) -> None:
        """Prepare for other goals, and write the files for editors if the plan may have changed."""
        self._prepared = False
        self._prepare()
        if self.memory.verdict.extent == ALL and not self._is_told:
            self._is_told = True
            if self.editors.are_written and not self._dry:
                self.editors.write()

    def _prepare(self) -> None:
        if not self._prepared:
            sources = self.made_first.sources
            for scope, package in self.package_of.items():
                found = {self.relative(path): sources[path] for path in sources if package.has_place_for(path)}
                self.source_nodes.setdefault(scope, {}).update({**found, **self.rules.by_package.get(package.name, {})})
        super()._prepare()

    def ruled(self) -> dict[str, Node]:
        return {self.relative(path): node for path, node in self.made_first.sources.items()}

    def _remove_vanished(self, scopes: list[Scope]) -> None:
        """Also drop the records of targets that have left this group: other groups may write to their folders now."""
        own = tuple(f"{folder}/" for folder in self._folders_of_targets)
        for key in [key for key in self.status.records if not key.startswith(own)]:
            del self.status.records[key]
            self.plan.state.changed = True
        folders = (os.path.join(self.top, folder) for folder in self._folders_of_targets)
        self.own_folders = {self.relative(path) for folder in folders for path, _, _ in os.walk(folder)}
        super()._remove_vanished(scopes)
        if not option("clean"):
            note_served(os.path.join(self.top, self.place), self.home.name, self.names)

    def absent(self, scope: Scope) -> Mapping[str, str]:
        package = self.package_of.get(scope)
        return {**(absent_modules(package) if package else {}), **super().absent(scope)}

    # Nodes for what is stale

    def dependencies(self, made: Step | Goal) -> list[Node]:
        if not isinstance(made, Goal):
            found = super().dependencies(made)
            self.rules.check(made)
            return found
        if option("clean"):
            self.generated.leave_out(self.plan, self.ruled(), (), self._dry)
            return self.made_first.nodes  # the whole folder is removed
        if self.made_first.nodes and self._first.get_state() not in DONE:
            return [self._first]
        if not self._is_planned:
            self._load_again()
        every = self.goal_nodes.need_all
        if not every and not self._prepared:
            self.memory.look()
        if not every and self.memory.has_nothing_to_do(made):
            return []
        if not self._is_planned:
            self.memory.trust()
        if self._by_rules_first():
            return self._linked_first(made) or [self._by_rules]
        self.make_plan()
        return self.goal_nodes.of(made)

    def _by_rules_first(self) -> bool:
        """Whether outputs of rules of packages have to be made first."""
        if not self.rules.ran:
            self.rules.ran = True
            if not self._dry:
                self.rules.tidy_up()
        if self.rules.come_first and self._by_rules.get_state() not in DONE:
            return True
        if self.rules.changed():
            self.memory.doubt("a rule of a package has regenerated a source")
        return False

    def _linked_first(self, goal: Goal) -> list[Node]:
        """All that an archive is made of, if programs that make or rewrite sources are linked with it: it cannot wait
        for what they make. Otherwise nothing.
        """
        self.make_plan()
        if goal.last_step.scope not in self.rules.linked_scopes():
            return []
        self._prepare()
        return self.goal_nodes.all_for(goal)

    @cached_property
    def _first(self) -> Group:
        """The node for what other builders make before anything is planned."""
        return Group(self, MADE_FIRST, MADE_FIRST)

    @cached_property
    def _by_rules(self) -> Group:
        """The node for the outputs of rules of packages."""
        return Group(self, MADE_BY_RULES, MADE_BY_RULES)

    def begin_again(self) -> None:
        super().begin_again()
        self._is_told = False
        self.goal_nodes.begin_again()
        for group in (self._first, self._by_rules):
            group.set_state(SCons.Node.no_state)

    def units(self, scope: Scope | First | Goal | str) -> list[Node]:
        if isinstance(scope, Goal):
            return self.goal_nodes.before(scope)
        if isinstance(scope, str):
            return self.made_first.nodes if scope == MADE_FIRST else self.rules.nodes()
        return super().units(scope)

    def reason(self, made: Step | Goal) -> str | None:
        if isinstance(made, Goal) and self.memory.has_nothing_to_do(made):
            return None
        step = self.step_of(made)
        found = super().reason(step)
        if found is None:
            self.goal_nodes.note_up_to_date(step)
        return found

    def cache_key(self, made: Step | Goal, path: str) -> str:
        return super().cache_key(self.step_of(made), path)

    def is_as_keyed(self, made: Step | Goal) -> bool:
        return super().is_as_keyed(self.step_of(made))

    def may_read(self, made: Step | Goal) -> list[str]:
        return super().may_read(self.step_of(made))

    def writes(self, made: Step | Goal) -> list[str]:
        return super().writes(self.step_of(made))

    def built(self, made: Step | Goal) -> None:
        super().built(self.step_of(made))
        if self.goal_nodes.layers is None:
            self.memory.doubt("a program that a rule runs was rebuilt, and can make other steps stale")

    @cached_property
    def shared(self) -> SharedSteps | None:
        """The cache of results that trees share; None if this build does not use it."""
        return SharedSteps(self) if is_wanted(self.has_cache) else None

    @property
    def is_movable(self) -> bool:
        """Whether its outputs are the same in another folder."""
        return self.engine == NATIVE and is_mappable(self.env)

    def bring_back(self, step: Step) -> bool:
        return self.shared is not None and self.shared.bring_back(step)

    def keep(self, step: Step) -> None:
        if self.shared is not None:
            self.shared.keep(step)

    def kept(self, step: Step) -> str:
        """The messages to store, without warnings of installed packages, which the user cannot fix."""
        package = self.package_of.get(step.scope)
        return "" if package and is_installed(package, self.project) else said.shortened(SAID.get(step.key, ""))

    def said(self) -> list[Said]:
        """The stored messages of all steps that are up to date."""
        is_done = all(goal.is_done for goal in self.goals)
        return list(said.of_records(self.status, is_done)) if self._is_visited else []

    def hint(self, target: str, complaint: str) -> str | RebelError | None:
        found = super().hint(target, complaint)
        if found is None and self._is_planned:
            from rebel_tools.scons import stub_errors

            found = stub_errors.complaint(self, target, complaint)
        return found

    def _scopes_in_doubt(self) -> list[Scope]:
        return scopes_in_doubt(self.plan, self.memory.recall)

    # The end

    @property
    def names(self) -> list[str]:
        """Of all its targets."""
        return [goal.target.name for goal in self.goals]

    def _save(self) -> None:
        super()._save()
        if self._is_visited and not option("clean"):
            mark(os.path.join(self.top, self.place), self.names)
            self.memory.write()

    def _finish(self) -> None:
        super()._finish()
        if self._is_visited and not self._dry and self.shared is not None:
            self.shared.end()
        if option("clean") and self._is_visited and not self._dry and self._is_gone:
            self.editors.remove()

    @property
    def _is_gone(self) -> bool:
        return not os.path.isdir(os.path.join(self.top, self.folder))

    @property
    def _is_visited(self) -> bool:
        return any(goal.is_visited for goal in self.goals)
