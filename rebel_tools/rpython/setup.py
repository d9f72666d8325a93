"""Sets up what RPython needs in a folder of the project's own: the rpython package, and a Python 2.7 where none is.

    python -m rebel_tools.rpython.setup [FOLDER]        (default: .tools)

`rpython` comes from PyPI, as it is, into FOLDER/rpython. Debian's older releases had python2.7: where the archive still
offers those packages, they are unpacked, not installed, into FOLDER/python2.7.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from rebel_tools.errors import MissingTool
from rebel_tools.rpython.python27 import HINT, PRIVATE, find_python27, is_python27

RPYTHON = "0.2.1"
REQUIREMENTS = (f"rpython=={RPYTHON}", "py==1.4.34")  # `py` is what rpython itself imports
PACKAGES = ("python2.7-minimal", "python2.7", "libpython2.7-minimal", "libpython2.7-stdlib")
WHEELS = ("--no-deps", "--platform", "any", "--python-version", "27", "--implementation", "py", "--only-binary=:all:")


def has_rpython(folder: str) -> bool:
    """Whether `folder` holds an importable rpython package: ours, an unpacked wheel, or a PyPy checkout."""
    return os.path.isfile(os.path.join(folder, "rpython", "translator", "translator.py"))


def ensure(folder: str) -> tuple[str, str]:
    """Make the rpython package and Python 2.7 available; returns (program, rpython folder). Errors: MissingTool."""
    rpython = os.path.join(folder, "rpython")
    if not has_rpython(rpython):
        install_rpython(rpython)
    python = find_python27((folder,)) or unpack_python27(folder)
    compile_modules(python, rpython)
    return python, rpython


def compile_modules(python: str, rpython: str) -> None:
    """Write the .pyc files of the rpython package once: without them every translation starts seconds later."""
    mark = os.path.join(rpython, "rpython", "translator", "translator.pyc")
    if not os.path.exists(mark):
        parts = filter(os.path.isdir, (os.path.join(rpython, name) for name in ("rpython", "py")))
        subprocess.run([python, "-m", "compileall", "-q", *parts], stdout=subprocess.DEVNULL, check=False)


def install_rpython(folder: str) -> None:
    """Unpack the wheels of rpython and what it imports from PyPI. Errors: MissingTool with pip's own words."""
    with tempfile.TemporaryDirectory() as downloads:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", downloads, *WHEELS, *REQUIREMENTS]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            raise MissingTool(
                f"pip could not download {' and '.join(REQUIREMENTS)}: {lines[-1] if lines else 'no reason given'}",
                hint=" ".join(command),
            )
        _unpack_wheels(Path(downloads), Path(folder))


def _unpack_wheels(downloads: Path, folder: Path) -> None:
    """All or nothing: the folder appears when it is complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        for wheel in sorted(downloads.glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(os.path.join(temporary, "rpython"))
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(os.path.join(temporary, "rpython"), folder)


def unpack_python27(folder: str) -> str:
    """Unpack Debian's packages of Python 2.7 below `folder`; returns the program. Errors: MissingTool."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise MissingTool("RPython needs a Python 2.7, and none was found; this is no Debian", hint=HINT)
    with tempfile.TemporaryDirectory() as downloads:
        done = subprocess.run(["apt-get", "download", *PACKAGES], cwd=downloads, capture_output=True, text=True)
        if done.returncode:
            raise MissingTool(
                "RPython needs a Python 2.7: none was found, and the archive of this Debian has no "
                + ", ".join(PACKAGES),
                hint=HINT,
            )
        root = os.path.join(folder, PRIVATE.split(os.sep)[0])
        for package in sorted(Path(downloads).glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", str(package), root], check=True)
    python = os.path.join(folder, PRIVATE)
    if not is_python27(python):
        raise MissingTool(f"{python} was unpacked but does not run", hint=HINT)
    return python


def main(arguments: list[str]) -> int:
    folder = os.path.abspath(arguments[0] if arguments else ".tools")
    try:
        python, rpython = ensure(folder)
    except MissingTool as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Python 2.7: {python}\nrpython {RPYTHON}: {rpython}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
