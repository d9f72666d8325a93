"""Targets of a package.json that share what is compiled: their plan, and nodes for only what has to be built."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property

import SCons.Node
import SCons.Script

from rebel_tools.errors import RebelError
from rebel_tools.memory.digests import text_digest
from rebel_tools.memory.manifest import manifest
from rebel_tools.memory.stamp import stamp, stamps_before
from rebel_tools.memory.verdict import ALL
from rebel_tools.ocaml.editors import FILE as EDITORS_FILE
from rebel_tools.ocaml.flags import LINK_ALL, NO_WARNINGS, by_compiler
from rebel_tools.ocaml.search import search_path
from rebel_tools.ocaml.toolchain import ANSWERS, FindlibError
from rebel_tools.outputs.naming import top_level
from rebel_tools.plan.layers import Layers
from rebel_tools.plan.model import ARCHIVE, NATIVE, TREE, Scope, Step
from rebel_tools.project.groups import Group as Targets
from rebel_tools.project.load import absent_modules, load_project
from rebel_tools.project.model import Flags, Package, Project, Target
from rebel_tools.project.reads import selected_files
from rebel_tools.scons import build_folder, front, places, profiles, said
from rebel_tools.scons.arguments import from_top
from rebel_tools.scons.drivers import Drivers
from rebel_tools.scons.goals import DONE, ENGINES, Goal
from rebel_tools.scons.homes import MANIFEST, STATE, note_served
from rebel_tools.scons.interactive import is_interactive, option
from rebel_tools.scons.named import built_files, declared_reads, files_in, flag_words, leads_to, library_files
from rebel_tools.scons.nodes import Group
from rebel_tools.scons.output import SAID, install_output
from rebel_tools.scons.package_rules import PackageRules
from rebel_tools.scons.package_scope import package_scope
from rebel_tools.scons.programs import is_installed
from rebel_tools.scons.said import Said
from rebel_tools.scons.scopes import library_step
from rebel_tools.scons.session import Session, added_actions
from rebel_tools.scons.settings import FLAGS, build_environ, installed_files, map_places, settings, tool_identity
from rebel_tools.scons.shared import SharedSteps, is_wanted
from rebel_tools.scons.stubs import PackageStubs
from rebel_tools.scons.terminal import TERMINAL
from rebel_tools.scons.words import extended

# Options that print, clean or go on in the whole graph.
NEED_ALL = ("no_exec", "tree_printers")

# What the program waits for before anything is planned, where a scope stands otherwise.
MADE_FIRST = "what other builders make"
MADE_BY_RULES = "what packages make"


class TargetSession(Session):
    """The plan of a group of targets; made when SCons first looks at one of their programs, for most runs are about
    others.

    started: a moment before package.json was read, in nanoseconds.
    build: `_build`; place: what the folders of targets begin with; folder: that of the home of the group.
    goals: one for each target; packages: all that they need, dependencies first; package_of: the one of each scope.
    """

    owns_state = True
    advice = "add it to `dependencies` in package.json", "add {} to `rebel.ocamlfindDependencies` in package.json"

    def __init__(self, env, project: Project, group: Targets, started: int):
        self.started = started
        self.goals: list[Goal] = []  # also for a session whose making ends in an error
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
        self._libraries: dict[str, Scope] = {}
        self.goals = [self._goal(target) for target in group.targets]
        self.env = next(goal.env for goal in self.goals if goal.target is self.home)
        self.packages = self._all_packages()
        self._active: set[Scope] = set()  # what the goals need that this run is about
        self.package_of: dict[Scope, Package] = {}
        self._is_planned = False
        self._error: RebelError | None = None
        self._of_others: set[Scope] = set()
        self._layers: Layers | None = None
        self._layer: set[Step] = set()
        self._layer_nodes: list = []
        self._layer_units: dict[Scope, list[Step]] = {}
        self._announced: set[Step] = set()
        self._folders: dict[str, Mapping[str, SCons.Node.Node]] = {}
        self._changed: set[str] | None = None
        self._is_told = False
        self._by_goal: dict[Goal, Group] = {}
        self._read_in: set[str] = set()  # the folders of what preprocessors read
        self.manifest = manifest(os.path.join(self.top, self.folder, MANIFEST), self.top)
        if self._is_asked_for_a_part():
            self._make_all()

    def _goal(self, target: Target) -> Goal:
        package = self.project.package_of(target)
        env = self._environment(package, target.unstable_flags.link, target in self.project.as_library)
        return Goal(self, env, target, package)

    def _all_packages(self) -> tuple[Package, ...]:
        roots = dict.fromkeys(goal.package for goal in self.goals)
        used = [package for root in roots for package in (*self.project.closure(root), root)]
        wanted = {package.name for package in used} | self.project.rewriters(used).keys()
        return tuple(package for package in self.project.packages if package.name in wanted)

    def relative(self, *parts: str) -> str:
        """A path as seen from the folder of the SConstruct."""
        return build_folder.from_here(os.path.join(*parts))

    @property
    def _folders_of_targets(self) -> list[str]:
        return [goal.folder for goal in self.goals]

    def _is_asked_for_a_part(self) -> bool:
        """Whether an output is asked for by its path."""
        asked = {str(name) for name in SCons.Script.COMMAND_LINE_TARGETS} - {goal.path for goal in self.goals}
        return any(f"{name}/".startswith(f"{folder}/") for name in asked for folder in self._folders_of_targets)

    def _environment(self, package: Package, link: Iterable[str] = (), is_whole: bool = False, rewrites: bool = False):
        """The environment of one package: its flags, and the findlib packages of all that it uses.

        link: the flags of a link. is_whole: whether it is compiled for both engines, so that all who use it find what
        they need. rewrites: whether it is a part of a program that rewrites sources, and not of the target.
        """
        env = self.base
        used = (*self.project.closure(package), package)
        flags, profile = Flags() if rewrites else self.home.unstable_flags, env[profiles.VARIABLE]
        extra = {each: profile.flags(each) for each in used}
        hushed = NO_WARNINGS if is_installed(package, self.project) else ()
        stubs = self.stubs.variables(package, used)
        both, native = by_compiler((*package.flags.compile, *extra[package].compile, *flags.compile, *hushed))
        env = env.Override(
            {
                "OCAMLENGINES": [NATIVE]
                if rewrites
                else [self.engine, *(e for e in ARCHIVE if is_whole and e != self.engine)],
                "OCAMLPACKAGES": extended([], dict.fromkeys(n for p in used for n in (*p.ocamlfind, *p.ppx.findlib))),
                "OCAMLFLAGS": extended(env["OCAMLFLAGS"], (*profile.both, *both)),
                "OCAMLOPTFLAGS": extended(env["OCAMLOPTFLAGS"], (*profile.native, *native)),
                "OCAMLARCHIVEFLAGS": [
                    *extended(env["OCAMLARCHIVEFLAGS"], [LINK_ALL] if package.link_all else []),
                    *(["$_OCAMLSTUBS"] if stubs else []),
                ],
                "OCAMLDEPFLAGS": extended(env["OCAMLDEPFLAGS"], (*package.flags.dep, *extra[package].dep, *flags.dep)),
                "OCAMLLINKFLAGS": [
                    *extended(
                        env["OCAMLLINKFLAGS"],
                        (*(w for p in used for w in (*p.flags.link, *extra[p].link)), *link),
                    ),
                    *(["$_OCAMLSTUBLINK"] if stubs else []),
                ],
                **stubs,
                **self.drivers.variables(package, used),
                **build_environ(env, flags.envvars),
            }
        )
        self.prepare_environment(env)
        return env

    def prepare_environment(self, env) -> None:
        """What all commands of this session have in common."""
        install_output(env)
        map_places(env)

    @cached_property
    def _whole(self) -> set[str]:
        """The names of the packages that are compiled for both engines: of a library that is to be installed (see
        `outputs.library`) all that it uses, too.
        """
        libraries = [goal.package for goal in self.goals if goal.target in self.project.as_library]
        used = (self.project.closure(p) for p in libraries if self.base[profiles.VARIABLE].installs)
        return {package.name for each in (libraries, *used) for package in each}

    # The plan

    def step_of(self, made: Step | Goal) -> Step:
        """Errors: those of missing tools and findlib packages."""
        return self._goal_step(made) if isinstance(made, Goal) else made

    def _goal_step(self, goal: Goal) -> Step:
        self.make_plan()
        return goal.step

    def make_plan(self) -> None:
        """Make the plan, if there is none yet. Errors: those of missing tools and findlib packages."""
        if self._error is not None:
            raise self._error
        if not self._is_planned:
            try:
                self._make_plan()
            except FindlibError as error:
                found = (self.drivers.at_its_key(error, goal.package) for goal in self.goals)
                self._error = next(filter(None, found), error)
                raise self._error from None
            except RebelError as error:
                self._error = error
                raise error from None

    def _make_plan(self) -> None:
        self._is_planned = True
        libraries = self._libraries
        archives: dict[str, tuple[str, Step]] = {}
        used = {each.name for goal in self.goals for each in self.project.closure(goal.package)}
        for package in self.packages:
            goals = [goal for goal in self.goals if goal.package is package]
            library = next((goal for goal in goals if goal.target.is_library), None)
            if package.name in used or library:
                scope = self.library_scope(package, library)
            if package.name in used:
                base, env = f"{package.name}/{package.module}", self.environments[scope]
                steps = {e: library_step(env, self, scope, e, scope.path(package.module)) for e in scope.engines}
                archives[package.name] = base, steps[self.engine]
            if goals and not library:
                try:
                    scope = self._scope(package, next((g for g in goals if g.target is self.home), goals[0]), libraries)
                except RebelError:
                    if not package.tests_of or any(goal.is_expected for goal in goals):
                        raise
                    self.goals = [goal for goal in self.goals if goal not in goals]  # what only tests need is not there
                    continue
            entries = {t.entry_module for t in self.project.every_target if self.project.package_of(t) is package}
            for goal in goals:
                goal.add_steps(scope, [archives[each.name] for each in self.project.closure(package)], entries)
                self._nodes[goal.step] = goal.program
        self.stubs.nodes()  # made now, for links look for what others build

    def library_scope(self, package: Package, goal: Goal | None = None) -> Scope:
        """The modules of a package as those who use it see them. goal: that of its archive, if it is a target."""
        if package.name not in self._libraries:
            self._libraries[package.name] = self._scope(package, goal, self._libraries)
        return self._libraries[package.name]

    def rewriter_scope(self, package: Package, outdir: str, libraries: Mapping[str, Scope]) -> Scope:
        """The modules of a package for programs that rewrite sources, apart from what is compiled for the target."""
        return self._scope(package, None, libraries, outdir)

    def _scope(self, package: Package, goal: Goal | None, libraries: Mapping[str, Scope], rewriting: str = "") -> Scope:
        """The modules of a package, as those who use it see them, or as they are for one of its own targets.

        libraries: the scopes of what it uses, by name. rewriting: the folder of what is compiled for rewriters only.
        """
        self.drivers.add(package)
        is_whole = package.name in self._whole
        env = self._environment(package, is_whole=is_whole, rewrites=bool(rewriting))
        uses = [libraries[used.name] for used in self.project.closure(package)]
        declared = (name for name, _ in self.home.unstable_flags.envvars)
        reads = selected_files(package.root, package.preprocessor_reads)
        self._read_in.update(reads.folders)
        how = settings(env, declared, reads.files)
        how = how._replace(files=(*how.files, *files_in(env, package.words_of_modules)))
        outdir = rewriting or (goal.outdir if goal else f"{self.folder}/{package.name}")
        meant = top_level(package, goal.target) if goal else package
        place = self.rules.place(package)
        scope = package_scope(meant, place.own, place.made, outdir, env["OCAMLENGINES"], how, uses)
        scope.programs = self.rules.programs_in(package)
        self.package_of[scope] = package
        self.add_scope(scope, env)
        self.plan.add_scope(scope)
        if is_installed(package, self.project):
            self._of_others.add(scope)
        return scope

    def _make_all(self) -> None:
        """Nodes for all steps, so that each output can be named on the command line."""
        self.make_plan()
        for step in list(self.plan.steps.values()):
            self.nodes(step)

    # What other builders make

    @cached_property
    def _made_sources(self) -> dict[str, SCons.Node.FS.File]:
        """The sources that builders make, by absolute path, wherever in the SConstruct they are called.

        Those of which a package says how they are made are not among them.
        """
        found = {os.path.realpath(node.get_abspath()): node for node in places.made_sources()}
        rules = {os.path.join(p.root, source.path) for p in self.packages for source in p.sources if source.made}
        for path in sorted(found.keys() & rules):
            print(f"rebel: warning: {self.relative(path)} is made by a rule of its package, not by the SConstruct")
            places.forget_builder(found[path])
        wanted = {path: node for path, node in found.items() if path not in rules}
        return {path: node for path, node in wanted.items() if any(p.has_place_for(path) for p in self.packages)}

    @cached_property
    def _made_first(self) -> list:
        """The nodes of these sources, and of what stands in flags, such as a preprocessor or a library of C."""
        named = (node for node in self.all_named(self) if not leads_to(node, self, self))
        return list(dict.fromkeys([*self._made_sources.values(), *named]))

    def all_named(self, scope: object) -> list:
        """What the flags of all packages name, found without a plan."""
        programs = {node for goal in self.goals for node in goal.program}
        others = [node for node in places.file_nodes() if node.has_builder() and node not in programs]
        if not others:
            return []
        env, more = self.env, self.base[profiles.VARIABLE].flags
        every = (self.home.unstable_flags, *(flags for p in self.packages for flags in (p.flags, more(p))))
        words = [*flag_words(env, FLAGS), *(word for each in every for word in (*each.dep, *each.compile))]
        words += [word for package in self.packages for word in package.words_of_modules]
        folders = search_path(words, "", {}, self.top)
        paths = (*files_in(env, words), *library_files(env, words, folders), *declared_reads(env))
        return [*built_files(paths, folders), *filter(self._is_read, others)]

    def _is_read(self, node) -> bool:
        """Whether a preprocessor of some package reads a file."""
        return any(p.preprocessor_reads and p.has_read(os.path.realpath(node.get_abspath())) for p in self.packages)

    def scopes_behind(self, node) -> Iterable:
        """A target as a whole stands for its scopes, for these are not known before it has its turn."""
        return [self]

    def _named_by(self, named: Scope | Step) -> list:
        if isinstance(named, Scope):
            return [*self._made_first, *self.drivers.nodes_for(named)]
        return super()._named_by(named)

    def _load_again(self) -> None:
        """Find sources that were not there when the SConstruct was read. Errors: ProjectError."""
        sources = (os.path.join(p.root, source.path) for p in self.packages for source in p.sources)
        if self._made_sources and not self._made_sources.keys() <= set(sources):
            self.project = load_project(self.project.root.root)
            named = {target.name: target for target in self.project.every_target}
            self.home = named[self.home.name]
            for goal in self.goals:
                goal.target = named[goal.target.name]
                goal.package = self.project.package_of(goal.target)
            self.packages = self._all_packages()

    def _prepare(self) -> None:
        if not self._prepared:
            for scope, package in self.package_of.items():
                own = (path for path in self._made_sources if package.has_place_for(path))
                found = {self.relative(path): self._made_sources[path] for path in own}
                self.source_nodes.setdefault(scope, {}).update({**found, **self.rules.by_package.get(package.name, {})})
        super()._prepare()

    def _ruled(self) -> dict[str, SCons.Node.FS.File]:
        return {self.relative(path): node for path, node in self._made_sources.items()}

    def _remove_vanished(self, scopes: list[Scope]) -> None:
        """What earlier builds made for targets that have left this group is gone, and others may write there now."""
        own = tuple(f"{folder}/" for folder in self._folders_of_targets)
        for key in [key for key in self.status.records if not key.startswith(own)]:
            del self.status.records[key]
            self.plan.state.changed = True
        folders = (os.path.join(self.top, folder) for folder in self._folders_of_targets)
        self.own_folders = {self.relative(path) for folder in folders for path, _, _ in os.walk(folder)}
        super()._remove_vanished(scopes)
        if not option("clean"):
            names = [goal.target.name for goal in self.goals if goal.target.name != self.home.name]
            note_served(os.path.join(self.top, self.folder), names)

    def absent(self, scope: Scope) -> Mapping[str, str]:
        package = self.package_of.get(scope)
        return {**(absent_modules(package) if package else {}), **super().absent(scope)}

    # Nodes for what is stale

    def dependencies(self, made: Step | Goal) -> list:
        if not isinstance(made, Goal):
            found = super().dependencies(made)
            self.rules.check(made)
            return found
        if option("clean"):
            self.generated.leave_out(self.plan, self._ruled(), (), self._dry)
            return self._made_first  # the whole folder is removed
        if self._made_first and self._first.get_state() not in DONE:
            return [self._first]
        if not self._is_planned:
            self._load_again()
        every = self._needs_all
        if not every and not self._prepared:
            self._changed = self._changed_files()
        if not every and self._has_nothing_to_do(made):
            return []
        if not self._is_planned and self._changed is not None:
            self.plan.files.trust(self.manifest.steps, self._changed)
            ANSWERS.update(self.manifest.answers)
        if not self.rules.ran:
            self.rules.ran = True
            if not self._dry:
                self.rules.tidy_up()
        if self.rules.come_first and self._by_rules.get_state() not in DONE:
            return [self._by_rules]
        if self.rules.changed():
            self._changed = None
        self.make_plan()
        if any(node.get_state() not in DONE for node in self._layer_nodes):
            return self._layer_nodes
        if not self._active.issuperset(made.needed):
            self._activate(made)
            if self._changed is None and not self._is_told:
                self._is_told = True
                self._write_merlin()
        return self._all_for(made) if every else self._next_layer() or self._last_nodes(made)

    @cached_property
    def _first(self) -> Group:
        """Stands for what other builders make before anything is planned."""
        return Group(self, MADE_FIRST, MADE_FIRST)

    @cached_property
    def _by_rules(self) -> Group:
        """Stands for what the rules of packages make."""
        return Group(self, MADE_BY_RULES, MADE_BY_RULES)

    def begin_again(self) -> None:
        super().begin_again()
        self._is_told, self._active = False, set()
        for group in (self._first, self._by_rules, *self._by_goal.values()):
            group.set_state(SCons.Node.no_state)

    @cached_property
    def _needs_all(self) -> bool:
        """Whether there have to be nodes for all steps, because of an option, of rules for outputs inside, or of builds
        that come later in this process.
        """
        programs = [node for goal in self.goals for node in goal.program]
        nodes = (node for folder in self._folders_of_targets for node in places.files_below(folder))
        rules = (places.has_rules(node) for node in nodes if node not in programs)
        return any(map(option, NEED_ALL)) or front.user_keeps_going() or is_interactive() or any(rules)

    @cached_property
    def _last(self) -> set[Step]:
        """The steps that targets have for themselves."""
        return {step for goal in self.goals for step in (goal.step, *goal.copies)}

    def _activate(self, goal: Goal) -> None:
        """Look at what a goal needs, and at what those need that this run is likely to come to."""
        if self._active:
            self._changed = None  # by now
        expected = [each for each in self.goals if each.is_expected and not self._has_nothing_to_do(each)]
        self._active.update(scope for each in (goal, *expected) for scope in each.needed)
        self._prepared = False
        self._layers = None  # of other goals
        self._prepare()

    def _all_for(self, goal: Goal) -> list:
        """Every step for a goal, also those that are compiled for editors only and not linked."""
        steps = list(self.plan.steps.values())
        shared = [step for step in steps if step.scope in goal.needed and step not in self._last]
        return [*(self.node(step) for step in (*shared, *goal.copies)), *self._before(goal)]

    def _before(self, goal: Goal) -> list:
        """The nodes of what a link waits for besides: of other targets, in a workspace, and of what its flags name."""
        members = [self.node(step) for step in goal.step.archives if step in self._last]
        named = (node for node in self._named_by(goal.step) if node not in goal.program)
        return list(dict.fromkeys([*members, *self._stubs_of(goal), *named]))

    def _group_before(self, goal: Goal) -> Group:
        return self._by_goal.setdefault(goal, Group(self, goal, f"what {goal.path} waits for"))

    def _next_layer(self) -> list:
        """The nodes of the next layer, when all of the last one is done; none when only goals are left."""
        if self._layers is None:
            self._layers = Layers(self.plan, self.status, self._last, self._suspects(), self._active)
        layer = self._layers.next()
        TERMINAL.expect(len(layer))
        self._layer, self._layer_units = set(layer), {}
        self._announced.update(layer)
        for step in layer:
            if step.module:
                self._layer_units.setdefault(step.scope, []).append(step)
        self._groups.clear()
        archives = (self.node(step) for step in layer if not step.module)
        self._layer_nodes = [*map(self._group, self._layer_units), *archives, *self._stubs_to_make()]
        return self._layer_nodes

    def _stubs_to_make(self) -> list:
        """C is compiled beside everything else, for it waits for nothing of it."""
        expected = [goal for goal in self.goals if goal.is_expected or goal.is_visited]
        nodes = dict.fromkeys(node for goal in expected for node in self._stubs_of(goal))
        return [node for node in nodes if node.get_state() not in DONE]

    def _stubs_of(self, goal: Goal) -> list:
        """What is made of the C that a goal is linked with, or that belongs to its archive."""
        if goal.target in self.project.check:
            return []
        return self.stubs.nodes((*self.project.closure(goal.package), goal.package))

    def _last_nodes(self, goal: Goal) -> list:
        """The nodes of what a target needs when all that it shares is there, apart from its program."""
        if self._before(goal) and self._group_before(goal).get_state() not in DONE:
            return [self._group_before(goal)]
        stale = [step for step in (goal.step, *goal.copies) if self.status.reason(step) is not None]
        TERMINAL.expect(len(set(stale) - self._announced))
        self._announced.update(stale)
        return [self.node(step) for step in stale if step is not goal.step]

    def units(self, scope: Scope | Goal | str) -> list:
        if scope is MADE_FIRST:
            return self._made_first
        if isinstance(scope, Goal):
            return self._before(scope)
        if scope is MADE_BY_RULES:
            return self.rules.nodes()
        for step in self._layer_units.get(scope, ()):
            self.node(step).attributes.rebel_urgency = self._layers.urgency[step]
        return super().units(scope)

    def _group(self, scope: Scope):
        group = super()._group(scope)
        if self._layers is not None:
            group.attributes.rebel_urgency = self._layers.urgency.get(scope, 0)
        return group

    def reason(self, made: Step | Goal):
        if isinstance(made, Goal) and self._has_nothing_to_do(made):
            return None
        step = self.step_of(made)
        found = super().reason(step)
        if found is None and step in self._announced:
            self._announced.discard(step)
            TERMINAL.expect(-1)
        return found

    def cache_key(self, made: Step | Goal, path: str) -> str:
        return super().cache_key(self.step_of(made), path)

    def is_as_keyed(self, made: Step | Goal) -> bool:
        return super().is_as_keyed(self.step_of(made))

    def may_read(self, made: Step | Goal) -> list[str]:
        return super().may_read(self.step_of(made))

    def built(self, made: Step | Goal) -> None:
        super().built(self.step_of(made))
        if self._layers is None:
            self._changed = None  # it was made for a rule, and can make others stale

    @cached_property
    def shared(self) -> SharedSteps | None:
        """The results that trees share; None where this build is to do without."""
        return SharedSteps(self) if is_wanted(self.has_cache) else None

    def bring_back(self, step: Step) -> bool:
        return self.shared is not None and self.shared.bring_back(step)

    def keep(self, step: Step) -> None:
        if self.shared is not None:
            self.shared.keep(step)

    def kept(self, step: Step) -> str:
        """Who has installed a package cannot do anything about its warnings."""
        return "" if step.scope in self._of_others else said.shortened(SAID.get(step.key, ""))

    def said(self) -> list[Said]:
        """What the programs of all steps that are up to date said."""
        is_done = all(goal.is_done for goal in self.goals)
        return list(said.of_records(self.status, is_done)) if self._is_visited else []

    def _has_node(self, step: Step) -> bool:
        return self._layers is None or step in self._layer

    def _waits(self, step: Step) -> tuple[list[Step], Iterable[Scope]]:
        return super()._waits(step) if self._layers is None else self._layers.waits(step)

    def _units(self, scope: Scope) -> tuple[Iterable[Step], Iterable[Scope]]:
        if self._layers is None:
            return super()._units(scope)
        return self._layer_units.get(scope, ()), self._layers.used(scope)

    def _visible(self, step: Step, env) -> Iterable[str]:
        """In a layer one output stands for all, besides those that somebody else refers to; a CacheDir takes each."""
        if self._layers is None or self.has_cache:
            return step.outputs
        known = self._known(step.scope.outdir)
        return (step.key, *(path for path in step.outputs[1:] if os.path.basename(path) in known))

    def _known(self, folder: str) -> Mapping[str, SCons.Node.Node]:
        """The nodes of files in a folder, by name, also of those that are made later."""
        if folder not in self._folders:
            self._folders[folder] = self.base.fs.Dir(from_top(folder)).entries
        return self._folders[folder]

    def hint(self, target: str, complaint: str) -> str | RebelError | None:
        found = super().hint(target, complaint)
        if found is None and self._is_planned:
            from rebel_tools.scons import stub_errors

            found = stub_errors.complaint(self, target, complaint)
        return found

    # Nothing to do

    @cached_property
    def identity(self) -> str:
        """What decides about this build besides the files in the manifest."""
        said: list[str] = []
        for goal in self.goals:
            ignored = [str(ignored) for node in goal.program for ignored in node.ignore]
            said += [repr(goal.target), *added_actions(goal.program), "", *ignored]
        made = sorted(self._ruled())
        return text_digest(tool_identity(self.base), repr(self.packages), *said, "", *made)

    def _changed_files(self) -> set[str] | None:
        """The files of steps that changed since all was up to date; None when more than that may have changed."""
        declared = any(node.depends for goal in self.goals for node in goal.program)
        if declared:  # by the user; the manifest does not know them
            return None
        verdict = self.manifest.verdict(self.identity)
        return None if verdict.extent == ALL else set(verdict.changed)

    def _has_nothing_to_do(self, goal: Goal) -> bool:
        """Whether the manifest tells that a target is up to date: it was in that build, and nothing changed since."""
        return self._changed == set() and goal.path in self.manifest.steps

    def _scopes_in_doubt(self) -> list[Scope]:
        active = [scope for scope in self.plan.scopes if scope in self._active] or super()._scopes_in_doubt()
        if self._changed is None:
            return active
        return [scope for scope in active if scope not in self._remembered or scope in self._edited_scopes]

    @property
    def _remembered(self) -> set[Scope]:
        """What the manifest is about, if it holds."""
        return {scope for goal in self.goals if goal.path in self.manifest.steps for scope in goal.needed}

    @cached_property
    def _edited_scopes(self) -> set[Scope]:
        modules = ((scope, module) for scope in self.plan.scopes for module in scope.modules.values())
        return {scope for scope, module in modules if not self._changed.isdisjoint(module.sources)}

    def _suspects(self) -> list[Step] | None:
        """The steps that have to be judged; None: all."""
        if self._changed is None:
            return None
        steps = self.plan.steps.values()
        # ocamldep may have written trees of changed sources already.
        trees = {step.key for step in steps if step.kind == TREE and not self._changed.isdisjoint(self._files(step))}
        changed, explained = self._changed | trees, set()
        new = self._active - self._remembered
        touched: dict[Step, None] = {}
        for step in steps:
            found = changed.intersection(self._files(step))
            explained |= found
            if found or step.key not in self.status.records or step.scope in new:
                touched[step] = None
        # What is linked, and in which order, the sources of its scope tell.
        scopes = {*self._scopes_in_doubt(), *(step.scope for step in touched)}
        touched.update(dict.fromkeys(step for step in steps if step.module is None and step.scope in scopes))
        if changed <= explained:
            return [step for step in touched if step.scope in self._active]
        self._changed = None  # among it is something that no step is known to make or to read
        return None

    def _save(self) -> None:
        super()._save()
        if self._is_visited and not option("clean"):
            self._write_manifest()

    def _finish(self) -> None:
        super()._finish()
        if self._is_visited and not self._dry and self.shared is not None:
            self.shared.end()
        is_here = self._for_editors and not build_folder.chosen()
        if option("clean") and self._is_visited and is_here and not self._dry and self._is_gone:
            from rebel_tools.scons.editors import remove_for_editors

            for goal in self._for_editors:
                remove_for_editors(goal.package)

    @property
    def _is_gone(self) -> bool:
        return not os.path.isdir(os.path.join(self.top, self.folder))

    @property
    def _is_visited(self) -> bool:
        return any(goal.is_visited for goal in self.goals)

    def _write_manifest(self) -> None:
        """Let the next run see from stamps alone that there is nothing to do, if that is so."""
        still = [goal for goal in self.goals if self._has_nothing_to_do(goal)]
        self.manifest.remove()
        if not all(goal.is_done for goal in self.goals if goal.is_visited):
            return
        known = self.plan.files.remembered
        scopes = {scope for goal in self.goals if goal.is_done or goal in still for scope in goal.needed}
        scopes.intersection_update(self._scopes_in_doubt())
        paths = [path for step in self.plan.steps.values() if step.scope in scopes for path in self._files(step)]
        before = self.manifest.steps if self._changed is not None else ()
        unsure = {path for goal in self.goals if not goal.is_visited and goal not in still for path in goal.outputs}
        files = {path: known[path][:3] for path in (*before, *paths) if path in known and path not in unsure}
        others = None if self.generated.absent else self._others()
        if others is not None and all(each[0] for each in files.values()):
            own = [os.path.join(self.top, self.state_path)]
            own += [node.get_abspath() for node in (*self.rules.nodes(), *self._made_stubs())]
            if self._writes_for_editors:
                own += [os.path.join(goal.package.root, ".merlin") for goal in self._for_editors]
                own.append(os.path.join(self.top, self.folder, EDITORS_FILE))
            self.manifest.write(self.identity, files, {**others, **{path: stamp(path) for path in own}}, ANSWERS)

    def _made_stubs(self) -> list:
        return [node for node in self.stubs.nodes() if node.get_state() in DONE]

    def _others(self) -> dict | None:
        """The stamps of all that is no file of a step; None when something may have changed meanwhile."""
        found = self.plan.installed
        read = {os.path.join(self.top, path) for path in (*found.used, *found.missing)}
        if self._changed is not None:
            known = self.manifest.others  # which have been looked at
            new = stamps_before(read - known.keys(), self.started)
            return new if new is None else {**known, **new}
        environments = {goal.package.name: goal.env for goal in self.goals}.values()
        installed = (path for env in environments for path in installed_files(env))
        files = {*self.project.consulted, *installed, *self._in_scopes(), *self.rules.read(), *self.stubs.read()}
        return stamps_before(files | read, self.started)

    def _files(self, step: Step) -> list[str]:
        """What a step makes, and what it reads that no other step makes."""
        return [*(self.plan.inputs(step) if step.module else ()), *step.outputs]

    def _in_scopes(self) -> set[str]:
        """The files in flags, the programs that make syntax trees of Reason sources, if there are any, and the folders
        in which a new file may hide another.
        """
        trees = {step.scope for step in self.plan.steps.values() if step.kind == TREE}
        converters = {path for scope in trees for path in scope.settings.reason().files}
        every = [scope.settings for scope in self.plan.scopes]
        named = [path for each in every for path in (*each.files, *each.dependency_files)]
        named += [path for step in self.plan.steps.values() for path in step.files]
        folders = {folder for each in every for search in each.search.values() for folder in search.folders}
        folders.update(folder for goal in self.goals for folder in goal.step.search)
        folders = {os.path.join(self.top, folder) for folder in folders if folder}
        drivers = {os.path.join(self.top, path) for path in self.drivers.paths}  # which steps make
        return {*converters, *named, *folders, *self._read_in} - drivers

    # Files for editors

    @property
    def _for_editors(self) -> list[Goal]:
        """There is one .merlin in a folder; it is about the first default target of the package there."""
        first = {target.package: target for target in reversed(self.project.default_targets)}
        return [goal for goal in self.goals if first.get(goal.target.package) == goal.target]

    @property
    def _writes_for_editors(self) -> bool:
        return self._for_editors and self.base[profiles.VARIABLE].writes_for_editors

    def _write_merlin(self) -> None:
        if self._writes_for_editors and not self._dry:
            from rebel_tools.scons.editors import tell_areas, write_for_editors

            environments = {scope: self.environments[scope] for scope in self.plan.scopes}
            for goal in () if build_folder.chosen() else self._for_editors:  # nothing is written beside the sources
                packages, scope = (*self.project.closure(goal.package), goal.package), goal.step.scope
                write_for_editors(packages, scope, environments[scope], goal.target, self.top, self.folder)
            tell_areas(environments, self.top, self.folder)
