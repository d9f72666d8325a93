"""`scons --interactive`: one process that builds many times, each time with options of its own.

SCons clears the nodes that it knows after each build. Other state (a plan, digests of files, finished steps) also has
to be reset before a build, and saved after it, because the process may run for days.
"""

from __future__ import annotations

import copy
import sys
from functools import cache
from typing import Any, Protocol

import SCons.Script

from rebel_tools.errors import RebelError
from rebel_tools.scons.compat import InteractiveCommand


class Builds(Protocol):
    """State that outlives one build of a process."""

    def begin_again(self) -> None:
        """Another build begins: forget everything that was read from files."""

    def end(self) -> None:
        """A build has ended, with or without errors."""


_every: list[Builds] = []
_options: list[Any] = []  # the options of the current or the last build


def option(name: str) -> Any:
    """An option of this build; SCons' GetOption() returns that of the whole session."""
    return getattr(_options[-1], name) if _options else SCons.Script.GetOption(name)


def is_interactive() -> bool:
    return bool(SCons.Script.GetOption("interactive"))


def tell(builds: Builds) -> None:
    """Notify `builds` of each build, if there can be several; the ends are notified in reverse order."""
    if is_interactive():
        _every.append(builds)
        _listen()


@cache
def _listen() -> None:
    """Hook into the method that implements `build` and `clean` and their abbreviations."""
    build = InteractiveCommand.do_build

    def do_build(self: Any, argv: list[str]) -> None:
        _options[:] = [self.parser.parse_args(argv[1:], values=copy.deepcopy(self.options))[0]]
        try:
            for each in _every:
                each.begin_again()
            build(self, argv)
        except RebelError as error:
            print(f"scons: *** {error}", file=sys.stderr)
        finally:
            for each in reversed(_every):
                each.end()

    do_build.__doc__ = build.__doc__  # the text of `help build`
    InteractiveCommand.do_build = do_build
