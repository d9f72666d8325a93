"""`rebel test`: runs the tests that have not passed with their current inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rebel_tools.errors import RebelError

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands
    from rebel_tools.project.model import Test


def configure_parser(commands: Commands) -> None:
    from rebel_tools.cli.parser import add_build_command  # a build does not load it

    add_build_command(
        commands,
        "test",
        execute,
        "[TEST ...] [OPTION ...]",
        help="build and run the tests whose inputs have changed",
        description="Build the programs in `rebel.tests` of package.json and run them, several at a time. A test that "
        "has passed runs again when its program or one of its files has changed. TEST is the name of one, or of a "
        "member of the workspace.",
    )


def execute(args: Namespace) -> int:
    from rebel_tools.cli.run_scons import run_scons
    from rebel_tools.project import load_project
    from rebel_tools.project.tests import TEST
    from rebel_tools.sconstruct import check_installation, enter_project, has_own_script, with_profile

    check_installation()
    enter_project()
    words = with_profile(args.scons_arguments)
    names = [] if has_own_script() else names_of([*load_project(".").tests], words)
    rest = [word for word in words if word.startswith("-") or "=" in word or has_own_script()]
    return run_scons([*(names or [TEST]), *rest])


def names_of(tests: Sequence[Test], words: Sequence[str]) -> list[str]:
    """The names of these tests for scons. Errors: RebelError for an unknown test, and if there are no tests."""
    from rebel_tools.nearest import did_you_mean
    from rebel_tools.project.tests import TEST
    from rebel_tools.text import quote

    if not tests:
        raise RebelError(
            "no package of this project has tests",
            expected='such as "rebel": {"tests": {"programs": [{"entry": "test/units.ml"}]}}',
        )
    known = {name: name for test in tests for name in (test.name, test.name.rpartition("/")[0], TEST)}
    short = {name.removeprefix(f"{TEST}/").removesuffix(f"/{TEST}"): name for name in known}
    found = []
    for word in words:
        if word.startswith("-") or "=" in word:
            continue
        name = known.get(word) or short.get(word)
        if name is None:
            raise RebelError(
                f"there is no test {quote(word)}", expected=", ".join(short), hint=did_you_mean(word, short)
            )
        found.append(name)
    return found
