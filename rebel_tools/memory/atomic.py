"""Reads and writes files completely or not at all, and never writes through a link."""

from __future__ import annotations

import os
import stat


def read_regular(path: str) -> bytes | None:
    """The contents of a regular file; None without one, or for anything else, such as a FIFO, which could block."""
    try:
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            return file.read() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
    except OSError:
        return None


def new_file(path: str, mode: int) -> int:
    """The descriptor of a newly created file. Errors: OSError, also if the path exists as a dangling link."""
    return os.open(path, _NEW, mode)


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of the data to a file, in as many calls as the system needs. Errors: OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def first_link(root: str, name: str) -> str:
    """The first symbolic link on the way from the folder `root` to a path below it, '' if there is none."""
    path = root
    for part in name.split("/"):
        path = os.path.join(path, part)
        if os.path.islink(path):
            return path
    return ""


def write_atomically(path: str, data: bytes) -> None:
    """Replace a file: readers see either the old contents or all of the new. A link is replaced, not followed."""
    temporary = f"{path}.{os.getpid()}"
    if os.path.lexists(temporary):
        os.unlink(temporary)
    with open(temporary, "xb") as f:
        f.write(data)
    try:
        os.replace(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        raise OSError(error.errno, error.strerror, path) from None
