"""The compiler of a target: its description of the platform, and how it is run.

It must be GCC or Clang, or accept their options: prototypes and layouts are read from debug information.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import NamedTuple

from rebel_tools.errors import MissingTool
from rebel_tools.interface.errors import InterfaceSourceError
from rebel_tools.interface.model import Target

_MACHINES = (
    ("__x86_64__", "x86_64"),
    ("__i386__", "i386"),
    ("__aarch64__", "aarch64"),
    ("__arm__", "arm"),
    ("__riscv", "riscv"),
    ("__powerpc64__", "powerpc64"),
    ("__powerpc__", "powerpc"),
    ("__s390x__", "s390x"),
    ("__mips__", "mips"),
    ("__sparc__", "sparc"),
    ("__loongarch__", "loongarch"),
    ("__m68k__", "m68k"),
)
_SYSTEMS = (
    ("_WIN32", "windows"),
    ("__linux__", "linux"),
    ("__FreeBSD__", "freebsd"),
    ("__NetBSD__", "netbsd"),
    ("__OpenBSD__", "openbsd"),
    ("__gnu_hurd__", "hurd"),
    ("__sun", "solaris"),
)
_ABI_FLAG = re.compile(
    r"-m\S+|-f(?:no-)?(?:pack-struct|short-|signed-|unsigned-|abi-|exceptions|rtti|leading-underscore|common"
    r"|reg-struct-return|pcc-struct-return)\S*|-D_(?:FILE_OFFSET_BITS|TIME_BITS|GLIBCXX_USE_CXX11_ABI)\S*"
)
_NOT_FOR_PROBES = re.compile(
    r"-gz.*|-gsplit-dwarf.*|-save-temps.*|(?:-Wp,)?-M.*|--coverage|-ftest-coverage|-fprofile-.*|-ftime-trace.*"
    r"|-fopt-info.*|-fdump-(?:go-spec|ada-spec|final-insns).*|-fsave-optimization-record.*"
    r"|-f(?:file|debug|macro|profile)-prefix-map=.*"
)
"""Flags that hide the debug information of a probe, rename the files in it, or make the compiler write another file at
a fixed place. (Other flags of that kind make it write beside its output.)"""
_WITH_ARGUMENT = ("-MF", "-MT", "-MQ")

_PLAIN = {"LC_ALL": "C"}
"""For output that is parsed here: messages are not translated."""

QUIET = ("-w", "-fno-lto", "-fdiagnostics-color=never", "-ffile-prefix-map==")
"""For all probes: no warnings, machine code instead of an intermediate language, and unchanged paths."""

SUFFIXES = {"c": ".c", "c++": ".cc"}


class Description(NamedTuple):
    """A compiler and its platform.

    prefix: what the platform puts before each symbol, such as "_".
    folders: where it looks for headers.
    """

    target: Target
    is_clang: bool
    prefix: str
    folders: tuple[str, ...]


@dataclass(frozen=True)
class Compiler:
    """A command with its flags (`["x86_64-w64-mingw32-gcc", "-Iinclude"]`), where and with what environment it runs."""

    command: tuple[str, ...]
    cwd: str | None = None
    env: Mapping[str, str] | None = None

    def run(self, arguments: Sequence[str], output: str | None = None) -> str:
        """Run the compiler; return its standard output, or "" if that goes to the file `output`.

        Errors: InterfaceSourceError with the compiler's messages when it fails.
        """
        done = self.attempt(arguments, output=output)
        if done.returncode:
            message = f"exit status {done.returncode} of {shlex.join(str(word) for word in done.args)}"
            raise InterfaceSourceError(message, details=done.stderr.splitlines())
        return done.stdout

    def attempt(
        self, arguments: Sequence[str], plain: bool = False, output: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the compiler without the flags that probes must not have; return its result, also if it fails.

        plain: do not translate messages. output: the file for standard output. Errors: MissingTool without a compiler.
        """
        command = [*_for_probes(self.command), *arguments]
        env = {**(os.environ if self.env is None else self.env), **_PLAIN} if plain else self.env
        try:
            with open(output, "wb") if output else nullcontext(subprocess.PIPE) as stdout:
                return subprocess.run(
                    command,
                    cwd=self.cwd,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=subprocess.PIPE,
                    encoding="utf-8",
                    errors="surrogateescape",
                )
        except OSError as error:
            hint = "install it, or set CC or CXX"
            raise MissingTool(f"{self.command[0]} cannot be run: {error.strerror}", hint=hint) from error

    def describe(self, language: str, folder: str) -> Description:
        """The platform according to the predefined macros, so that flags such as -m32 count.

        folder: where it may write.
        """
        source, output = os.path.join(folder, f"empty{SUFFIXES[language]}"), os.path.join(folder, "macros")
        with open(source, "w"):
            pass
        done = self.attempt(["-x", language, "-dM", "-E", "-v", "-o", output, source], plain=True)
        macros = _macros(output) if done.returncode == 0 and os.path.exists(output) else {}
        if "__GNUC__" not in macros or "__SIZEOF_POINTER__" not in macros:
            raise InterfaceSourceError(
                f"{self.command[0]} cannot be used to read headers",
                expected="GCC or Clang, or a compiler that takes their options",
                details=_errors_in(done.stderr) if done.returncode else (),
                hint="declare the interface in a Python file; a library of any compiler can be checked against it",
            )
        big = macros.get("__BYTE_ORDER__") == "__ORDER_BIG_ENDIAN__"
        target = Target(
            _first(_MACHINES, macros),
            int(macros["__SIZEOF_POINTER__"]),
            "big" if big else "little",
            _first(_SYSTEMS, macros),
        )
        prefix = macros.get("__USER_LABEL_PREFIX__", "")
        return Description(target, "__clang__" in macros, prefix, tuple(_search_folders(done.stderr)))

    def abi_flags(self) -> list[str]:
        """The flags that change layouts or calling conventions, in their order."""
        return [flag for flag in self.command[1:] if _ABI_FLAG.fullmatch(flag)]


def _for_probes(words: Sequence[str]) -> Iterator[str]:
    before = ""
    for word in words:
        if before not in _WITH_ARGUMENT and not _NOT_FOR_PROBES.fullmatch(word):
            yield word
        before = word


def _errors_in(text: str) -> list[str]:
    """The errors in the output of -v, or its last lines if there are none."""
    lines = text.splitlines()
    return [line for line in lines if "error:" in line] or lines[-5:]


def _macros(path: str) -> dict[str, str]:
    with open(path, encoding="utf-8", errors="surrogateescape") as stream:
        return dict(re.findall(r"^#define (\w+) (.*)$", stream.read(), re.MULTILINE))


def _first(table: Sequence[tuple[str, str]], macros: Mapping[str, str]) -> str:
    return next((name for macro, name in table if macro in macros), "unknown")


def _search_folders(verbose: str) -> list[str]:
    """The folders of `#include "..."` and `#include <...>` in what -v prints, each on a line with one space before."""
    _, _, after = verbose.partition("search starts here:\n")
    lines = after.partition("End of search list.")[0].splitlines()
    return [line[1:] for line in lines if line.startswith(" ")]
