"""The SCons builders of steps: one for each kind and engine, with command lines from construction variables."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable
from typing import Any

from SCons.Action import Action, CommandAction, LazyAction
from SCons.Builder import Builder

from rebel_tools.plan.model import NATIVE
from rebel_tools.plan.step import Archive, Compile, Convert, Copy, Link, LinkPlugin, Step, WriteAlias, foreign_files
from rebel_tools.plan.steps import objects
from rebel_tools.scons.compat import Environment, Nodes
from rebel_tools.scons.words import Literals, literal, literals, signature_words

_VERSIONED = re.compile(r"\.so\.[0-9.]+\Z")

COMPILER = {True: "OCAMLOPT", False: "OCAMLC"}


def command_variable(kind: type[Step], engine: str) -> str:
    """The construction variable that holds the command line for a kind of step."""
    if kind is Convert:
        return "REFMTCOM"
    commands = {Archive: "ARCHIVECOM", Link: "LINKCOM", LinkPlugin: "PLUGINCOM"}
    return COMPILER[engine == NATIVE] + ("COM" if issubclass(kind, Compile) else commands[kind])


_builders: dict[tuple[type[Step], str], Any] = {}


def builder_of(kind: type[Step], engine: str) -> Any:
    """The builder for one kind of step."""
    if (kind, engine) not in _builders:
        _builders[kind, engine] = Builder(action=_action(kind, engine))
    return _builders[kind, engine]


def _action(kind: type[Step], engine: str) -> Any:
    if kind is WriteAlias:
        return Action(_write_alias, _say_alias)
    if kind is Copy:
        return Action(_copy, _say_copy)
    command = Command(command_variable(kind, engine))
    return [command, Action(_check_plugin, _say_nothing)] if kind is LinkPlugin else command


class Command(LazyAction):
    """The command line in a construction variable. SCons' own action would parse it three times to find its kind."""

    def __init__(self, variable: str):
        super().__init__(variable, {"cmdstr": f"${variable}STR"})
        self._parsed: dict[str, Any] = {}

    def _generate_cache(self, env: Environment) -> Any:
        text = env.get(self.var) if env else None
        if not isinstance(text, str):
            return super()._generate_cache(env)
        if text not in self._parsed:
            self._parsed[text] = super()._generate_cache(env)
        return self._parsed[text]

    def get_presig(self, target: Nodes, source: Nodes, env: Environment, executor: Any = None) -> bytes:
        """Unlike SCons' own method, this does not take a word `$(` for the start of an unsigned part."""
        if self.get_parent_class(env) is not CommandAction:
            return bytes(super().get_presig(target, source, env))
        return repr(signature_words(env, self.var, target, source)).encode()


class Words(CommandAction):
    """A command whose words are all literal.

    message: printed instead of the command. stdout: the file for its standard output, or ''.
    """

    def __init__(self, words: Iterable[str], message: str, stdout: str = ""):
        redirected = [">", literal(stdout)] if stdout else []  # a shell does that
        super().__init__([*map(literal, words), *redirected], cmdstr=message.replace("$", "$$"))

    def get_presig(self, target: Nodes, source: Nodes, env: Environment, executor: Any = None) -> bytes:
        return repr(list(map(str, self.cmd_list))).encode()


def _write_alias(target: Nodes, source: Nodes, env: Environment) -> None:
    run, step = step_of(target)
    text = run.status.alias_text(step)
    with open(target[0].get_abspath(), "w", encoding="utf-8") as f:
        f.write(text)


def _say_alias(target: Nodes, source: Nodes, env: Environment) -> str:
    return env.subst("$OCAMLALIASCOMSTR", target=target, source=source) or f"writing module aliases {target[0]}"


def _check_plugin(target: Nodes, source: Nodes, env: Environment) -> None:
    """Check that the host program can load a plugin. Errors: BuildError; the plugin is removed."""
    from rebel_tools.scons import plugins

    run, step = step_of(target)
    plugins.check(run, step, target)


def _say_nothing(target: Nodes, source: Nodes, env: Environment) -> str:
    return ""


def _copy(target: Nodes, source: Nodes, env: Environment) -> None:
    """Copy files, as hard links if the file system supports them."""
    run, step = step_of(target)
    for path, copy in zip(run.plan.inputs(step), step.outputs):
        original, made = (os.path.join(run.plan.disk.root, name) for name in (path, copy))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(made)  # SCons has removed the targets that it knows
        try:
            os.link(original, made, follow_symlinks=False)
        except OSError:
            shutil.copyfile(original, made)


def _say_copy(target: Nodes, source: Nodes, env: Environment) -> str:
    text = env.subst("$OCAMLCOPYCOMSTR", target=target, source=source)
    return text or f"copying {step_of(target)[1].copied.key} to {target[0]}"


def step_of(target: Nodes) -> tuple[Any, Any]:
    """The session and the step behind the targets of an action."""
    attributes = target[0].attributes
    run = attributes.rebel_session
    return run, run.step_of(attributes.rebel_step)


def unit_flags(target: Nodes, source: Nodes, env: Environment, for_signature: bool) -> Literals:
    """`$_OCAMLUNITFLAGS`: the flags that depend on the step, such as -I, -open and -impl."""
    run, step = step_of(target)
    return literals(run.flags(step))


def compiled_file(target: Nodes, source: Nodes, env: Environment, for_signature: bool) -> Literals:
    """`$_OCAMLSOURCE`: the file that the compiler reads."""
    return literal(step_of(target)[1].read)


def tree_converter(target: Nodes, source: Nodes, env: Environment, for_signature: bool) -> Literals:
    """`$_REFMT`: the command that makes syntax trees of Reason sources."""
    return literals(step_of(target)[1].scope.settings.reason().command)


def linked_objects(target: Nodes, source: Nodes, env: Environment, for_signature: bool) -> Literals:
    """`$_OCAMLOBJECTS`: archives and objects in link order, and the user's other files."""
    run, step = step_of(target)
    paths = [objects(part)[0] for part in run.plan.linked(step)]
    return literals([*paths, *(word for path in foreign_files(step) for word in _foreign(path))])


def _foreign(path: str) -> list[str]:
    """The words for a C library: OCaml's compilers do not recognise versioned names such as libx.so.1."""
    return ["-cclib", path] if _VERSIONED.search(path) else [path]
