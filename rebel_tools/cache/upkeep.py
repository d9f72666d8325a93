"""Maintenance of the cache: its size, trimming, verification and removal."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rebel_tools.cache.pack import unpacked
from rebel_tools.errors import RebelError

LIMIT = "REBEL_CACHE_SIZE"
DEFAULT_LIMIT = 5 << 30

# Temporary files older than this, in seconds, were left by a killed process; newer ones may still be written.
_LEFT_S = 3600

# A cache is trimmed to this fraction of its limit, so that the next build does not exceed it again.
_ROOM = 0.9

# A build trims the cache this long after the last time, and after it has stored this much.
_EVERY_S = 24 * 3600
_EVERY_PART = 0.05
_MARK = "trimmed"

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([KMGT]?)i?B?", re.IGNORECASE)


class Kept(NamedTuple):
    """A file of the cache. size: the bytes that it occupies on the disk; used: when it was last used, in seconds."""

    path: str
    size: int
    used: float


class Removed(NamedTuple):
    files: int
    size: int


def size_of(text: str) -> int:
    """A number of bytes, such as `500M` or `5 GB`, in powers of 1024. Errors: RebelError."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise RebelError(f"{text!r} is not a size", expected="a number and K, M, G or T, such as 5G")
    return int(float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " "))


def limit(environ: Mapping[str, str]) -> int:
    """The size limit of the cache in bytes. Errors: RebelError."""
    return size_of(environ[LIMIT]) if environ.get(LIMIT) else DEFAULT_LIMIT


def kept(folder: str) -> Iterator[Kept]:
    """All files of the cache in a folder; links are not followed."""
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                each = os.path.join(path, name)
                status = os.lstat(each)
                if stat.S_ISREG(status.st_mode) and path != folder:
                    size = getattr(status, "st_blocks", 0) * 512 or status.st_size
                    yield Kept(each, size, status.st_mtime)


def trim(folder: str, most: int) -> Removed:
    """Remove the least recently used files until at most `most` bytes are left."""
    files = sorted(kept(folder), key=lambda each: each.used)
    size, now = sum(each.size for each in files), time.time()
    goal, removed = most if size <= most else int(most * _ROOM), Removed(0, 0)
    for each in files:
        is_left = each.path.endswith("~") and now - each.used > _LEFT_S
        if size > goal or is_left:
            with contextlib.suppress(OSError):
                os.unlink(each.path)
                size -= each.size
                removed = Removed(removed.files + 1, removed.size + each.size)
    _mark(folder)
    return removed


def verify(folder: str) -> Removed:
    """Read everything, and remove what is damaged."""
    removed = Removed(0, 0)
    for each in kept(folder):
        if each.path.endswith("~") or _is_whole(each.path):
            continue
        with contextlib.suppress(OSError):
            os.unlink(each.path)
            removed = Removed(removed.files + 1, removed.size + each.size)
    return removed


def _is_whole(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return unpacked(file.read()) is not None
    except (OSError, ValueError, LookupError, TypeError):
        return False


def clear(folder: str) -> Removed:
    """Remove everything. Builds that are running make again what they miss."""
    return trim(folder, 0)


def is_due(folder: str, written: int, most: int) -> bool:
    """Whether a build that has written this many bytes into the cache should trim it."""
    try:
        age = time.time() - os.stat(os.path.join(folder, _MARK)).st_mtime
    except OSError:
        _mark(folder)
        return False
    return age > _EVERY_S or written > most * _EVERY_PART


def _mark(folder: str) -> None:
    path = os.path.join(folder, _MARK)
    with contextlib.suppress(OSError):
        if os.path.isdir(folder):
            with open(path, "wb"):
                os.utime(path)
