"""Hints about modules that the compiler or linker did not find: these know folders, the plan knows packages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from rebel_tools.nearest import did_you_mean
from rebel_tools.plan.model import Scope
from rebel_tools.plan.step import Link, Step

# OCaml 5.2 and later quote names unless colours mark them; earlier versions do so in a few messages.
_UNBOUND = re.compile(r"""^Error: Unbound module ["`]?([^\W\d_a-z][\w.']*)""", re.MULTILINE)
_NOT_LINKED = re.compile(
    r"""^Error: (?:No implementations? provided for the following modules?:\s+["`]?(\w+)["']? referenced"""
    r"""|(?:Required m|M)odule ["`]?(\w+)["']? is unavailable)""",  # bytecode before OCaml 5
    re.MULTILINE,
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


# The findlib packages with a module of a given name.
Installed = Callable[[str], Iterable[str]]


class Advice(NamedTuple):
    """How to add a dependency in one kind of project: `library` for a package of this build, `{}` being its name.

    absent: module -> why it cannot be used, for known packages that are not part of this build.
    """

    library: str
    findlib: str
    absent: Mapping[str, str]


def hint(step: Step, scopes: Iterable[Scope], text: str, installed: Installed, advice: Advice) -> str | None:
    """One sentence about the first missing module in a compiler's message; None if nothing is known about it.

    scopes: all of the build. installed: finds the findlib packages with a module of a given name.
    """
    plain = _COLOUR.sub("", text)
    linked = _NOT_LINKED.search(plain) if isinstance(step, Link) else None
    if linked:
        return next(_not_linked(linked[1] or linked[2], step, installed, advice), None)
    unbound = _UNBOUND.search(plain)
    if not unbound:
        return None
    first, *inner = unbound[1].split(".")
    ideas = [*_hidden(first, inner, step.scope)]
    if inner:
        ideas += _inside(first, inner, step.scope)
    else:
        ideas += _elsewhere(first, step, scopes, installed, advice)
        ideas += (why for name, why in advice.absent.items() if name == first)
        if "Hint: Did you mean" not in plain:
            ideas += _alike(first, step.scope)
    return next(iter(ideas), None)


def _hidden(name: str, inner: list[str], scope: Scope) -> Iterator[str]:
    """A module of the same scope that hides a package of the same name."""
    own = scope.modules.get(name)
    if own and inner and _package(name, scope):
        yield f"`{name}' is {own.sources[0]} here, which hides the package {name}; rename that file"


def _inside(name: str, inner: list[str], scope: Scope) -> Iterator[str]:
    package = _package(name, scope)
    if not package:
        return
    if inner[0] in package.naming.private and inner[0] in package.modules:
        yield f"module {inner[0]} of the package {name} is private"
        return
    near = did_you_mean(inner[0], set(package.modules) - package.naming.private)
    yield f"the package {name} has no module {inner[0]}" + (f"; {near}" if near else "")


def _package(name: str, scope: Scope) -> Scope | None:
    return next((used for used in scope.uses if used.naming.title == name), None)


def _elsewhere(name: str, step: Step, scopes: Iterable[Scope], installed: Installed, advice: Advice) -> Iterator[str]:
    """A package, or a module of a package, whether or not this scope depends on it."""
    for scope in scopes:
        if scope is step.scope or not scope.namespace:
            continue
        title = scope.naming.title
        shown = title or scope.outdir.rpartition("/")[2]
        missing = "" if scope in step.scope.uses else f"; {advice.library.format(shown)}"
        if title == name and missing:
            yield f"the package {name} is not a dependency of this one{missing}"
        elif name in scope.modules and name != title and name not in scope.naming.private:
            yield f"module {name} is in the package {shown}" + (f": {title}.{name}{missing}" if title else missing)
    for package in installed(name):
        yield f"module {name} is in the findlib package {package}; {advice.findlib.format(package)}"


def _alike(name: str, scope: Scope) -> Iterator[str]:
    near = did_you_mean(name, [*scope.modules, *(used.naming.title for used in scope.uses)])
    if near:
        yield near


def _not_linked(name: str, step: Step, installed: Installed, advice: Advice) -> Iterator[str]:
    for scope in (step.scope, *step.scope.uses):
        module = scope.by_object.get(name)
        if module and not module.implementation:
            yield f"module {module.name} has an interface ({module.interface}) and no implementation"
    for package in installed(name):
        yield f"module {name} is in the findlib package {package}; {advice.findlib.format(package)}"
