"""`rebel build`: scons."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rebel_tools.cli.run_scons import run_scons
from rebel_tools.memory import up_to_date
from rebel_tools.memory.question import question
from rebel_tools.memory.verdict import NOTHING
from rebel_tools.presentation import EXPLAIN, Presentation, presentation, shown
from rebel_tools.sconstruct import (
    BUILD_FOLDER,
    build_folder,
    check_installation,
    enter_project,
    has_own_script,
    with_profile,
)
from rebel_tools.server import is_wanted

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    from rebel_tools.cli.parser import add_build_command  # a build does not load it

    add_build_command(
        commands,
        "build",
        execute,
        "[TARGET ...] [OPTION ...]",
        help="build the default target, or the named ones",
        description="Build the default target, or the named ones, with SCons and rebel's SConstruct, or, if the folder "
        "has an SConstruct, like `rebel scons`. All options of scons are accepted: -j 4, -k, "
        "--debug=time, ... --explain prints why SCons has to run, and why each step runs. --profile release, or "
        "--release, optimizes across modules and builds into _build/_release; the default profile is dev.",
    )


def execute(args: Namespace) -> int:
    return run(args.scons_arguments)


def run(arguments: Sequence[str]) -> int:
    """Build with SCons, through the server if possible, unless the stamps of all files prove that nothing is to do."""
    check_installation()
    enter_project()
    arguments = with_profile(arguments)
    if has_own_script():
        from rebel_tools.cli import scons  # imported late: the rest does not need it

        return scons.run([*arguments, *(["--debug=explain"] if EXPLAIN in arguments else [])])
    how, words = presentation(arguments, False)
    folder = build_folder(words, os.environ)
    verdict, summary = up_to_date.answer(folder, question(words, os.environ))
    if verdict.extent == NOTHING:
        _print_summary(how, summary, arguments)
        return 0
    if not os.path.lexists(folder) and folder == BUILD_FOLDER and _restore_from_cache(how, words, arguments):
        return 0
    if how.explain:
        from rebel_tools.text import printable  # imported late: a null build does not need it

        print(printable(f"rebel: running scons: {verdict.reason}"), file=sys.stderr)
    status = _build_by_server(arguments) if folder == BUILD_FOLDER else None
    return run_scons(arguments) if status is None else status


def _build_by_server(arguments: Sequence[str]) -> int | None:
    """The exit status of a build by the resident server; None without a server, which is then started for the next
    build.

    The first build of a project does not start one, because many projects are built only once.
    """
    if not is_wanted(os.environ) or not os.path.isdir(BUILD_FOLDER):
        return None
    from rebel_tools.server import client

    status = client.build(arguments)
    if status is None:
        client.start()
    return status


def _restore_from_cache(how: Presentation, words: Sequence[str], arguments: Sequence[str]) -> bool:
    """Restore the output folder from the cache; return whether nothing else has to be done."""
    from rebel_tools.cache.place import is_switched_on

    everywhere = question(words, os.environ, "")
    if everywhere is None or "--no-cache" in words or not is_switched_on(os.environ):
        return False
    from rebel_tools.cli import from_cache

    summary = from_cache.begin(everywhere, words)
    if summary is not None:
        _print_summary(how, summary, arguments)
    return summary is not None


def _print_summary(how: Presentation, summary: up_to_date.Summary, arguments: Sequence[str]) -> None:
    """Print the result of a build that has nothing to do."""
    if how.json:
        from rebel_tools.cli.events import nothing_to_do

        nothing_to_do(summary, arguments)
        return
    for _, text in summary.messages:
        print(shown(text), end="", file=sys.stderr)
    if not how.quiet:
        print(summary.result)
