"""`scons --interactive`: one process that builds many times, each time with options of its own.

SCons clears the nodes that it can see after each build. What is remembered beside them (a plan, digests of files, what
is done) has to begin anew as well, before a build, and to be saved after it, for the process may stay for days.
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
    """What lives through several builds of one process."""

    def begin_again(self) -> None:
        """Another build begins: nothing that was seen of files still counts."""

    def end(self) -> None:
        """A build has ended, with or without errors."""


_every: list[Builds] = []
_options: list[Any] = []  # those of the build that is running or was the last one


def option(name: str) -> Any:
    """What this build was asked for: SCons' own answer is about the command line of the whole session."""
    return getattr(_options[-1], name) if _options else SCons.Script.GetOption(name)


def is_interactive() -> bool:
    return bool(SCons.Script.GetOption("interactive"))


def tell(builds: Builds) -> None:
    """Let it know of each build, where there can be more than one; of their ends in the opposite order."""
    if is_interactive():
        _every.append(builds)
        _listen()


@cache
def _listen() -> None:
    """`build` and `clean`, and their abbreviations, all end in one method."""
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

    do_build.__doc__ = build.__doc__  # what `help build` shows
    InteractiveCommand.do_build = do_build
