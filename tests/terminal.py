"""A real pseudo-terminal for a command, and the contents of its screen when the command has ended."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

from hang import SECONDS

ROOT = Path(__file__).resolve().parent.parent
_PIECE = re.compile(r"\x1b\[([\d;]*)([A-Za-z])|[\r\n]|[^\x1b\r\n]+|\x1b")


class Shown:
    """rc: the exit status; text: everything that was written; lines: the lines left on the screen, without colours;
    widest: the last column that was ever written to.
    """

    def __init__(self, rc: int, text: str):
        self.rc, self.text = rc, text
        self.lines, self.widest = _screen(text)


def on_terminal(folder: Path, *command: str, columns: int = 80, env: dict | None = None) -> Shown:
    """Run `command` in `folder` with its three streams on a terminal with `columns` columns."""
    own, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "CI")}
    environ = {**inherited, "TERM": "xterm", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
    streams = {"stdin": other, "stdout": other, "stderr": other}
    process = subprocess.Popen(command, cwd=folder, env=environ, start_new_session=True, **streams)
    os.close(other)
    said = b""
    while piece := _read(own):
        said += piece
    os.close(own)
    return Shown(process.wait(SECONDS), said.decode())


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux reports that no process has the terminal open any more
        return b""


def _screen(text: str) -> tuple[list[str], int]:
    lines, column, widest = [""], 0, 0
    for piece in _PIECE.finditer(text):
        shown = piece[0]
        if shown == "\n":
            lines.append("")
            column = 0
        elif shown == "\r":
            column = 0
        elif piece[2] == "K":
            lines[-1] = lines[-1][:column]
        elif piece[2] != "m":
            assert piece[2] is None, f"{shown!r} is not for every terminal"
            lines[-1] = lines[-1][:column].ljust(column) + shown + lines[-1][column + len(shown) :]
            column += len(shown)
            widest = max(widest, column)
    return [line.rstrip() for line in lines if line.strip()], widest
