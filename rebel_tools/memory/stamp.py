"""The status of a file from which it follows whether it is still the same; all rooms use this module for it.

Stamps are compared as a whole. How soon after its time stamp a file can be written again without getting another stamp
depends on the file system: stamps in nanoseconds follow the ticks of the kernel's clock, at most 10 ms apart, while
ext3, HFS+ and ext4 with inodes of 128 bytes count whole seconds, and FAT counts units of two seconds.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:  # a build without work does not load `typing`
    from collections.abc import Iterable, Mapping
    from typing import Optional

    # When it changed last, in nanoseconds, its size, its inode; None: there is no such file.
    Stamp = Optional[list[int]]
else:
    Stamp = object

# How long a file may change without a new time stamp: with fine time stamps, and with whole seconds.
RACY_NS = 20_000_000
COARSE_NS = 2_000_000_000

_SECOND_NS = 1_000_000_000


def stamp(path: str) -> Stamp:
    """The stamp of a file or folder; that of a folder changes when a name in it is added or removed."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [last_change(status), status.st_size, status.st_ino]


def differing(files: Mapping[str, Stamp], folder: str) -> set[str]:
    """Those of the files whose stamp is not the one in `files`; relative paths are below `folder`."""
    if folder == os.getcwd():  # nearly always; joining thousands of paths takes as long as looking at the files
        return {path for path, known in files.items() if stamp(path) != known}
    return {path for path, known in files.items() if stamp(os.path.join(folder, path)) != known}


def last_change(status: os.stat_result) -> int:
    """When a file was written, or when its time stamp was set back (except on Windows, which does not record that)."""
    return max(status.st_mtime_ns, status.st_ctime_ns)


def is_settled(moment: int, now: int) -> bool:
    """Whether a file that was written at `moment` and read at `now` surely gets another stamp if it changes again."""
    return now - moment > (RACY_NS if moment % _SECOND_NS else COARSE_NS)


def stamps_before(paths: Iterable[str], now: int) -> dict[str, Stamp] | None:
    """The stamps of files that were read after `now`; None when one of them may have changed since."""
    found = {path: stamp(path) for path in paths}
    late = any(each and not is_settled(each[0], now) for each in found.values())
    return None if late else found


def stamps_text(paths: Iterable[str]) -> str:
    """A text that is different when one of the files has changed."""
    return "".join(f"{path} {stamp(path)}\n" for path in paths)
