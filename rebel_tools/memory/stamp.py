"""What a file is, as far as its status tells: the one answer to "is this still the same file?"."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Optional

# A file whose time stamp is this close to the moment it was read may change again without another stamp.
RACY_NS = 20_000_000

Stamp = Optional[list]  # the moment of the last change in nanoseconds, size, inode; None: there is no such file


def stamp(path: str) -> Stamp:
    """The status of a file or folder; of a folder, what changes when a name in it comes or goes."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [last_change(status), status.st_size, status.st_ino]


def last_change(status: os.stat_result) -> int:
    """When a file was written, or, where that was set back, when that was done. Windows knows no time of the latter."""
    return max(status.st_mtime_ns, status.st_ctime_ns)


def stamps_before(paths: Iterable[str], moment_ns: int) -> dict[str, Stamp] | None:
    """Stamps of files that were read after `moment_ns`; None when one of them may have changed since."""
    found = {path: stamp(path) for path in paths}
    late = any(each and each[0] > moment_ns - RACY_NS for each in found.values())
    return None if late else found
