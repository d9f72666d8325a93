"""A run of SCons that is started before a client requests it.

Until env.Rebel() is called in our SConstruct, a build depends only on its arguments and on environment variables: SCons
parses the arguments, and tools set construction variables. A process of the server does that once, waits at this point,
and forks a child for each requested build with the same arguments and variables.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from rebel_tools.memory.question import is_harmless
from rebel_tools.presentation import presentation
from rebel_tools.project.targets import CHECK
from rebel_tools.scons import surroundings
from rebel_tools.scons.compat import Environment, unbuffered
from rebel_tools.sconstruct import has_own_script, scons_arguments

# Variables that shells set anew for each command. Nothing depends on them before env.Rebel().
_OF_SHELLS = ("_", "OLDPWD", "PWD", "SHLVL")

_pauses: list[Callable[[Environment], None]] = []


class Invocation(NamedTuple):
    """The arguments of rebel and the environment variables of one build."""

    words: Sequence[str]
    environ: Mapping[str, str]

    def can_start_early(self) -> bool:
        """Whether such a build can be started in advance: no argument makes SCons do anything else than build."""
        words = [word for word in self.words if word != CHECK]
        return is_harmless(words) and not self.environ.get("SCONSFLAGS") and not has_own_script()

    def starts_like(self, other: Invocation) -> bool:
        """Whether this is the same for SCons and for tools until env.Rebel() is called."""
        return list(self.words) == list(other.words) and _without_shell(self.environ) == _without_shell(other.environ)


def _without_shell(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in _OF_SHELLS}


def pause_with(pause: Callable[[Environment], None]) -> None:
    """Call `pause` when env.Rebel() is called for the first time, before it looks at anything."""
    _pauses.append(pause)


def pause(env: Environment) -> None:
    """Call the functions of `pause_with`; env.Rebel() calls this first."""
    while _pauses:
        _pauses.pop()(env)


def starts_the_same(words: Sequence[str]) -> bool:
    """Whether these arguments give SCons the command line with which this process has started it."""
    if has_own_script():
        return False
    how, rest = presentation(words, False)
    return sys.argv == ["scons", *scons_arguments(rest, how.verbose)]


def go_on(env: Environment) -> None:
    """Repeat what depends on the client: variables of its shell, its streams, and the check of SCons' database.

    Errors: UserError for a database that is no file.
    """
    variables: dict[str, Any] = env["ENV"]
    for name in _OF_SHELLS:
        variables.pop(name, None)
        if name in os.environ:
            variables[name] = os.environ[name]
    for name in ("stdout", "stderr"):  # as SCons does before it reads an SConstruct
        if not getattr(sys, name).isatty():
            setattr(sys, name, unbuffered(getattr(sys, name)))
    surroundings.check.cache_clear()
    surroundings.check()
