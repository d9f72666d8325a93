"""`rebel scons`: a replacement for the command scons that returns immediately when there is nothing to do."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from rebel_tools.errors import RebelError
from rebel_tools.memory.verdict import NOTHING, Verdict
from rebel_tools.observed import store
from rebel_tools.observed.run import ask, repeat_output
from rebel_tools.sconstruct import EXECUTOR_ENVIRON, REMOTE_ENVIRON, REMOTE_VARIABLES

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands

EXPLAIN = "--explain"
SANDBOX = "--sandbox"

SMALL_EDITS = "REBEL_SMALL_EDITS"
"""The environment variable that, if 1, lets SCons check only what depends on edited files."""


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "scons",
        usage="rebel scons [OPTION ...] [TARGET ...]",
        help="run scons in any tree; return immediately when there is nothing to do",
        description="Run the unmodified scons in any tree with an SConstruct. After a run with nothing to do, the next "
        "one is answered from what that run observed, without SCons. --explain prints why SCons has to run. "
        "--sandbox[=report|fast|trace] runs commands with access to declared files only, and --remote-cache=URL "
        "shares their results with other machines (docs/remote.md).",
        allow_abbrev=False,
    )
    parser.set_defaults(execute=execute, takes_scons_arguments=True)


def execute(args: Namespace) -> int:
    return run(args.scons_arguments)


def run(arguments: Sequence[str]) -> int:
    """Print the output of the last run again if there is nothing to do; otherwise run scons under a recorder. Return
    the exit status.
    """
    explain = EXPLAIN in arguments
    words = [word for word in arguments if word != EXPLAIN]
    words = _remote_in_environment(words)
    modes = [word for word in words if word == SANDBOX or word.startswith(SANDBOX + "=")]
    if modes:
        _run_in_sandbox(modes[-1], [word for word in words if word not in modes])
    asked, manifest, verdict = ask(words)
    if manifest is not None and verdict.extent == NOTHING:
        repeat_output(manifest)
        return 0
    if explain:
        from rebel_tools.text import printable

        for line in _explanation(asked, verdict):
            print(printable(f"rebel: {line}"), file=sys.stderr)
    sys.argv = ["scons", *words]
    from rebel_tools import signals
    from rebel_tools.process import collect_seldom, leave
    from rebel_tools.scons.recorded import record
    from rebel_tools.sconstruct import check_installation

    check_installation()
    signals.end_in_order()
    signals.pass_on()
    collect_seldom()
    changed = verdict.changed if os.environ.get(SMALL_EDITS) == "1" else None
    environ = dict(os.environ)
    outcome = record(asked, _shared_main, manifest, changed, explain)
    if outcome.doubtful:
        _run_again(arguments, environ)
    leave(outcome.status)


def _run_again(arguments: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Run scons once more in this process. The last run left no manifest, so SCons evaluates everything."""
    from rebel_tools.search_path import python_command

    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [*python_command("rebel_tools"), "scons", *arguments], environ)


def _remote_in_environment(words: list[str]) -> list[str]:
    """The words without the options about the remote cache, which become environment variables: then an SConstruct
    need not define these options.
    """
    rest = []
    for word in words:
        option, equals, value = word.partition("=")
        if option in REMOTE_VARIABLES and equals:
            os.environ[REMOTE_VARIABLES[option]] = value
        else:
            rest.append(word)
    return rest


def _run_in_sandbox(option: str, words: Sequence[str]) -> NoReturn:
    """Run scons with its commands in a sandbox, even if the SConstruct does not load the tool `remote`."""
    from rebel_tools.process import exit_status, leave
    from rebel_tools.sandbox.model import Mode

    given = option.partition("=")[2] or Mode.FULL.value
    modes = [mode.value for mode in Mode]
    if given not in modes:
        raise RebelError(f"{option}: there is no such mode", expected=f"one of {', '.join(modes)}")
    from rebel_tools.scons import remote

    remote.hold_to(Mode(given))
    sys.argv = ["scons", *words]
    leave(exit_status(_shared_main))


def _shared_main() -> None:
    if os.environ.get(REMOTE_ENVIRON) or os.environ.get(EXECUTOR_ENVIRON):
        from rebel_tools.scons import remote

        remote.share()
    _main()


def _main() -> None:
    from SCons.Script import main

    main()


def _explanation(asked: store.Question, verdict: Verdict) -> list[str]:
    from rebel_tools.text import printable

    lines = [f"running scons: {verdict.reason}"]
    for reason, places in store.load_refusals(asked):
        lines.append(f"  {reason}" + (f": {'; '.join(places)}" if places else ""))
    return [printable(line) for line in lines]
