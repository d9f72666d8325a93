"""`rebel watch`: build, and build again after every change."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from rebel_tools.errors import RebelError
from rebel_tools.presentation import presentation
from rebel_tools.sconstruct import check_installation, enter_project, has_own_script, with_profile
from rebel_tools.search_path import python_command
from rebel_tools.text import printable

if TYPE_CHECKING:
    from argparse import Namespace
    from types import FrameType

    from rebel_tools.cli.parser import Commands

# Options of scons that make no sense with repeated builds.
_NOT_WATCHED = ("-c", "--clean", "--remove", "--interactive", "-h", "-H", "-v", "--version")


def configure_parser(commands: Commands) -> None:
    from rebel_tools.cli.parser import add_build_command  # a build does not load it

    add_build_command(
        commands,
        "watch",
        execute,
        "[TARGET ...] [OPTION ...]",
        help="build, and build again whenever a file changes",
        description="Build like `rebel build`, and again whenever something that the build depends on has changed, "
        "until Ctrl-C. Accepts the targets and options of scons.",
    )


def execute(args: Namespace) -> int:
    """Run the loop until an interrupt or an error."""
    from rebel_tools.watch.loop import Watch

    arguments = with_profile(args.scons_arguments)
    check_installation()
    enter_project()
    _check(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    is_json = presentation(arguments, has_own_script())[0].json
    watch = Watch(["-Q", *arguments], _say_on_stderr if is_json else _say)
    try:
        watch.run()
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:  # the reader of our output has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # child processes are being ended
        watch.close()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _say("rebel-tools itself changed; starting again")
    os.execv(sys.executable, [*python_command("rebel_tools"), "watch", *arguments])


def _check(arguments: list[str]) -> None:
    if not hasattr(os, "fork"):
        raise RebelError("rebel watch needs a system with fork(), such as Linux or macOS", hint="rebel build")
    for option in _NOT_WATCHED:
        if option in arguments:
            raise RebelError(f"rebel watch builds; {option} does not", hint=f"rebel build {option}")


def _say(text: str) -> None:
    print(printable(f"rebel: {text}"), flush=True)


def _say_on_stderr(text: str) -> None:
    """For --json: standard output is for events only."""
    print(f"rebel: {text}", file=sys.stderr, flush=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
