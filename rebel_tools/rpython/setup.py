"""Installs what RPython needs into a folder of the project: the rpython package, and a Python 2.7 if there is none.

    python -m rebel_tools.rpython.setup [FOLDER]        (default: .tools)

`rpython` is unpacked from PyPI, unchanged, into FOLDER/rpython. Debian 11 was the last release with python2.7: its
packages are downloaded from the archive that this machine uses, verified by apt, and unpacked into FOLDER/python2.7,
without being installed.
"""

from __future__ import annotations

import os
import shlex
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
LAST_RELEASE = "bullseye"
LIBRARIES = ("libffi7", "libssl1.1")  # what ctypes and hashlib of that release link with
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
WHEELS = ("--no-deps", "--platform", "any", "--python-version", "27", "--implementation", "py", "--only-binary=:all:")


def has_rpython(folder: str) -> bool:
    """Whether `folder` holds an importable rpython package: an unpacked wheel, or a PyPy checkout."""
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
    """Unpack the wheels of rpython and of what it imports from PyPI. Errors: MissingTool with pip's message."""
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
    """Unpack all wheels into the folder, which appears only when it is complete."""
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
        raise MissingTool("RPython needs a Python 2.7, and none was found; this system is not Debian", hint=HINT)
    root = os.path.join(folder, PRIVATE.split(os.sep)[0])
    os.makedirs(root, exist_ok=True)
    with tempfile.TemporaryDirectory() as downloads:
        if not (_download(downloads, PACKAGES) or _download_of_last_release(downloads)):
            raise MissingTool(
                "RPython needs a Python 2.7: none was found, and neither this system's archive nor that of Debian "
                f"{LAST_RELEASE} has {', '.join(PACKAGES)}",
                hint=HINT,
            )
        for package in sorted(Path(downloads).glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", str(package), root], check=True)
    python = os.path.join(folder, PRIVATE)
    _use_own_libraries(python, root)
    if not is_python27(python):
        raise MissingTool(f"{python} was unpacked but does not run", hint=HINT)
    return python


def _download(folder: str, packages: tuple[str, ...], options: tuple[str, ...] = ()) -> bool:
    command = ["apt-get", *options, "download", *packages]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True).returncode == 0


def _download_of_last_release(folder: str) -> bool:
    """Download the packages with sources and a state of apt of our own: those of the system are not changed."""
    if not os.path.exists(KEYRING):
        return False
    state = os.path.join(folder, "apt")
    for name in ("state/lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(state, name))
    sources = os.path.join(state, "sources.list")
    with open(sources, "w") as file:
        file.writelines(f"deb [signed-by={KEYRING}] {uri} {LAST_RELEASE} main\n" for uri in _archives())
    options = (
        *("-o", f"Dir::Etc::SourceList={sources}", "-o", "Dir::Etc::SourceParts=/dev/null"),
        *("-o", f"Dir::State={state}/state", "-o", "Dir::State::status=/var/lib/dpkg/status"),
        *("-o", f"Dir::Cache={state}/cache", "-o", "APT::Sandbox::User=root"),
    )
    subprocess.run(["apt-get", *options, "update"], capture_output=True)
    return _download(folder, (*PACKAGES, *LIBRARIES), options)


def _archives() -> list[str]:
    """The archives that this machine's apt uses, without those of security updates."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    listed = subprocess.run(command, capture_output=True, text=True).stdout.split()
    return sorted({uri for uri in listed if "security" not in uri})


def _use_own_libraries(python: str, root: str) -> None:
    """If libraries were unpacked, too, replace the program by a script that starts it with their folders in
    LD_LIBRARY_PATH.
    """
    folders = sorted({str(path.parent) for path in Path(root).glob("usr/lib/*/lib*.so.*")})
    if not folders:
        return
    program = f"{python}.program"
    os.replace(python, program)
    path = shlex.quote(":".join(folders))
    with open(python, "w") as file:
        file.write(f'#!/bin/sh\nLD_LIBRARY_PATH={path} exec {shlex.quote(program)} "$@"\n')
    os.chmod(python, 0o755)


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
