#!/usr/bin/env python3
"""Set everything up on a fresh Debian or Ubuntu, and show that it works.

    python3 bootstrap.py                 installs what a build needs; then builds and runs an example
    python3 bootstrap.py test [ARG ...]  also installs what only the tests need; then runs pytest with ARG
    python3 bootstrap.py matrix [SUITE ...]  both on bare machines with other Debians; writes docs/matrix.md

Only what is missing is installed, so the second run is quick. System packages are installed by apt if this runs as
root; otherwise, the command to run is printed. Everything else is in this folder: the virtual environment .venv, and
refmt, the parser of Reason, in .tools. It comes from the registry of npm (npm_config_registry, or `registry=` in
~/.npmrc); without it, everything but Reason works.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
TOOLS = ROOT / ".tools"
EXAMPLE = ROOT / "examples" / "markdown"


class NpmPackage(NamedTuple):
    """A package of npm. sha512: the digest of its archive, in base64, as in the registry."""

    name: str
    version: str
    sha512: str

    @property
    def path(self) -> str:
        return f"{self.name}/-/{self.name.rpartition('/')[2]}-{self.version}.tgz"


BS_PLATFORM = NpmPackage(
    "bs-platform",
    "9.0.2",
    "Ye9JqJ4Oa7mcjjoOVRYI8Uc2Cf8N7jQLWDcdUplY7996d/YErSR7WitmV7XnSwr4EvdrbwjEsg1NxNjUQv3ChA==",
)
SARIF_MULTITOOL = NpmPackage(
    "@microsoft/sarif-multitool-linux",
    "5.7.0",
    "NxUbpq6ISCWoTQ/NfOYEwEDKq1Heka/rMoJ5R5LMydcAZQX/X7g5mWHcgxDub+0M07LC96tZ5LZHvF1Qy3gjTA==",
)

LINTERS_OF_PYTHON27 = ("pyflakes==2.4.0", "pycodestyle==2.8.0")

# What has to be on PATH, or to be a findlib library, and the Debian package that contains it.
BUILD_PROGRAMS = {"ocamlopt": "ocaml", "ocamlfind": "ocaml-findlib", "gcc": "gcc"}
BUILD_LIBRARIES = {"ppxlib": "libppxlib-ocaml-dev"}
TEST_PROGRAMS = {
    "g++": "g++",
    "make": "make",
    "node": "nodejs",
    "js_of_ocaml": "js-of-ocaml",
    "x86_64-w64-mingw32-gcc": "gcc-mingw-w64-x86-64",
    "x86_64-w64-mingw32-g++": "g++-mingw-w64-x86-64",
    "i686-w64-mingw32-gcc": "gcc-mingw-w64-i686",
    "i686-w64-mingw32-g++": "g++-mingw-w64-i686",
    "menhir": "menhir",
    "cppo": "cppo",
    "pkg-config": "pkg-config",
    "dwz": "dwz",
    "gfortran": "gfortran",
    "llvm-dwp": "llvm",
    "chromium": "chromium",
    "clang++": "clang",
    "clang-19": "clang-19",
    "ld.lld": "lld",
    "powerpc-linux-gnu-gcc": "gcc-powerpc-linux-gnu",
    "pahole": "dwarves",
    "bwrap": "bubblewrap",
    "strace": "strace",
    "nginx": "nginx-light",
    "openssl": "openssl",
    "zsh": "zsh",
    "fish": "fish",
    "man": "man-db",
    "dune": "ocaml-dune",
    "opam": "opam",
    "odoc": "ocaml-odoc",
    "utop": "utop",
    "dot": "graphviz",
}
TEST_LIBRARIES = {
    "re": "libre-ocaml-dev",
    "alcotest": "libalcotest-ocaml-dev",
    "ounit2": "libounit-ocaml-dev",
    "ppx_deriving": "libppx-deriving-ocaml-dev",
}


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 9):  # noqa: UP036 (this file runs before pip can refuse)
        raise SystemExit(f"bootstrap.py: Python 3.9 or later is needed; this is {sys.version.split()[0]}")
    if arguments[:1] == ["matrix"]:
        from machines import matrix

        return matrix.main(arguments[1:])
    if arguments and arguments[0] != "test":
        raise SystemExit(__doc__)
    testing = bool(arguments)
    install_system_packages(testing)
    make_virtual_environment()
    install_python_packages("test" if testing else "")
    install_refmt()
    if testing:
        install_sarif_multitool()
        set_up_rpython()
        install_linters_of_python27()
        return run_tests(arguments[1:])
    build_example()
    return 0


def install_system_packages(testing: bool) -> None:
    """Install what is missing, with apt; without root or apt, the user has to do it."""
    packages = missing_packages(BUILD_PROGRAMS, BUILD_LIBRARIES)
    if not has_module("ensurepip") or not has_module("venv"):
        packages.append("python3-venv")
    of_tests = missing_packages(TEST_PROGRAMS, TEST_LIBRARIES) if testing else []
    if not packages and not of_tests:
        return
    if not shutil.which("apt-get"):
        raise SystemExit(
            f"bootstrap.py: install the programs of these Debian packages: {' '.join([*packages, *of_tests])}"
        )
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if os.geteuid() == 0:
        run("apt-get", "update", "-q", env=environment)
    packages += [package for package in of_tests if is_in_release(package)]
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if packages and os.geteuid() != 0:
        command = f"sudo apt-get update && sudo {shlex.join(install)}"
        raise SystemExit(f"bootstrap.py: packages are missing. Run this, and then bootstrap.py again:\n\n  {command}\n")
    if packages:
        run(*install, env=environment)


def is_in_release(package: str) -> bool:
    """Whether this release of Debian has a package, as far as apt knows. Tests that need a missing one are skipped."""
    if not any(Path("/var/lib/apt/lists").glob("*Packages*")):  # `apt-get update` has not run yet
        return True
    shown = subprocess.run(["apt-cache", "show", package], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if shown.returncode != 0:
        print(f"bootstrap.py: this system has no package {package}; tests that need it are skipped", flush=True)
    return shown.returncode == 0


def missing_packages(programs: dict[str, str], libraries: dict[str, str]) -> list[str]:
    packages = [package for program, package in programs.items() if not shutil.which(program)]
    return packages + [package for library, package in libraries.items() if not has_library(library)]


def has_library(name: str) -> bool:
    if not shutil.which("ocamlfind"):
        return False
    query = subprocess.run(["ocamlfind", "query", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return query.returncode == 0


def has_module(name: str) -> bool:
    """Whether this Python can import `name`; asked in a new process, because apt may have just installed it."""
    check = subprocess.run([sys.executable, "-c", f"import {name}"], stderr=subprocess.DEVNULL)
    return check.returncode == 0


def make_virtual_environment() -> None:
    """The folder .venv; an incomplete one, or one whose Python does not exist any more, is made again."""
    works = [str(BIN / "python"), "-m", "pip", "--version"]
    if (BIN / "python").exists() and subprocess.run(works, stdout=subprocess.DEVNULL).returncode == 0:
        return
    run(sys.executable, "-m", "venv", "--clear", VENV)


def install_python_packages(extra: str) -> None:
    """Install this package in editable form with `extra`, unless that was done for the same requirements already."""
    # A path for Python instead of a program that finds one package, which would run at every start of Python.
    editable = ("--config-settings", "editable_mode=compat", "-e", f"{ROOT}[{extra}]" if extra else str(ROOT))
    wanted = (ROOT / "setup.cfg").read_bytes() + (ROOT / "pyproject.toml").read_bytes() + shlex.join(editable).encode()
    digest = hashlib.sha256(wanted).hexdigest()
    stamp = VENV / f"installed-{extra or 'build'}"
    if stamp.exists() and stamp.read_text() == digest:
        return
    run(BIN / "python", "-m", "pip", "install", "-q", "pip>=22.1")  # older ones do not have --config-settings
    run(BIN / "python", "-m", "pip", "install", "-q", *editable)
    stamp.write_text(digest)


def install_refmt() -> None:
    """refmt, the parser of Reason, and a link to it in .venv/bin where the build finds it; nothing else needs it."""
    if has_refmt():
        return
    program = from_npm("refmt")
    try:
        if not program.exists():
            unpack_npm_package(BS_PLATFORM, TOOLS)
        runs = subprocess.run([str(program), "--version"], stdout=subprocess.DEVNULL).returncode == 0
    except OSError as error:  # a failure of the network, or a program for another kind of machine
        print(f"bootstrap.py: {error}", file=sys.stderr)
        runs = False
    if not runs:
        print("bootstrap.py: refmt is not available; continuing without Reason", file=sys.stderr)
        return
    (BIN / "refmt").unlink(missing_ok=True)  # a dangling link
    (BIN / "refmt").symlink_to(os.path.relpath(program, BIN))


def install_sarif_multitool() -> None:
    """The SARIF validator with GitHub's rules, from npm; the program in its package is not executable."""
    folder = TOOLS / "sarif"
    program = folder / "node_modules" / "@microsoft" / "sarif-multitool-linux" / "Sarif.Multitool"
    try:
        if not program.exists():
            unpack_npm_package(SARIF_MULTITOOL, folder)
        program.chmod(0o755)
    except OSError as error:
        print(f"bootstrap.py: {error}; continuing without the SARIF validator", file=sys.stderr)


def unpack_npm_package(package: NpmPackage, folder: Path) -> None:
    """Do the same as `npm install --ignore-scripts` for a package without dependencies. Errors: OSError.

    npm itself is not needed: Debian's has some 360 dependencies.
    """
    place = f"{npm_registry()}/{package.path}"
    print("+ unpack", place, flush=True)
    try:
        with urllib.request.urlopen(place, timeout=60) as answer:
            data = answer.read()
    except (OSError, ValueError) as error:
        raise OSError(f"{place}: {error}") from None
    if base64.b64encode(hashlib.sha512(data).digest()).decode() != package.sha512:
        raise SystemExit(f"bootstrap.py: {place} is not {package.name} {package.version}: the digest differs")
    target = folder / "node_modules" / package.name
    half = target.with_name(f"{target.name}.part")
    shutil.rmtree(half, ignore_errors=True)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            path = half / member.name.partition("/")[2]  # the first folder is called `package`
            if member.isfile() and path.resolve().is_relative_to(half.resolve()):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.extractfile(member).read())
                path.chmod(0o755 if member.mode & 0o100 else 0o644)
    shutil.rmtree(target, ignore_errors=True)
    half.rename(target)


def npm_registry() -> str:
    """The registry that npm uses: according to its environment variable, or ~/.npmrc (npm's manual, npmrc)."""
    named = next((value for name, value in os.environ.items() if name.lower() == "npm_config_registry"), "")
    config = Path.home() / ".npmrc"
    if not named and config.is_file():
        lines = re.findall(r"(?m)^\s*registry\s*=\s*(\S+)", config.read_text(errors="replace"))
        named = lines[-1] if lines else ""
    return (named or "https://registry.npmjs.org").rstrip("/")


def from_npm(program: str) -> Path:
    return TOOLS / "node_modules" / "bs-platform" / sys.platform / f"{program}.exe"


def has_refmt() -> bool:
    return (BIN / "refmt").exists() or shutil.which("refmt") is not None


def set_up_rpython() -> None:
    """RPython and a Python 2.7 in .tools; if they are not available, the tests that need them are skipped."""
    setup = [str(BIN / "python"), "-m", "rebel_tools.rpython.setup", str(TOOLS)]
    print("+", shlex.join(setup), flush=True)
    if subprocess.run(setup).returncode != 0:
        print("bootstrap.py: continuing without RPython", file=sys.stderr)


def install_linters_of_python27() -> None:
    """The last releases that run under Python 2.7, for the sources of sepcomp."""
    if not (TOOLS / "lint27" / "pyflakes").is_dir():
        pip = [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(TOOLS / "lint27")]
        print("+", shlex.join([*pip, *LINTERS_OF_PYTHON27]), flush=True)
        if subprocess.run([*pip, *LINTERS_OF_PYTHON27]).returncode != 0:
            print("bootstrap.py: continuing without linters for Python 2.7", file=sys.stderr)


def build_example() -> None:
    """Do the main job: scons builds a project without an SConstruct, and the program runs."""
    sconstruct = output(BIN / "python", "-m", "rebel_tools", "sconstruct").strip()
    run(BIN / "scons", "-f", sconstruct, cwd=EXAMPLE)
    document = EXAMPLE / "tests" / "tour.md"
    html = output(EXAMPLE / "_build" / "default" / "src" / "app.out", document)
    if html != document.with_suffix(".html").read_text():
        raise SystemExit(
            f"bootstrap.py: the output of the example differs from {document.with_suffix('.html')}:\n{html}"
        )
    print(f"\nReady: {EXAMPLE.relative_to(ROOT)} was built and works. Next: . .venv/bin/activate; rebel new hello")


def run_tests(arguments: list[str]) -> int:
    folders = [str(BIN), os.environ.get("PATH", ""), str(TOOLS / "python2.7" / "usr" / "bin")]
    environment = {**os.environ, "PATH": os.pathsep.join(folders)}
    if from_npm("bsc").exists():
        environment.setdefault("BSC", str(from_npm("bsc")))
    # Tests wait for servers, timers and disks: with a worker for each processor, half of the processors' time is idle.
    environment.setdefault("PYTEST_XDIST_AUTO_NUM_WORKERS", str(2 * (os.cpu_count() or 1)))
    command = [str(BIN / "python"), "-m", "pytest", "-rs", *arguments]
    print("+", shlex.join(command), flush=True)
    return subprocess.run(command, cwd=ROOT, env=environment).returncode


def run(*command: object, **options: object) -> None:
    """Print the command and run it; if it fails, this program ends with its exit status."""
    words = [str(word) for word in command]
    print("+", shlex.join(words), flush=True)
    status = subprocess.run(words, **options).returncode
    if status != 0:
        raise SystemExit(f"bootstrap.py: exit status {status}: {shlex.join(words)}")


def output(*command: object) -> str:
    process = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    if process.returncode != 0:
        raise SystemExit(f"bootstrap.py: exit status {process.returncode}: {shlex.join(map(str, command))}")
    return process.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
