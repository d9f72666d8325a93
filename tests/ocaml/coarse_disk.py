"""A file system with time stamps in whole seconds: ext4 with inodes of 128 bytes, which have no room for fractions."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROGRAMS = ("mkfs.ext4", "mount", "umount", "losetup")


def why_no_coarse_disk() -> str:
    """Why this user cannot have such a file system; '' if possible."""
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        return f"needs {', '.join(missing)}"
    return "needs root, to mount a file system" if os.geteuid() else _mounting()


@cache
def _mounting() -> str:
    done = subprocess.run(["losetup", "--find"], capture_output=True, text=True)
    return done.stderr.strip()


@contextlib.contextmanager
def coarse_disk(folder: Path) -> Iterator[Path]:
    """The top folder of such a file system, mounted below `folder`."""
    image, mounted = folder / "image", folder / "mounted"
    mounted.mkdir()
    subprocess.run(["truncate", "-s", "200M", image], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-I", "128", image], check=True, capture_output=True)
    subprocess.run(["mount", "-o", "loop", image, mounted], check=True)
    try:
        yield mounted
    finally:
        subprocess.run(["umount", mounted], check=True)
        image.unlink()
