"""Targets of the engine bucklescript: a node for each module's .js, and `app.js`, which runs the entry.

bsc's outputs have no import tables that list everything that it consulted, so each module depends, by content, on
everything that it can reach. The order is the plan's order for native code: bsc also needs the objects (.cmj) of the
modules that a source names. Each step has an alias node, whose signature covers its .cmi and .cmj and the alias nodes
of the steps that it waits for. This needs one edge per dependency, while the transitive closure would be quadratic.
"""

from __future__ import annotations

import os
import posixpath
import re
from functools import partial
from typing import Any

import SCons.Node.Alias
import SCons.Script
import SCons.Util
from SCons.Action import Action

from rebel_tools.errors import Place, RebelError
from rebel_tools.ocaml.javascript import BuckleScript, find_bsc, javascript_outputs
from rebel_tools.ocaml.toolchain import program_identity
from rebel_tools.outputs.naming import top_level
from rebel_tools.plan.model import NATIVE, Scope
from rebel_tools.plan.plan import plan_in
from rebel_tools.plan.status import Status
from rebel_tools.plan.step import Compile, CompileInterface, ModuleStep, Step, WriteAlias
from rebel_tools.process import processors
from rebel_tools.project.groups import Group
from rebel_tools.project.model import Package, Project, Target
from rebel_tools.scons import build_folder, profiles
from rebel_tools.scons.actions import Words
from rebel_tools.scons.compat import Environment, Node, Nodes, named_alias
from rebel_tools.scons.homes import mark, note_served
from rebel_tools.scons.output import install_output, spawn
from rebel_tools.scons.package_scope import package_scope
from rebel_tools.scons.programs import check_tool
from rebel_tools.scons.said import Said
from rebel_tools.scons.saving import at_the_end
from rebel_tools.scons.settings import settings
from rebel_tools.scons.terminal import TERMINAL
from rebel_tools.scons.words import extended

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_SUFFIXES = (".ml", ".mli", ".cmi", ".cmj", ".cmt", ".cmti", ".js")


class BuckleScriptTargets:
    """The nodes of a group of targets. `programs` has app.js for each. Errors: missing tools, and cycles."""

    def __init__(self, env: Environment, project: Project, group: Group):
        self.top = env.Dir("#").get_abspath()
        self.build = self._relative(build_folder.folder_of(project.root.root))
        self.place = f"{self.build}/{env[profiles.VARIABLE].folder}"
        self.folder = self.place + group.home.name
        self.project, self.home = project, group.home
        self.root = project.package_of(self.home)
        self.env = env.Override({"OCAMLENGINES": [NATIVE], "OCAMLPACKAGES": []})
        self._nodes: dict[Step, Nodes] = {}
        if SCons.Script.GetOption("clean"):
            # Their folders are removed, whatever the sources are now.
            self.programs = {target: self._file(self._app(target), "") for target in group.targets}
        else:
            self._make(group)

    def _app(self, target: Target) -> str:
        return f"{self.place}{target.name}/src/app.js"

    def _make(self, group: Group) -> None:
        self.plan = plan_in(self.top, f"{self.folder}/.rebel-tools.json", processors())
        bsc = find_bsc(self.root.root, {**os.environ, **self.env["ENV"]})
        check_tool(bsc, self.env)
        self.compiler = BuckleScript(bsc, self.root.name, self.folder)
        config = self._file(f"{self.folder}/bsconfig.json", self.compiler.config_text())
        self.always = [config, self.env.Value(program_identity(bsc))]
        install_output(self.env)
        self.env["SPAWN"] = partial(spawn, clean=self._messages)
        self._compilers: dict[Scope, BuckleScript] = {}
        self._aliases: dict[Step | Scope, SCons.Node.Alias.Alias] = {}
        self.programs = self._programs(group)
        if not any(map(SCons.Script.GetOption, ("no_exec", "question"))):
            self._remove_vanished()
            self.plan.state.save()

    def _relative(self, *parts: str) -> str:
        return build_folder.from_here(os.path.join(*parts))

    def _programs(self, group: Group) -> dict[Target, Nodes]:
        scopes: dict[str, Scope] = {}
        for package in (*self.project.closure(self.root), self.root):
            scopes[package.name] = self._scope(package, scopes)
        self.plan.names.runs_programs = not any(map(SCons.Script.GetOption, ("no_exec", "question")))
        self.plan.names.prepare(scopes.values())
        steps = [step for scope in scopes.values() for step in self.plan.ordered(scope).steps]
        made = [node for step in steps for node in self.nodes(step)]
        needed = [node for node in made if node.get_suffix() in (".js", ".cmi")]
        programs: dict[Target, Nodes] = {}
        for target in group.targets:
            path, root = self._app(target), scopes[self.root.name]
            compiled = root.path(root.modules[target.entry_module].object)
            programs[target] = self._file(path, f'module.exports = require("{_relative_module(path, compiled)}");\n')
            self.env.Depends(programs[target], needed)
        return programs

    def _scope(self, package: Package, scopes: dict[str, Scope]) -> Scope:
        is_top = package is self.root
        meant = top_level(package, self.home) if is_top else package
        outdir = f"{self.folder}/{'src' if is_top else package.name}"
        uses = [scopes[used.name] for used in self.project.closure(package)]
        asked = extended(self.env["OCAMLDEPFLAGS"], (*package.flags.dep, *self.home.unstable_flags.dep))
        how = settings(self.env.Override({"OCAMLDEPFLAGS": asked}))._replace(trees=False)
        if package.rules:
            raise _no_rules(package)
        scope = package_scope(meant, self._relative(package.root), "", outdir, [NATIVE], how, uses)
        self.plan.add_scope(scope)
        # With the default -keep-locs, every inserted line changes the interface.
        flags = ("-no-keep-locs", *package.flags.compile, *self.home.unstable_flags.compile)
        self._compilers[scope] = BuckleScript(self.compiler.bsc, self.compiler.name, self.folder, flags)
        return scope

    def said(self) -> list[Said]:
        """Nothing: messages of bsc are not recorded, because SCons decides which steps run."""
        return []

    # Nodes

    def nodes(self, step: ModuleStep) -> Nodes:
        if step not in self._nodes:
            self._nodes[step] = self._of(step)
        return self._nodes[step]

    def _of(self, step: ModuleStep) -> Nodes:
        if isinstance(step, WriteAlias):
            return self._alias_file(step)
        assert isinstance(step, Compile), "bsc reads Reason itself"
        return self._compiled(step)

    def _alias_file(self, step: WriteAlias) -> list[Node]:
        return self._file(step.key, Status(self.plan).alias_text(step))

    def _compiled(self, step: Compile) -> list[Node]:
        command, outputs = self._command(step)
        action = Words(command, f"bsc {step.source}")
        targets = [self.env.fs.File(f"#{path}") for path in outputs]
        nodes: Nodes = self.env.Command(targets, [self.env.fs.File(f"#{step.source}")], action)
        self.env.Depends(nodes, [*self.always, *self._below(step)])
        return nodes

    def _command(self, step: Compile) -> tuple[list[str], list[str]]:
        """The command of a compilation, and its outputs."""
        base, module = step.scope.path(step.module.object), step.module
        compiler = self._compilers[step.scope]
        include = [scope.outdir for scope in step.scope.uses]
        opened = self.plan.opened(step)
        if module.generated:
            return compiler.alias(step.source, f"{base}.cmi"), [f"{base}.cmi", base + _annotations(step.source)]
        if isinstance(step, CompileInterface):
            return compiler.interface(step.source, f"{base}.cmi", include, opened), [f"{base}.cmi", f"{base}.cmti"]
        split = module.interface is not None
        command = compiler.implementation(step.source, f"{base}.cmj", include, opened, split)
        return command, javascript_outputs(f"{base}.cmj", split)

    def _below(self, step: ModuleStep) -> list[Node]:
        """Everything that a compilation can reach, also through aliases."""
        return [*map(self._consulted, self.plan.waits(step)), *map(self._all_of, self.plan.foreign(step))]

    def _consulted(self, step: ModuleStep) -> SCons.Node.Alias.Alias:
        """What a compiler may read because of this step: its outputs, and everything that they refer to."""
        if step not in self._aliases:
            made = [node for node in self.nodes(step) if node.get_suffix() in (".cmi", ".cmj")]
            self._aliases[step] = _alias(self.nodes(step)[0].get_internal_path(), [*made, *self._below(step)])
        return self._aliases[step]

    def _all_of(self, scope: Scope) -> SCons.Node.Alias.Alias:
        if scope not in self._aliases:
            steps = self.plan.ordered(scope).steps  # dependencies first, so the recursion is not deep
            self._aliases[scope] = _alias(scope.outdir, [self._consulted(step) for step in steps])
        return self._aliases[scope]

    def _messages(self, text: str) -> str:
        """The messages of bsc, without its colours: an option against these would be part of the signature."""
        text = self.compiler.clean_output(text)
        return text if TERMINAL.colour else _COLOUR.sub("", text)

    def _remove_vanished(self) -> None:
        """Remove outputs of sources that no longer exist; the folder holds nothing else."""
        nodes = [node for nodes in (*self.programs.values(), *self._nodes.values()) for node in nodes]
        known = {node.get_abspath() for node in nodes}
        for folder, _, names in os.walk(os.path.join(self.top, self.folder)):
            for path in (os.path.join(folder, name) for name in names if name.endswith(_SUFFIXES)):
                if path not in known:
                    os.unlink(path)
        build, names = os.path.join(self.top, self.place), [target.name for target in self.programs]
        note_served(build, self.home.name, names)
        at_the_end(partial(mark, build, names))

    def _file(self, path: str, text: str) -> list[Node]:
        """An output with a fixed text."""
        node = self.env.fs.File(f"#{path}")
        action = Action(_write, f"writing {node}".replace("$", "$$"))
        return list(self.env.Command(node, self.env.Value(text), action))


def _no_rules(package: Package) -> RebelError:
    rule = package.rules[0]
    return RebelError(
        f"the package {package.name} has generated sources, such as {rule.targets[0]}: the engine bucklescript "
        "does not support them",
        place=Place(os.path.join(package.root, "package.json" if rule.keys else rule.sources[0])),
        expected="no lexers, grammars, preprocessors or rules",
    )


def _alias(path: str, children: list[Any]) -> SCons.Node.Alias.Alias:
    alias = named_alias(f"{path} and what it refers to")
    alias.add_dependency(children)
    return alias


def _relative_module(importer: str, path: str) -> str:
    """The relative path of a compiled module in the file `importer`."""
    found = posixpath.relpath(path, posixpath.dirname(importer))
    return f"{found if found.startswith('.') else './' + found}.js"


def _annotations(source: str) -> str:
    return ".cmti" if source.endswith("i") else ".cmt"


def _write(target: Nodes, source: Nodes, env: Environment) -> None:
    with open(target[0].get_abspath(), "w", encoding="utf-8") as file:
        file.write(source[0].get_text_contents())
