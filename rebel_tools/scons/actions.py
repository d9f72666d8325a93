"""The builders behind the steps: one for each kind and engine, with the command lines from construction variables."""

from __future__ import annotations

from functools import cache

from SCons.Action import Action
from SCons.Builder import Builder

from rebel_tools.plan.model import ALIAS, ARCHIVING, COMPILATIONS, LINKING, NATIVE
from rebel_tools.plan.steps import objects

COMPILER = {True: "OCAMLOPT", False: "OCAMLC"}


def command_variable(kind: str, engine: str) -> str:
    """The construction variable that holds the command line for a kind of step."""
    compiler = COMPILER[engine == NATIVE]
    if kind in COMPILATIONS:
        return compiler + "COM"
    return compiler + {ARCHIVING: "ARCHIVECOM", LINKING: "LINKCOM"}[kind]


@cache
def builder_of(kind: str, engine: str):
    """The builder for one kind of step."""
    if kind == ALIAS:
        return Builder(action=Action(_write_alias, _say_alias))
    variable = command_variable(kind, engine)
    return Builder(action=Action(f"${variable}", f"${variable}STR"))


def _write_alias(target, source, env) -> None:
    attributes = target[0].attributes
    text = attributes.rebel_session.status.alias_text(attributes.rebel_step)
    with open(target[0].get_abspath(), "w", encoding="utf-8") as f:
        f.write(text)


def _say_alias(target, source, env) -> str:
    return env.subst("$OCAMLALIASCOMSTR", target=target, source=source) or f"writing module aliases {target[0]}"


def unit_flags(target, source, env, for_signature) -> list[str]:
    """`$_OCAMLUNITFLAGS`: what follows from the step, such as -I, -open and -pp."""
    attributes = target[0].attributes
    return attributes.rebel_session.plan.flags(attributes.rebel_step)


def linked_objects(target, source, env, for_signature) -> list[str]:
    """`$_OCAMLOBJECTS`: archives and objects in link order, and what the user gave besides."""
    attributes = target[0].attributes
    plan, step = attributes.rebel_session.plan, attributes.rebel_step
    return [objects(part)[0] for part in plan.linked(step)] + list(step.foreign)
