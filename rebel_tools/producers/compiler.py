"""The compiler of a target: what it says about the platform, and probes that it compiles for us.

It must be GCC or take GCC's options: `-aux-info` and the debug information of unused declarations have no
counterpart elsewhere.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Compiler:
    """A command with its flags (`["x86_64-w64-mingw32-gcc", "-Iinclude"]`), where and with what environment it runs."""

    command: tuple[str, ...]
    cwd: str | None = None
    env: Mapping[str, str] | None = None

    def run(self, arguments: Sequence[str], stdin: str = "") -> str:
        """Standard output; InterfaceSourceError with the compiler's own words when it fails."""
        command = [*self.command, *arguments]
        try:
            done = subprocess.run(
                command, cwd=self.cwd, env=self.env, input=stdin, capture_output=True, text=True, errors="replace"
            )
        except OSError as error:
            hint = "install it, or set CC or CXX"
            raise MissingTool(f"{self.command[0]} cannot be run: {error.strerror}", hint=hint) from error
        if done.returncode:
            message = f"exit status {done.returncode} of {shlex.join(command)}"
            raise InterfaceSourceError(message, details=done.stderr.splitlines())
        return done.stdout

    def target(self, language: str) -> Target:
        """The platform according to the predefined macros, so that flags such as -m32 count."""
        text = self.run(["-x", language, "-dM", "-E", "-"])
        macros = dict(re.findall(r"^#define (\w+) (.*)$", text, re.MULTILINE))
        big = macros.get("__BYTE_ORDER__") == "__ORDER_BIG_ENDIAN__"
        if "__SIZEOF_POINTER__" not in macros:
            expected = "GCC, or a compiler with its predefined macros"
            raise InterfaceSourceError(f"{self.command[0]} does not say how large a pointer is", expected=expected)
        return Target(
            _first(_MACHINES, macros),
            int(macros["__SIZEOF_POINTER__"]),
            "big" if big else "little",
            _first(_SYSTEMS, macros),
        )

    def abi_flags(self) -> list[str]:
        """The flags that change layouts or calling conventions, in their order."""
        return [flag for flag in self.command[1:] if _ABI_FLAG.fullmatch(flag)]


def _first(table: Sequence[tuple[str, str]], macros: Mapping[str, str]) -> str:
    return next((name for macro, name in table if macro in macros), "unknown")
