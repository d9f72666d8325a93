"""Reads the text of a package.json: a regular file of bounded size in UTF-8; anything else is an error."""

from __future__ import annotations

import errno
import os
import stat

from rebel_tools.errors import Place
from rebel_tools.project.errors import ProjectError

MAX_BYTES = 4 << 20  # the largest package.json on npm is far smaller

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def read_text(path: str) -> str:
    """The text of `path`, without a byte order mark, which npm drops, too.

    FileNotFoundError and NotADirectoryError pass through unless there is a link; all other errors are ProjectErrors.
    Only regular files are opened: reading a FIFO would wait for a writer.
    """
    try:
        status = os.stat(path)
        _check(path, status)
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        if os.path.islink(path):
            raise broken_link(path) from None
        raise
    except OSError as error:
        if os.path.islink(path) and leads_nowhere(error):
            raise broken_link(path) from None
        raise ProjectError(f"cannot be read: {error.strerror}", place=Place(path)) from None
    return _decode(path, data)


def kind_of(status: os.stat_result) -> str:
    """What a path is if it is not a regular file, for a message."""
    return _KINDS.get(stat.S_IFMT(status.st_mode), "no file")


def check_file(path: str) -> None:
    """Check that a path is a file, a folder, or nothing: to read anything else could take forever."""
    try:
        status = os.stat(path)
    except OSError:  # whoever reads it reports the error
        return
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise ProjectError(
            f"this is {kind_of(status)}", place=Place(path), expected="a file", hint="remove or rename it"
        )


def leads_nowhere(error: OSError) -> bool:
    """Whether this error is about a dangling link or a loop of links."""
    return error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def broken_link(path: str) -> ProjectError:
    """The error for a dangling link or a loop of links."""
    try:
        os.stat(path)
        circle = False
    except OSError as error:
        circle = error.errno == errno.ELOOP
    return ProjectError(
        f"this is a link to {os.readlink(path)}, " + ("and thus to itself" if circle else "which does not exist"),
        place=Place(path),
        hint="remove the link" if circle else "remove the link or restore its target",
    )


def place_at(path: str, text: str, offset: int) -> Place:
    """The line and column of a character offset."""
    return Place(path, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def line_at(text: str, offset: int) -> str:
    """The line that a character offset is in, without its end."""
    end = text.find("\n", offset)
    return text[text.rfind("\n", 0, offset) + 1 : len(text) if end < 0 else end].rstrip("\r")


def _check(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ProjectError(
            f"cannot be read: it is {kind_of(status)}", place=Place(path), expected="a file", hint="remove or rename it"
        )
    if status.st_size > MAX_BYTES:
        raise ProjectError(
            f"the file has {status.st_size:,} bytes", place=Place(path), expected=f"at most {MAX_BYTES:,} bytes"
        )


def _decode(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        raise ProjectError(
            f"byte {data[error.start]:#04x} is not UTF-8" + (": the file looks like UTF-16" if utf16 else ""),
            place=place_at(path, before, len(before)),
            source=line_at(data.decode("utf-8-sig", "surrogateescape"), len(before)),
            hint="save the file as UTF-8",
        ) from None
