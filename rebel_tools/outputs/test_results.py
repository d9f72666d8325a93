"""The outcome of tests: whether their output is as expected, and promotion of output to expected files."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from rebel_tools.errors import Place, RebelError
from rebel_tools.memory.atomic import first_link, read_regular, write_atomically
from rebel_tools.project.model import Case, Project, Test

FOLDER = ".tests"
"""A folder below the output folder; no target can have this name."""

_SHOWN = 60  # last lines of a program's output that are shown
_COMPARED = 4000  # lines of each side: the time of a comparison can grow with their square


class Run(NamedTuple):
    """How a program ended: its status as in `subprocess`, the file with its standard output, and its standard error."""

    status: int
    stdout: str
    stderr: bytes


class Promoted(NamedTuple):
    """path: that of an expected file, from the current folder."""

    test: str
    path: str


def passed_path(build: str, test: Test, case: Case) -> str:
    """The file that exists if a test has passed. build: the output folder, including that of the profile."""
    return _path(build, test, case, "passed")


def actual_path(build: str, test: Test, case: Case) -> str:
    """The file with the output of a test; it does not exist if the test has passed."""
    return _path(build, test, case, "actual")


def _path(build: str, test: Test, case: Case, ending: str) -> str:
    return os.path.join(build, FOLDER, test.name, f"{case.name or 'run'}.{ending}")


class Wanted(NamedTuple):
    """What is expected of a run of a test.

    title: its name in messages. exit_status: the expected one. expected: the path of the file with the expected output,
    '' if it is not compared, and `shown` this path for people.
    """

    title: str
    exit_status: int = 0
    expected: str = ""
    shown: str = ""


def complaint(wanted: Wanted, run: Run) -> str:
    """What is wrong with a run, with the details that explain it; '' if it has passed."""
    title, shown = wanted.title, wanted.shown
    if run.status != wanted.exit_status:
        said = _tail(run.stderr) + _tail(read_regular(run.stdout) or b"")
        return f"Error: {title} {_ended(run.status)}, expected {wanted.exit_status}\n{said}"
    if not wanted.expected:
        return ""
    right, got = read_regular(wanted.expected), read_regular(run.stdout) or b""
    if right == got:
        return ""
    what = f"does not print the contents of {shown}"
    if right is None:
        what = f"has no expected output yet ({shown})"
    lines = "".join(_difference(right or b"", got, shown))
    return f"Error: {title} {what}\n{lines}{_tail(run.stderr)}  hint: if its output is right: rebel promote\n"


def _ended(status: int) -> str:
    return f"was killed by signal {-status}" if status < 0 else f"ended with exit status {status}"


def _tail(data: bytes) -> str:
    lines = data.decode("utf-8", "replace").splitlines()
    left_out = [f"... ({len(lines) - _SHOWN} lines before)"] if len(lines) > _SHOWN else []
    return "".join(f"{line}\n" for line in (*left_out, *lines[-_SHOWN:]))


def _difference(wanted: bytes, got: bytes, path: str) -> Iterator[str]:
    """A unified diff; for long texts it begins at the first difference."""
    one, other = (data.decode("utf-8", "backslashreplace").splitlines() for data in (wanted, got))
    first = _first_difference(one, other)
    if first is None:
        one_end, other_end = ("a line break" if data.endswith(b"\n") else "no line break" for data in (wanted, got))
        yield f"They differ at their ends: expected {one_end}, found {other_end}\n"
        return
    start = max(0, first - 3) if max(len(one), len(other)) > _COMPARED else 0
    one, other = one[start : start + _COMPARED], other[start : start + _COMPARED]
    lines = difflib.unified_diff(one, other, path, "printed", lineterm="")
    for number, line in enumerate(lines):
        if number > 2 * _SHOWN:
            yield "...\n"
            return
        yield f"{line}\n"


def _first_difference(one: list[str], other: list[str]) -> int | None:
    pairs = zip(one, other)
    found = next((at for at, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))
    return found if found < max(len(one), len(other)) else None


def promote(project: Project, build: str, tests: Iterable[Test]) -> list[Promoted]:
    """Replace expected files by the output of the tests, where they differ. build: as for `passed_path`.

    Errors: RebelError for an expected file that is a link or below a folder that is one; OSError.
    """
    found = []
    for test in tests:
        root = project.package(test.package).root
        for case in test.cases:
            got = read_regular(actual_path(build, test, case))
            if case.expected and got is not None and got != read_regular(os.path.join(root, case.expected)):
                _write(root, case.expected, got)
                found.append(Promoted(test.name, os.path.relpath(os.path.join(root, case.expected))))
            if case.expected:
                with suppress(FileNotFoundError):
                    os.unlink(actual_path(build, test, case))
    return found


def _write(root: str, name: str, data: bytes) -> None:
    path, link = os.path.join(root, name), first_link(root, name)
    if link:
        message = "this is a link, and rebel does not write through links"
        raise RebelError(message, place=Place(link), hint="edit the file that it points to")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_atomically(path, data)
