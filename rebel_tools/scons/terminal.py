"""Standard output and error of a build: whole messages, and below them a status line that is removed at the end."""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
from typing import Any, TextIO, cast

from rebel_tools import signals
from rebel_tools.presentation import colour
from rebel_tools.text import columns, printable, screened


class Terminal:
    """Standard output and error: whole messages, and below them one status line where this is a terminal."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.begin()

    def begin(self) -> None:
        """Start with the current streams of the process."""
        self.out = sys.stdout
        self.fancy = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        # Output of others, such as SCons, also appears above the status line.
        sys.stdout, sys.stderr = (cast(TextIO, _Stream(self, stream)) for stream in (sys.stdout, sys.stderr))
        self.shown = False
        self.started = 0
        self.restored = 0
        self.total = 0

    @property
    def colour(self) -> bool:
        """Whether compilers should colour their messages."""
        return colour()

    def expect(self, steps: int) -> None:
        """Add to the number of steps that are going to run."""
        self.total += steps

    def restore(self) -> None:
        """Count a step that was restored from the cache."""
        with self.lock:
            self.restored += 1

    def step(self, text: str) -> None:
        """A step begins."""
        with self.lock, signals.needs_a_reader():
            self.started += 1
            line = printable(f"[{self.started}/{max(self.total, self.started)}] {text}")
            if self.fancy:
                self.out.write("\r\x1b[K" + fitting(line, shutil.get_terminal_size().columns - 1))
                self.shown = True
            else:
                self.out.write(line + "\n")
            self.out.flush()

    def say(self, stream: TextIO, text: str) -> None:
        """Print a message in one piece, above the status line."""
        if text:
            with self.lock, signals.needs_a_reader():
                self.clear()
                stream.write(screened(text, self.colour))
                stream.flush()

    def clear(self) -> None:
        if self.shown:
            self.out.write("\r\x1b[K")
            self.out.flush()
            self.shown = False


# Messages of SCons, which prints file names unescaped, and the positions of the names in them.
_OF_SCONS = re.compile(r"\s*scons: |(re)?building `|Removed |Retrieved `")
_OF_A_TREE = re.compile(r"[\[\] |A-Z]*\+-")
_NAME = re.compile(r"(?<=\*\*\* \[).+?(?=\] )|(?<=`).+?(?=')|(?<=' \().+?(?=\)\.)|(?<=^Removed ).+(?=\n)", re.DOTALL)


def _fit(text: str) -> str:
    """A message of SCons with its file names escaped; other output is not changed."""
    if _OF_A_TREE.match(text):
        return printable(text.rstrip("\n")) + text[len(text.rstrip("\n")) :]
    if _OF_SCONS.match(text) is None:
        return text
    return screened(_NAME.sub(lambda found: printable(found[0]), text))


class _Stream:
    """A stream of the process; the status line goes before anything is written to it."""

    def __init__(self, terminal: Terminal, stream: TextIO) -> None:
        self._terminal = terminal
        self._stream = stream

    def write(self, text: str) -> int:
        with self._terminal.lock:
            self._terminal.clear()
            return self._stream.write(_fit(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def fitting(line: str, width: int) -> str:
    """The beginning of a printable line that fits into this many columns."""
    while columns(line) > width:
        line = line[: -max(1, (columns(line) - width) // 2)]
    return line


TERMINAL = Terminal()
