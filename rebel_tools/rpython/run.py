"""Runs the Python 2.7 side."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

SEPCOMP = str(Path(__file__).resolve().parent / "sepcomp")


@dataclass(frozen=True)
class Sepcomp:
    """How to run sepcomp. python: the path of a Python 2.7; rpython: the folder that holds the rpython package."""

    python: str
    rpython: str

    def command(self, *arguments: str) -> list[str]:
        return [self.python, "-B", SEPCOMP, *map(str, arguments), "--rpython", self.rpython]

    def run(
        self, *arguments: str, cwd: str | os.PathLike[str] = ".", timeout: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The finished process of one translation; the error text for a user is in `stderr`."""
        return subprocess.run(self.command(*arguments), cwd=cwd, capture_output=True, text=True, timeout=timeout)
