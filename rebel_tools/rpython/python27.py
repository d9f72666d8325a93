"""Finds a Python 2.7 that can run RPython's toolchain: CPython 2.7 or PyPy 2.7, on PATH or under pyenv."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from functools import cache

from rebel_tools.errors import MissingTool

NAMES = ("python2.7", "pypy", "pypy2", "pypy2.7", "python2", "python")
PRIVATE = os.path.join("python2.7", "usr", "bin", "python2.7")  # below a tools folder, see rebel_tools.rpython.setup
ENOUGH = "import sys, ctypes, hashlib; sys.exit(0 if sys.version_info[:2] == (2, 7) else 3)"

HINT = (
    "install it with pyenv (pyenv install 2.7.18, or pyenv install pypy2.7-7.3.17), or run bootstrap.py, which unpacks "
    "Debian's older packages where the archive has them; or set $RPYTHON_PYTHON"
)


def candidates(folders: tuple[str, ...] = ()) -> list[str]:
    """Programs that may be a Python 2.7: in tools folders, on PATH, under pyenv."""
    found = [os.path.join(folder, PRIVATE) for folder in folders]
    found += [path for path in map(shutil.which, NAMES) if path]
    root = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    for pattern in ("2.7*/bin/python2.7", "pypy2.7*/bin/pypy"):
        found += sorted(glob.glob(os.path.join(root, "versions", pattern)), reverse=True)
    return [path for path in found if os.path.isfile(path)]


@cache
def is_python27(path: str) -> bool:
    """Whether this program is a Python 2.7 with the modules that the toolchain imports."""
    # Another folder and -E, so that no module of the project's is imported.
    command = [os.path.abspath(path), "-E", "-c", ENOUGH]
    try:
        return subprocess.run(command, capture_output=True, timeout=30, cwd=os.sep).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def find_python27(folders: tuple[str, ...] = ()) -> str | None:
    """The path of a Python 2.7, None without one. folders: tools folders, which are searched first."""
    return next((path for path in candidates(folders) if is_python27(path)), None)


def require_python27(chosen: str = "", folders: tuple[str, ...] = ()) -> str:
    """The path of a Python 2.7: `chosen` if given, else the first that is found. Errors: MissingTool."""
    if chosen:
        path = shutil.which(chosen)
        if path is None or not is_python27(path):
            raise MissingTool(f"{chosen} is no working Python 2.7", hint=HINT)
        return path
    found = find_python27(folders)
    if found is None:
        raise MissingTool("RPython needs a Python 2.7 (CPython or PyPy), and none was found", hint=HINT)
    return found
