"""Information from pkg-config about installed C packages.

Source: pkg-config(1), and that of pkgconf: --cflags, --libs, --variable, PKG_CONFIG_PATH, PKG_CONFIG_LIBDIR.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rebel_tools.errors import MissingTool, RebelError
from rebel_tools.nearest import did_you_mean
from rebel_tools.ocaml.toolchain import ANSWERS

# The environment variables that its answers depend on.
VARIABLES = ("PATH", "PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR", "PKG_CONFIG_DISABLE_UNINSTALLED")


class CPackage(NamedTuple):
    """compile, link: words for the C compiler. files: where its description is, or where others would hide it."""

    compile: tuple[str, ...]
    link: tuple[str, ...]
    files: tuple[str, ...]


class UnknownCPackage(RebelError):
    """pkg-config does not know the package, or one of its dependencies is missing."""


def c_package(program: str, name: str, environ: Mapping[str, str]) -> CPackage:
    """Ask about one package. Errors: MissingTool, UnknownCPackage with the message of pkg-config."""
    flags, libraries = (_ask(program, environ, option, name) for option in ("--cflags", "--libs"))
    folders = _ask(program, environ, "--variable=pc_path", "pkg-config").split(os.pathsep)
    found = _ask(program, environ, "--variable=pcfiledir", name)
    searched = [*environ.get("PKG_CONFIG_PATH", "").split(os.pathsep), *folders]
    files = [os.path.join(folder, f"{name}.pc") for folder in (*searched, found) if folder]
    last = files.index(os.path.join(found, f"{name}.pc")) if found else len(files)
    return CPackage(tuple(shlex.split(flags)), tuple(shlex.split(libraries)), (*files[: last + 1], program))


def _ask(program: str, environ: Mapping[str, str], *arguments: str) -> str:
    key = "\n".join([*(f"{name}={environ.get(name)}" for name in VARIABLES), program, *arguments])
    if key not in ANSWERS:
        done = _run(program, environ, arguments)
        if done.returncode:
            raise _unknown(program, environ, arguments[-1], done.stderr)
        ANSWERS[key] = done.stdout.strip()
    return ANSWERS[key]


def _run(program: str, environ: Mapping[str, str], arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [program, *arguments]
    try:
        return subprocess.run(command, env=dict(environ), capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise MissingTool(f"{program}: {error.strerror}", hint="apt-get install pkg-config") from error


def _unknown(program: str, environ: Mapping[str, str], name: str, said: str) -> UnknownCPackage:
    every = _run(program, environ, ["--list-all"]).stdout.splitlines()
    names = [line.split()[0] for line in every if line.strip()]
    if name in names:
        return UnknownCPackage(f'pkg-config fails for "{name}"', details=said.splitlines()[:5])
    return UnknownCPackage(
        f'pkg-config has no package "{name}"',
        expected="one that `pkg-config --list-all` shows",
        hint=did_you_mean(name, names) or "install its development files; on Debian, a package lib...-dev",
    )
