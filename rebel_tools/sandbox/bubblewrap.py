"""Runs a command with bubblewrap in a root file system of its own: read-only toolchain, private /tmp, no network."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache

from rebel_tools.errors import MissingTool, RebelError
from rebel_tools.sandbox.toolchain import SYSTEM


@cache
def bwrap() -> str:
    """The path of the program, checked to work. Errors: MissingTool; RebelError if user namespaces are forbidden."""
    found = shutil.which("bwrap")
    if not found:
        raise MissingTool(
            "--sandbox runs commands with bubblewrap, which is not installed",
            hint="apt-get install bubblewrap, or --sandbox=trace, which needs only strace",
        )
    run = subprocess.run(
        [found, *_system(), "/bin/sh", "-c", ":"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if run.returncode != 0:
        raise RebelError(
            "--sandbox cannot isolate commands: user namespaces are forbidden here",
            details=run.stdout.strip().splitlines(),
            hint="use --sandbox=trace, or allow them; in Docker: --security-opt seccomp=unconfined",
        )
    return found


def _system() -> list[str]:
    words = ["--unshare-all", "--die-with-parent"]
    for folder in SYSTEM:
        if os.path.islink(folder):
            words += ["--symlink", os.readlink(folder), folder]
        elif os.path.isdir(folder):
            words += ["--ro-bind", folder, folder]
    return [*words, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]


def wrapper(
    stage: str, root: str, folder: str, toolchain: Iterable[str], files: Iterable[str], written: Mapping[str, str]
) -> list[str]:
    """The words before a command that run it in a root of its own (bwrap and its options).

    stage: the folder that replaces the project folder `root`. folder: where the command starts. toolchain: folders that
    are visible unchanged. files: visible files elsewhere. written: paths that it may change -> where it sees them.
    """
    words = [bwrap(), *_system()]
    before = [path for path in toolchain if not path.startswith(root + "/")]
    inside = [path for path in toolchain if path.startswith(root + "/")]
    for path in before:
        words += ["--ro-bind", path, path]
    for path in dict.fromkeys([root, os.path.realpath(root)]):
        words += ["--bind", stage, path]
    for path in (*inside, *files):
        words += ["--ro-bind", path, path]
    for path, seen in written.items():
        words += ["--bind", path, seen]
    return [*words, "--chdir", folder, "--"]
