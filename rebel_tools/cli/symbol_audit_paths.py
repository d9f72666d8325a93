"""The paths on symbol-audit's command line: libraries, members of archives, whole archives."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from rebel_tools.binary.archive_paths import is_archive, split_member
from rebel_tools.binary.library import Library, open_library
from rebel_tools.errors import Place, RebelError

if TYPE_CHECKING:
    import argparse

    from rebel_tools.binary.archives import Member
    from rebel_tools.binary.debug_search import DebugPath

Result = TypeVar("Result")


def add_patterns(parser: argparse._ActionsContainer, option: str, text: str) -> None:
    """An option that may be given several times, each time with a pattern."""
    parser.add_argument(option, action="append", default=[], metavar="PATTERN", help=text)


def add_debug_options(parser: argparse.ArgumentParser) -> None:
    """`--debug-dir`, which `debug_path_of` reads."""
    parser.add_argument(
        "--debug-dir",
        action="append",
        default=[],
        metavar="DIR",
        help="a folder of debug files, searched before /usr/lib/debug; may be given several times",
    )


def add_headers(parser: argparse.ArgumentParser, default: str) -> None:
    """`--headers`; `default` says what counts without it."""
    text = (
        "headers that programs include (path or folder, with wildcards): constants of their enumerations count even "
        f"if no symbol uses them{default}; may be given several times"
    )
    add_patterns(parser, "--headers", text)


def debug_path_of(args: argparse.Namespace) -> DebugPath:
    """Where to search for debug information besides the folder of a library."""
    from rebel_tools.binary.debug_search import debug_path

    for folder in args.debug_dir:
        if not os.path.isdir(folder):
            raise RebelError("there is no such folder", place=Place(folder), hint="--debug-dir names a folder")
    return debug_path(args.debug_dir)


def read_each(paths: Iterable[str], read: Callable[[Library], Result]) -> tuple[list[Result], list[RebelError]]:
    """The results of `read` for every library at the paths, and the errors of those that could not be read.

    Archives are unpacked once, and only one library at a time is held in memory.
    """
    results, errors = [], []
    for path in paths:
        try:
            for open_one in _openers(path):
                try:
                    with open_one() as library:
                        results.append(read(library))
                except RebelError as error:
                    errors.append(error)
        except RebelError as error:  # an error of the archive as a whole
            errors.append(error)
    return results, list({str(error): error for error in errors}.values())


def _openers(path: str) -> Iterator[Callable[[], Library]]:
    """Functions that open a library: one for the file itself, or one for each library in an archive."""
    if split_member(path)[1] is not None or not is_archive(path):
        yield partial(open_library, path)
        return
    from rebel_tools.binary.archives import libraries

    found = False
    for member in libraries(path):
        found = True
        yield partial(_open_member, member)
    if not found:
        raise RebelError("the archive contains no shared library", place=Place(path), expected="an ELF or PE member")


def _open_member(member: Member) -> Library:
    return open_library(member.read(), member.path)
