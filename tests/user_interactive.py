"""`scons --interactive` on a project, one command after another, as a user types them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from types import TracebackType

import pytest
from hang import SECONDS
from user_project import ROOT, Project

PROMPT = "scons>>> "


class Interactive:
    """A session that is waiting for its next command. Use it in a `with` statement."""

    def __init__(self, project: Project, *options: str, python: str = sys.executable) -> None:
        self.process = subprocess.Popen(
            [python, "-m", "SCons", "--interactive", "-Q", *options],
            cwd=project.root,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.read()

    def __enter__(self) -> Interactive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Type `exit`; the process has to end by itself, with status 0."""
        said, _ = self.process.communicate(b"exit\n", timeout=SECONDS)
        if kind is None and self.process.returncode:
            pytest.fail(f"scons --interactive ended with {self.process.returncode}: {said.decode()}")

    def read(self) -> str:
        """The output up to the next prompt."""
        assert self.process.stdout and self.process.stdin
        descriptor, text, until = self.process.stdout.fileno(), "", time.monotonic() + SECONDS
        while not text.endswith(PROMPT):
            data = os.read(descriptor, 65536)
            text += data.decode("utf-8", "backslashreplace")
            if not data or time.monotonic() > until:
                pytest.fail(f"no prompt after:\n{text}")
        return text[: -len(PROMPT)]

    def __call__(self, command: str) -> str:
        """Give a command, and return its output up to the next prompt."""
        assert self.process.stdin
        self.process.stdin.write(f"{command}\n".encode())
        self.process.stdin.flush()
        return self.read()
