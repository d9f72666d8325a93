"""One plan in one run of SCons: makes nodes of steps, and answers the nodes' questions."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Mapping
from functools import cache, cached_property

import SCons.Node
import SCons.Node.FS

from rebel_tools.errors import RebelError
from rebel_tools.memory.hashes import text_digest
from rebel_tools.plan.leftovers import leftovers
from rebel_tools.plan.model import Scope
from rebel_tools.plan.order import CycleError
from rebel_tools.plan.plan import Plan, plan_in
from rebel_tools.plan.status import Status
from rebel_tools.plan.step import (
    NOTHING_DECLARED,
    Archive,
    Collect,
    Compile,
    CompileImplementation,
    Link,
    ModuleStep,
    Step,
    foreign_files,
    link_command,
)
from rebel_tools.plan.steps import ANNOTATIONS
from rebel_tools.process import processors
from rebel_tools.scons import places, profile, saving
from rebel_tools.scons.arguments import has_repositories, path_of
from rebel_tools.scons.compat import Environment, Node, database, report_only_cycles, top_folder, usual_database
from rebel_tools.scons.generated import Generated
from rebel_tools.scons.interactive import option, tell
from rebel_tools.scons.named import First, built_files, leads_to
from rebel_tools.scons.nodes import Group
from rebel_tools.scons.one_build import alone_in
from rebel_tools.scons.output import ADVISERS
from rebel_tools.scons.settings import packages_of_module
from rebel_tools.scons.step_declared import declared_about
from rebel_tools.scons.step_nodes import StepNodes
from rebel_tools.scons.views import View, Whole

# The file is beside the SConstruct, or beside the database if SConsignFile() was given a folder.
STATE = ".rebel-tools.json"


class Session:
    """The plan whose state is in `state_path`, a path below the folder of the SConstruct.

    environments: the construction environment of each scope, and of steps that have one of their own.
    source_nodes: the nodes of the sources of each scope by path, where a builder was given nodes.
    foreign_nodes: objects and libraries of other languages in a program.
    old_copies: nodes of removed sources that still have a copy in a variant folder.
    own_folders: folders that contain nothing but outputs of this plan.
    advice: the first fields of hints.Advice.
    owns_state: whether everything in the state belongs to this plan, so that other outputs can be removed.
    """

    owns_state = False
    advice = "add it to OCAMLLIBS", "add {} to OCAMLPACKAGES"

    def __init__(self, state_path: str):
        self.state_path = state_path
        self.environments: dict[Scope | Step, Environment] = {}
        self.source_nodes: dict[Scope, dict[str, SCons.Node.FS.File]] = {}
        self.foreign_nodes: dict[Step, list[Node]] = {}
        self.old_copies: list[SCons.Node.FS.File] = []
        self.own_folders: set[str] = set()
        self.generated = Generated()
        self.step_nodes = StepNodes(self)
        self._groups: dict[Scope | First, Group] = {}
        self._keeps_annotations: set[Step] = set()
        self._noticed: set[tuple[Scope, SCons.Node.Node]] = set()
        self._named: dict[Scope | Step, list[Node]] = {}
        self._prepared = False
        ADVISERS.append(self.hint)
        profile.SESSIONS.append(self)
        saving.at_the_end(self._finish)
        report_only_cycles()
        tell(self)

    @cached_property
    def plan(self) -> Plan:
        return plan_in(top_folder(), self.state_path, processors())

    @cached_property
    def view(self) -> View:
        """The part of the plan that SCons sees."""
        return Whole(self.plan)

    def show(self, view: View) -> None:
        """Let SCons see another part of the plan, with new nodes for whole scopes."""
        self.view = view
        self._groups.clear()

    @cached_property
    def status(self) -> Status:
        return Status(self.plan)

    def add_scope(self, scope: Scope, env: Environment) -> None:
        self.environments[scope] = env
        self.plan.scopes[scope] = None

    # Several builds in one process

    def begin_again(self) -> None:
        """Another build begins: forget the state of files and of steps."""
        self.plan.begin_again()
        self._prepared = False
        for known in ("status", "has_cache", "shared", "_dry"):
            self.__dict__.pop(known, None)
        self._noticed.clear()
        self._named.clear()
        self._keeps_annotations.clear()
        for nodes in self.step_nodes.known.values():
            for node in nodes:
                node.begin_again()
        for group in self._groups.values():
            group.set_state(SCons.Node.no_state)

    def end(self) -> None:
        self._finish()

    # Nodes

    def nodes(self, step: Step) -> list[Node]:
        """The nodes of a step's outputs, made when they are first asked for."""
        return self.step_nodes.of(step)

    def node(self, step: Step) -> Node:
        return self.nodes(step)[0]

    def made_nodes(self, step: Step) -> list[Node]:
        """The nodes of a step that exist so far."""
        return self.step_nodes.known.get(step, [])

    @cached_property
    def has_cache(self) -> bool:
        """Whether outputs are kept in a CacheDir; known when the build begins."""
        return any(env.get_CacheDir().is_enabled() for env in self.environments.values())

    # Answers

    def step_of(self, made: Step) -> Step:
        """The step behind a node, by its `attributes.rebel_step`."""
        return made

    def dependencies(self, step: Step) -> list[Node]:
        """The nodes that have to be up to date before this step can be checked."""
        self._prepare()
        if step in self.generated.without:
            return []
        first = self._not_made(step.scope)
        if first and not option("clean"):
            return [self.group(First(step.scope))]
        self.notice_generated(step.scope)
        if not isinstance(step, ModuleStep):
            parts = [self.node(part) for part in self._parts(step) if self.view.has(part)]
            made = [node for node in self.named_by(step) if node not in self.nodes(step)]
            return [*first, *parts, *self.foreign_nodes.get(step, ()), *made]
        steps, scopes = self.view.waits(step)
        return [*first, *map(self.node, steps), *map(self.group, scopes)]

    def _parts(self, step: Step) -> list[Step]:
        """What is linked; for a library also the interfaces without an implementation."""
        linked = self.plan.linked(step)
        if not isinstance(step, Archive):
            return linked
        rest = (s for s in self.plan.ordered(step.scope).steps if not isinstance(s, CompileImplementation))
        return list(dict.fromkeys([*linked, *rest]))

    def group(self, scope: Scope | First) -> Group:
        """One node for all compilations of a scope, for nodes that wait for all of them."""
        if scope not in self._groups:
            what = "what is named by" if isinstance(scope, First) else "units of"
            self._groups[scope] = Group(self, scope, f"{what} {scope.namespace or scope.outdir}")
        if isinstance(scope, Scope):
            self._groups[scope].attributes.rebel_priority = self.view.priority(scope)
        return self._groups[scope]

    def units(self, scope: Scope | First) -> list[Node]:
        """The nodes that a group waits for."""
        if isinstance(scope, First):
            return self.named_by(scope.scope)
        steps, scopes = self.view.units(scope)
        nodes = [self.node(step) for step in steps]
        for node in nodes:
            node.attributes.rebel_priority = self.view.priority(node.attributes.rebel_step)
        return [*nodes, *map(self.group, scopes)]

    # Files that flags name and other builders make

    def named_by(self, named: Scope | Step) -> list[Node]:
        """The nodes of files named in the flags of a scope, an archive or a program, except those made from it."""
        if named not in self._named:
            if isinstance(named, Step):
                command = link_command(named)
                self._named[named] = built_files([*command.files, *command.libraries])
            else:
                self._named[named] = [node for node in self.all_named(named) if not leads_to(node, self, named)]
        return self._named[named]

    def all_named(self, scope: Scope) -> list[Node]:
        """The nodes of files named in the flags of a scope."""
        how = scope.settings
        folders = dict.fromkeys(folder for search in how.search.values() for folder in search.folders if folder)
        return built_files([*how.files, *how.dependency_files], folders)

    def scopes_behind(self, node: Node) -> Iterable[Scope | Session]:
        """The scopes from which a node of this session is made."""
        step = node.attributes.rebel_step
        scope = step.scope if isinstance(step, (Step, First)) else step
        archives = step.archives if isinstance(step, Link) else ()
        return (scope, *scope.uses, *(each.scope for each in archives))

    def _not_made(self, scope: Scope) -> list[Node]:
        """Files named in the flags of a scope that are not made yet: without them the sources cannot be read."""
        return [node for node in self.named_by(scope) if node.get_state() < SCons.Node.up_to_date]

    @cached_property
    def _dry(self) -> bool:
        """Whether this run may not write anything."""
        return bool(option("no_exec") or option("question"))

    def _scopes_in_doubt(self) -> list[Scope]:
        """The scopes with sources that may have changed since the last build."""
        return list(self.plan.scopes)

    def _prepare(self) -> None:
        """Done once, when the build begins: clean up after removed sources, and run ocamldep in batches."""
        if self._prepared:
            return
        self._prepared = True
        for nodes in self.source_nodes.values():
            for node in nodes.values():
                node.exists()  # copies it into a variant folder
        for node in self.old_copies:
            node.exists()  # removes it
        self.generated.leave_out(self.plan, self.ruled(), self.step_nodes.known, self._dry)
        scopes = self._scopes_in_doubt()
        self.plan.names.runs_programs = not (self._dry or option("clean"))
        ready = [scope for scope in scopes if not self._not_made(scope)]
        trees = self.plan.names.prepare(ready, None if self._dry else self._is_current)
        for scope in ready:
            with contextlib.suppress(CycleError):  # an error only for steps that need this scope
                self.plan.ordered(scope)
        for path in trees:
            if os.path.exists(os.path.join(self.plan.disk.root, path)):
                self.status.built(self.plan.steps[path])
                self.keep(self.plan.steps[path])
        if not self._dry:
            self._remove_vanished(scopes)
            if not option("clean") and self.status.note_first_runs(scopes):
                self.plan.save()

    def ruled(self) -> dict[str, SCons.Node.FS.File]:
        """The nodes of all sources that builders make, by path."""
        every = (item for nodes in self.source_nodes.values() for item in nodes.items())
        return {path: node for path, node in every if node.has_builder()}

    def _remove_vanished(self, scopes: list[Scope]) -> None:
        """Remove what earlier builds made for removed sources, also without records."""
        every = len(scopes) == len(self.plan.scopes)
        self.status.forget_vanished(scopes, self.owns_state and every)
        if every:
            for path in list(leftovers(self.plan, self.own_folders, places.has_rule)):
                self.status.remove(path)

    def _is_current(self, path: str) -> bool:
        return path in self.plan.steps and self.status.reason(self.plan.steps[path]) is None

    def notice_generated(self, scope: Scope) -> None:
        """Update what is known of the sources of a scope that have been generated in the meantime."""
        for path, node in self.source_nodes.get(scope, {}).items():
            if self._was_just_built(scope, node):
                self.plan.source_changed(scope, path)
        new = [node for node in self.named_by(scope) if self._was_just_built(scope, node)]
        if new:
            self.plan.named_changed(scope, _paths(new))

    def _was_just_built(self, scope: Scope, node: Node) -> bool:
        """Whether a file was built that a scope did not know, or that may be from a repository; true only once."""
        state = node.get_state()
        copied = state == SCons.Node.up_to_date and has_repositories() and node.is_derived()
        made = copied or state == SCons.Node.executed
        new = made and (scope, node) not in self._noticed
        if new:
            self._noticed.add((scope, node))
        return new

    def reason(self, step: Step) -> str | None:
        """Why the step has to run; None when it is up to date."""
        if step in self.generated.without:
            return None
        self._read_declared(step)
        found = self.status.reason(step)
        if found and not self._dry and not option("clean") and self.bring_back(step):
            return None
        # SCons removes its targets before they are made; here it must know the first output only.
        one_node = isinstance(step, CompileImplementation) and len(self.nodes(step)) == 1 < len(step.outputs)
        if found and one_node and self.status.is_about_native_code_only(step):
            self._keeps_annotations.add(step)
        return found

    def flags(self, step: Compile) -> list[str]:
        """The current arguments of a compilation that are in no construction variable."""
        flags = self.plan.flags(step)
        return [flag for flag in flags if flag != ANNOTATIONS] if step in self._keeps_annotations else flags

    def _read_declared(self, step: Step) -> None:
        """Read Depends() and Ignore(): files count by their contents, other nodes by their signatures."""
        named = _paths(self.named_by(step)) if isinstance(step, Collect) else []
        for path in (*foreign_files(step), *named):
            self.plan.files.forget(path)
        self.plan.installed.forget(named)
        declared = declared_about(self.nodes(step))
        for path in declared.files:
            self.plan.files.forget(path)
        if declared == NOTHING_DECLARED:
            self.plan.declared.pop(step, None)
        else:
            self.plan.declared[step] = declared

    def cache_key(self, step: Step, path: str) -> str:
        """The key of one output of the step in a CacheDir."""
        self._read_declared(step)
        return text_digest(self.status.cache_key(step), path)

    def is_as_keyed(self, step: Step) -> bool:
        """Whether an output of the step was made from the inputs that its key in a CacheDir covers."""
        return self.status.is_as_keyed(step)

    def may_read(self, step: Step) -> list[str]:
        """The files of this build, and those in flags, that the command of a step may read.

        Only those that it consulted, according to the compiler's outputs, are compared (see `status`).
        """
        scopes = dict.fromkeys((step.scope, *step.scope.uses))
        made = [path for each in self.plan.before(step) for path in each.outputs]
        named = [path for scope in scopes for path in (*scope.settings.files, *scope.settings.dependency_files)]
        named += [*link_command(step).files, *link_command(step).libraries]
        return [*made, *foreign_files(step), *filter(os.path.isfile, named)]

    def writes(self, step: Step) -> list[str]:
        """The outputs that the command of a step writes this time."""
        keeps = step in self._keeps_annotations
        return [path for path in step.outputs if not (keeps and path.endswith(".cmt"))]

    def built(self, step: Step) -> None:
        if not self._dry:
            self.status.built(step, self.kept(step))
            self.keep(step)

    def bring_back(self, step: Step) -> bool:
        """Restore the outputs of a stale step that were made elsewhere; return whether that was possible."""
        return False

    def keep(self, step: Step) -> None:
        """Store the outputs of a step for other trees."""

    def kept(self, step: Step) -> str:
        """The messages of a step that are replayed while it is up to date."""
        return ""

    def hint(self, target: str, complaint: str) -> str | RebelError | None:
        """What the user can do when the command for `target` failed; called in the thread that ran the command."""
        from rebel_tools.plan.hints import Advice, hint

        step = self.plan.steps.get(target)
        if step is None:
            return None
        env, advice = self.environments[step.scope], Advice(*self.advice, self.absent(step.scope))
        return hint(step, list(self.plan.scopes), complaint, lambda module: packages_of_module(env, module), advice)

    def absent(self, scope: Scope) -> Mapping[str, str]:
        """Modules that the sources of a scope cannot use, and why: those of packages that are not part of the build."""
        return self.generated.absent.get(scope, {})

    def _finish(self) -> None:
        # While watching, the folder may have been removed.
        if not self._prepared or self._dry or not os.path.isdir(self.plan.disk.root):
            return
        try:
            self._save()
        except (OSError, RebelError) as error:  # this also runs installed programs, which may be interrupted
            print(f"scons: warning: the next build will repeat this one: {error}", file=sys.stderr)

    def _save(self) -> None:
        """Save the results of this run for the next one. Errors: OSError."""
        if option("clean"):
            self.status.forget_cleaned()
        self.generated.remember(self.plan, self.ruled())
        if self.plan.save() and not self.owns_state:
            self._tell_editors()

    def _tell_editors(self) -> None:
        """Write the data for editors about the builders in an SConstruct, beside it."""
        from rebel_tools.scons.editors import forget_areas, tell_areas

        if self.status.records:
            tell_areas({scope: self.environments[scope] for scope in self.plan.scopes}, self.plan.disk.root, "")
        else:
            forget_areas(self.plan.disk.root, "")


def _paths(nodes: Iterable[Node]) -> list[str]:
    """The absolute paths of nodes, and those from the top."""
    return [path for node in nodes for path in (node.get_abspath(), path_of(node))]


@cache
def session() -> Session:
    """The session of the builders in the SConstruct; the tree is locked for this run. Its state is in the same folder
    as SCons' own database.
    """
    alone_in(places.top(), nested=True)
    named = os.path.normpath(database() or usual_database())
    return Session(STATE if named == usual_database() else f"{named}{STATE}")
