"""What `rebel` prints about a build: messages at its end in a fixed order, failures, and a result line.

Compilers run in parallel and end in a different order each time. Their messages are kept until the build has ended, and
printed sorted by source: first those of successful steps, then those of failed ones.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import SCons.Node
import SCons.Script

from rebel_tools import signals
from rebel_tools.errors import RebelError
from rebel_tools.presentation import Presentation, shown
from rebel_tools.scons.compat import start_time
from rebel_tools.scons.failures import Failure
from rebel_tools.scons.output import SAID, SOURCES, Listener
from rebel_tools.scons.said import Said
from rebel_tools.scons.terminal import TERMINAL
from rebel_tools.text import printable

_WARNING = re.compile(r"^(?:\x1b\[[\d;]*m)*(?:Warning|Alert)\b", re.MULTILINE)
# Options that build nothing.
NOTHING_BUILT = ("no_exec", "question", "clean", "help")


class _Message(NamedTuple):
    """The messages of a step. about: its source, or its target if it has none."""

    about: str
    stdout: str
    stderr: str


class Report(Listener):
    """Collects the events of a build, and prints them at the end."""

    name = "rebel"

    def __init__(self, how: Presentation) -> None:
        self._how = how
        self._goals: dict[str, Any] = {}
        self._before: list[Callable[[], Iterable[Said]]] = []
        self._said: list[_Message] = []
        self._failed: list[_Message] = []
        self._failures: set[str] = set()
        self._tests: list[Any] = []

    def test(self, name: str, node: Any) -> None:
        """Include a run of a test in the result."""
        self._goals[name] = node
        self._tests.append(node)

    def goal(self, name: str, node: Any, said: Callable[[], Iterable[Said]]) -> None:
        """Include a target in the result, if the build reaches it. said: the messages of its steps when they ran."""
        self._goals[name] = node
        self._before.append(said)

    # During the build

    def said(self, target: str, stdout: str, stderr: str, status: int) -> None:
        if stdout or stderr:
            messages = self._failed if status else self._said
            messages.append(_Message(SOURCES.get(target, target), stdout, stderr))

    def mistake(self, error: RebelError) -> None:
        """Report an error that ends scons before it builds anything."""
        TERMINAL.say(sys.stderr, f"rebel: error: {error}\n")

    def failed(self, failure: Failure) -> None:
        """Record a failed step."""
        if failure.cause is not None:
            self._failed.append(_Message(failure.about, "", f"rebel: error: {failure.cause}\n"))
        elif failure.reason:
            text = f"{printable(failure.about)}: {printable(failure.reason)}\n"
            self._failed.append(_Message(failure.about, "", text))
        self._failures.add(failure.about)

    def ends(self, node: Any) -> None:
        """Record that the step of a node succeeded."""

    # At its end

    def end(self) -> None:
        TERMINAL.clear()

    def built(self) -> None:
        """Report at the end of the build, unless the user has interrupted it."""
        TERMINAL.clear()
        self._said += [_Message(each.about, "", shown(each.text)) for each in self.again()]
        for messages in (self._said, self._failed):
            for message in sorted(set(messages)):
                TERMINAL.say(sys.stdout, message.stdout)
                TERMINAL.say(sys.stderr, message.stderr)
        if signals.received() is None:
            self._summary()
        self._said, self._failed, self._failures = [], [], set()
        SAID.clear()

    def again(self) -> Iterator[Said]:
        """The recorded messages of steps that did not run."""
        if not any(map(SCons.Script.GetOption, NOTHING_BUILT)):
            yield from (each for said in self._before for each in said() if each.target not in SAID)

    def made(self) -> list[str]:
        """The targets that the build reached and that are up to date."""
        states = (SCons.Node.executed, SCons.Node.up_to_date)
        return [name for name, node in self._goals.items() if node.get_state() in states]

    def _summary(self) -> None:
        failed = sorted(map(printable, self._failures))
        if len(failed) == 1:
            TERMINAL.say(sys.stderr, f"1 step failed: {failed[0]}\n")
        elif failed:
            TERMINAL.say(sys.stderr, f"{len(failed)} steps failed:\n" + "".join(f"  {each}\n" for each in failed))
        elif not self._how.quiet and not any(map(SCons.Script.GetOption, ("silent", *NOTHING_BUILT))):
            self._result()

    def _result(self) -> None:
        """Print the result line of a successful build; on a terminal with the time and the number of steps."""
        made, found = self.made(), warnings(message.stderr for message in set(self._said))
        if self._tests:
            ran = sum(node.get_state() == SCons.Node.executed for node in self._tests)
            TERMINAL.say(sys.stdout, f"{passed(len(self._tests), ran)}{f' ({found})' if found else ''}\n")
            return
        if not TERMINAL.started and not TERMINAL.restored:
            TERMINAL.say(sys.stdout, f"{up_to_date(made, found)}\n")
            return
        asked = [str(word) for word in SCons.Script.COMMAND_LINE_TARGETS]
        steps = counted(TERMINAL.started) if TERMINAL.fancy and TERMINAL.started else ""
        restored = f"{counted(TERMINAL.restored)} from the cache" if TERMINAL.restored else ""
        took = f" in {time.time() - start_time():.1f} s" if TERMINAL.fancy else ""
        more = ", ".join(filter(None, (steps, restored, found)))
        TERMINAL.say(sys.stdout, f"Built {names(made or asked)}{took}{f' ({more})' if more else ''}\n")


def counted(steps: int) -> str:
    return f"{steps} step{'s' * (steps > 1)}"


def passed(number: int, ran: int) -> str:
    """The result of tests. ran: how many were run, because their inputs had changed."""
    tests = f"{number} test{'s' * (number > 1)} passed"
    return f"{tests}, none had to run" if not ran else f"{tests}, {ran} ran" if ran < number else tests


def names(paths: list[str]) -> str:
    """The first few paths, for a sentence."""
    shown = [printable(path) for path in paths[:3]]
    rest = len(paths) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def warnings(texts: Iterable[str]) -> str:
    """The number of compiler warnings as text; '' for none."""
    number = sum(len(_WARNING.findall(text)) for text in texts)
    return f"{number} warning{'s' * (number > 1)}" if number else ""


def up_to_date(made: list[str], found: str = "") -> str:
    """The result of a build that had nothing to do. found: how many warnings there are."""
    result = f"{names(made)} {'is' if len(made) == 1 else 'are'} up to date" if made else "Nothing to do"
    return f"{result} ({found})" if found else result
