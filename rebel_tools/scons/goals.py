"""What a target does not share with the others of its group: its program or archive."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import SCons.Node

from rebel_tools.ocaml.flags import LINK_ALL
from rebel_tools.plan.model import ARCHIVE, BYTE, NATIVE, Module, Scope
from rebel_tools.plan.step import Archive, Collect, Copy, Link, LinkPlugin
from rebel_tools.plan.steps import archive_files, copy_step
from rebel_tools.project.model import Package, Target
from rebel_tools.scons.actions import builder_of
from rebel_tools.scons.arguments import output_file
from rebel_tools.scons.compat import Environment, Nodes
from rebel_tools.scons.nodes import StepFile
from rebel_tools.scons.scopes import library_step, plugin_step, program_step, used_archives
from rebel_tools.scons.words import expanded

if TYPE_CHECKING:
    from rebel_tools.scons.target import TargetSession

PLUGINS = {NATIVE: ".cmxs", BYTE: ".cma"}
ENGINES = {"native": NATIVE, "byte": BYTE, "jsoo": BYTE}

DONE = (SCons.Node.up_to_date, SCons.Node.executed)


class Goal:
    """The last step of a target. It has nodes from the start, and a step when its session has made the plan.

    package: the package of the program, or the library; env: the environment of its link.
    folder: `_build/<target>`; outdir: the folder of the package in it.
    path: that of the program, or of the archive for a library; program: its nodes.
    is_expected: whether this run is expected to build it, by the command line.
    copies: the steps that copy archives of packages from another folder into this one.
    """

    def __init__(self, session: TargetSession, env: Environment, target: Target, package: Package) -> None:
        self.session = session
        self.env = env
        self.target = target
        self.package = package
        self.engine = ENGINES[target.engine]
        self.folder = session.place + target.name
        self.outdir = f"{self.folder}/{package.name if target.is_library else 'src'}"
        self._base = f"{self.outdir}/{'app' if target.entry else target.module}"
        self.path = self._base + self._suffix
        self.step: Collect | None = None
        self.copies: list[Copy] = []
        self.is_expected = False
        self.program = self._nodes()

    @property
    def _suffix(self) -> str:
        if not self.target.entry:
            return ARCHIVE[self.engine]
        if self.target.plugin:
            return PLUGINS[self.engine]
        return ".bc" if self.target.engine == "jsoo" else ".out"

    def _nodes(self) -> list[Any]:
        outputs = [self.path] if self.target.entry else archive_files(self._base, self.engine)
        made = [output_file(self.env, path) for path in outputs]
        kind = LinkPlugin if self.target.plugin else Link if self.target.entry else Archive
        nodes: Nodes = builder_of(kind, self.engine)(self.env, target=made, source=[])
        for node in nodes:
            StepFile.adopt(node, self.session, self)
        return nodes

    # In the plan

    def add_steps(self, scope: Scope, archives: Iterable[tuple[str, Archive]], entries: set[str]) -> None:
        """Add the steps that only this target needs to the plan.

        scope: that of the root package. archives: those of packages, each with its path in the folder of a target.
        entries: the entry modules of targets.
        """
        if self.target.entry:
            entry = scope.modules[self.target.entry_module]
            anyway = self._linked_anyway(scope, entries)
            if self.target.plugin:
                self.step = self._plugin(scope, entry)
            else:
                self.step = program_step(self.env, self.session, scope, self.path, anyway, entry)
            copies = (copy_step(archive, f"{self.folder}/{base}") for base, archive in archives)
            if not self.package.tests_of:  # no archives are used from there
                self.copies = [self.session.plan.add(copy) for copy in copies if copy.outputs != copy.copied.outputs]
        else:  # the archive of another engine is needed for that of the first one
            steps = [library_step(self.env, self.session, scope, engine, self._base) for engine in scope.engines]
            self.step = steps[0]
            if self.engine == NATIVE and self.session.target_environments.has_plugins:
                plugin_step(self.env, self.session, scope, f"{self._base}.cmxs", members=steps[0].members)

    def _plugin(self, scope: Scope, entry: Module) -> Link:
        """The link of a plugin; the units of its host are known from the plan, or from the tables of its file."""
        if not self.target.has_program_elsewhere:
            host = self.session.goal_of(self.target).last_step
            assert isinstance(host, Link), "package.json has been checked"
            return plugin_step(self.env, self.session, scope, self.path, entry, host)
        from rebel_tools.scons import plugins

        known = plugins.units_of_program_elsewhere(self.session, self.target, self.package)
        archives = used_archives(self.session, scope.uses, self.engine)
        missing = [each for each in archives if known.isdisjoint(module.object for module in each.members)]
        path = plugins.host_path(self.session, self.target, self.package)
        return plugin_step(self.env, self.session, scope, self.path, entry, archives=missing, reading=[path])

    def _linked_anyway(self, scope: Scope, entries: set[str]) -> tuple[Module, ...]:
        """Modules that are linked although the entry does not reach them: with linkAll all except other entries."""
        if not self.package.link_all and LINK_ALL not in expanded(
            self.env.Override({"_OCAMLHOST": ""}), "OCAMLLINKFLAGS"
        ):
            return ()
        return tuple(module for name, module in scope.modules.items() if name not in entries | scope.programs)

    @property
    def last_step(self) -> Collect:
        """The step that makes its program or archive, after the plan was made."""
        assert self.step is not None, "make the plan first"
        return self.step

    @property
    def needed(self) -> set[Scope]:
        """The scopes compiled for it, including rewriters of its sources; known after the plan was made."""
        return self.session.drivers.with_rewriters({self.step.scope, *self.step.scope.uses}) if self.step else set()

    @property
    def outputs(self) -> list[str]:
        """All outputs of this target only; known after the plan was made."""
        return [path for step in (self.step, *self.copies) if step for path in step.outputs]

    # In this run

    @property
    def is_visited(self) -> bool:
        return bool(self.program[0].get_state() != SCons.Node.no_state)

    @property
    def is_done(self) -> bool:
        return bool(self.program[0].get_state() in DONE)
