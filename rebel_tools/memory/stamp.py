"""What a file is, as far as its status tells: the one answer to "is this still the same file?".

A stamp is compared as a whole. How long after its moment a file may be written again without getting another stamp
depends on the file system: stamps in nanoseconds follow the ticks of the kernel's clock, at most 10 ms apart, while
ext3, HFS+ and ext4 with inodes of 128 bytes count whole seconds, and FAT counts every second one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Optional

# How long a file may change without another time stamp: where stamps are fine, and where they are whole seconds.
RACY_NS = 20_000_000
COARSE_NS = 2_000_000_000

_SECOND_NS = 1_000_000_000

Stamp = Optional[list[int]]  # the moment of the last change in nanoseconds, size, inode; None: there is no such file


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


def is_settled(moment: int, now: int) -> bool:
    """Whether a file that changed at `moment` and was the same at `now` gets another stamp when it changes again."""
    return now - moment > (RACY_NS if moment % _SECOND_NS else COARSE_NS)


def stamps_before(paths: Iterable[str], now: int) -> dict[str, Stamp] | None:
    """Stamps of files that were read after the moment `now`; None when one of them may have changed since."""
    found = {path: stamp(path) for path in paths}
    late = any(each and not is_settled(each[0], now) for each in found.values())
    return None if late else found


def stamps_text(paths: Iterable[str]) -> str:
    """A text that changes when one of the files does."""
    return "".join(f"{path} {stamp(path)}\n" for path in paths)
