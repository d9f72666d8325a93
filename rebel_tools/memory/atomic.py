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


def new_file(path: str, mode: int) -> int:
    """The descriptor of a file that was not there, also not as a link. Errors: OSError."""
    return os.open(path, _NEW, mode)


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write data to a file, however much of it the system takes at once. Errors: OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def write_atomically(path: str, data: bytes) -> None:
    """Write a file anew: readers find the old contents or all of the new ones. A link is replaced."""
    temporary = f"{path}.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)
    with open(temporary, "xb") as f:
        f.write(data)
    try:
        os.replace(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        raise OSError(error.errno, error.strerror, path) from None
