"""A run of SCons that has begun before somebody asks for it.

Until env.Rebel() is called in our SConstruct, a build depends only on its arguments and on environment variables: SCons
parses the arguments, and tools set construction variables. A process of the server does that once, waits at this point,
and forks a child for each build that is asked for with the same arguments and variables.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import SCons.Util

from rebel_tools.memory.question import is_harmless
from rebel_tools.presentation import presentation
from rebel_tools.project.targets import CHECK
from rebel_tools.scons import surroundings
from rebel_tools.scons.compat import Environment
from rebel_tools.sconstruct import has_own_script, scons_arguments

# Variables that shells set anew for each command. Nothing depends on them before env.Rebel().
_OF_SHELLS = ("_", "OLDPWD", "PWD", "SHLVL")

_pauses: list[Callable[[Environment], None]] = []


class Asked(NamedTuple):
    """What somebody asked for: arguments of rebel, and environment variables."""

    words: Sequence[str]
    environ: Mapping[str, str]

    def can_begin(self) -> bool:
        """Whether such a build can begin before somebody asks for it: no argument makes SCons do something else."""
        words = [word for word in self.words if word != CHECK]
        return is_harmless(words) and not self.environ.get("SCONSFLAGS") and not has_own_script()

    def begins_like(self, other: Asked) -> bool:
        """Whether this is the same for SCons and for tools until env.Rebel() is called."""
        return list(self.words) == list(other.words) and _without_shell(self.environ) == _without_shell(other.environ)


def _without_shell(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in _OF_SHELLS}


def pause_with(pause: Callable[[Environment], None]) -> None:
    """Call `pause` when env.Rebel() is called for the first time, before it looks at anything."""
    _pauses.append(pause)


def pause(env: Environment) -> None:
    """A build has come to env.Rebel()."""
    while _pauses:
        _pauses.pop()(env)


def is_as_begun(words: Sequence[str]) -> bool:
    """Whether SCons would still begin with the arguments that it got when this process began."""
    if has_own_script():
        return False
    how, rest = presentation(words, False)
    return sys.argv == ["scons", *scons_arguments(rest, how.verbose)]


def go_on(env: Environment) -> None:
    """Do again what depends on the process that asks: variables of its shell, its streams, and the database of SCons.

    Errors: UserError for a database that is no file.
    """
    variables: dict[str, Any] = env["ENV"]
    for name in _OF_SHELLS:
        variables.pop(name, None)
        if name in os.environ:
            variables[name] = os.environ[name]
    for name in ("stdout", "stderr"):  # as SCons does before it reads an SConstruct
        if not getattr(sys, name).isatty():
            setattr(sys, name, SCons.Util.Unbuffered(getattr(sys, name)))
    surroundings.look.cache_clear()
    surroundings.look()
