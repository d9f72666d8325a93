"""The builders behind the steps: one for each kind and engine, with the command lines from construction variables."""

from __future__ import annotations

import re
from functools import cache

from SCons.Action import Action, LazyAction
from SCons.Builder import Builder
from SCons.Subst import Literal

from rebel_tools.plan.model import ALIAS, ARCHIVING, COMPILATIONS, LINKING, NATIVE, TREE
from rebel_tools.plan.steps import objects

_PLAIN = re.compile(r"[\w@%+=:,./-]+\Z")

COMPILER = {True: "OCAMLOPT", False: "OCAMLC"}


def command_variable(kind: str, engine: str) -> str:
    """The construction variable that holds the command line for a kind of step."""
    compiler = COMPILER[engine == NATIVE]
    if kind == TREE:
        return "REFMTCOM"
    if kind in COMPILATIONS:
        return compiler + "COM"
    return compiler + {ARCHIVING: "ARCHIVECOM", LINKING: "LINKCOM"}[kind]


@cache
def builder_of(kind: str, engine: str):
    """The builder for one kind of step."""
    if kind == ALIAS:
        return Builder(action=Action(_write_alias, _say_alias))
    variable = command_variable(kind, engine)
    return Builder(action=_Command(variable, {"cmdstr": f"${variable}STR"}))


class _Command(LazyAction):
    """The command line in a construction variable. SCons parses it three times for each run to know its kind."""

    def __init__(self, variable: str, keywords: dict):
        super().__init__(variable, keywords)
        self._parsed: dict = {}

    def _generate_cache(self, env):
        text = env.get(self.var) if env else None
        if not isinstance(text, str):
            return super()._generate_cache(env)
        if text not in self._parsed:
            self._parsed[text] = super()._generate_cache(env)
        return self._parsed[text]


def _write_alias(target, source, env) -> None:
    run, step = step_of(target)
    text = run.status.alias_text(step)
    with open(target[0].get_abspath(), "w", encoding="utf-8") as f:
        f.write(text)


def _say_alias(target, source, env) -> str:
    return env.subst("$OCAMLALIASCOMSTR", target=target, source=source) or f"writing module aliases {target[0]}"


def step_of(target) -> tuple:
    """The session and the step behind the targets of an action."""
    attributes = target[0].attributes
    run = attributes.rebel_session
    return run, attributes.rebel_step or run.goal()


def unit_flags(target, source, env, for_signature):
    """`$_OCAMLUNITFLAGS`: what follows from the step, such as -I, -open and -impl."""
    run, step = step_of(target)
    return _words(run.flags(step))


def compiled_file(target, source, env, for_signature):
    """`$_OCAMLSOURCE`: the file that the compiler reads."""
    step = step_of(target)[1]
    return literal(step.tree or step.source)


def tree_converter(target, source, env, for_signature):
    """`$_REFMT`: the command that makes syntax trees of Reason sources."""
    return _words(step_of(target)[1].scope.settings.reason().command)


def linked_objects(target, source, env, for_signature):
    """`$_OCAMLOBJECTS`: archives and objects in link order, and what the user gave besides."""
    run, step = step_of(target)
    paths = [objects(part)[0] for part in run.plan.linked(step)] + list(step.foreign)
    return _words(paths)


def _words(words: list[str]):
    """Words of a command line that mean themselves."""
    text = joined(words)
    return text if isinstance(text, str) else [literal(word) for word in words]


def joined(words: list[str]) -> str | list[str]:
    """One text where no word is special: of that SCons makes words in a third of the time that a list takes."""
    return " ".join(words) if all(map(_PLAIN.match, words)) else words


def literal(word: str):
    """What SCons neither expands nor hands to the shell unquoted. A module may be called Foo', a folder $x."""
    return word if _PLAIN.match(word) else Literal(word)
