"""Files that are read and written whole or not at all, and of which nobody else decides where they lie."""

from __future__ import annotations

import contextlib
import os
import stat


def read_regular(path: str) -> bytes | None:
    """The contents of a file; None when there is none, or something else, such as a FIFO that would not let go."""
    try:
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            return file.read() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
    except OSError:
        return None


def write_atomically(path: str, data: bytes) -> None:
    """Write a file anew: whoever reads it finds the old contents or all of the new ones. A link is replaced."""
    temporary = f"{path}.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)
    with open(temporary, "xb") as f:
        f.write(data)
    try:
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
