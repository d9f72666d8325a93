"""Whether findlib has a library, for parts of a project that depend on it."""

from __future__ import annotations

import os
import subprocess
from functools import cached_property

from rebel_tools import tools


class Findlib:
    """The libraries that the `ocamlfind` on PATH can find; none if there is no `ocamlfind`.

    consulted: every file that can change an answer, by being added, removed or edited, is added to it.
    """

    def __init__(self, consulted: set[str]) -> None:
        self.consulted = consulted
        self._known: dict[str, bool] = {}

    def has(self, name: str) -> bool:
        if name not in self._known:
            self._known[name] = self._is_described(name) and self._said("query", name) is not None
        return self._known[name]

    def _is_described(self, name: str) -> bool:
        """Whether there is a META for it; the first one on the search path counts."""
        head = name.partition(".")[0]
        for folder in self._places:
            for path in (f"{folder}/{head}/META", f"{folder}/META.{head}"):
                self.consulted.add(path)
                if os.path.isfile(path):
                    return True
        return False

    @cached_property
    def _places(self) -> list[str]:
        """The folders that findlib searches, according to its configuration and OCAMLPATH."""
        configuration = self._said("printconf", "conf")
        if configuration:
            self.consulted.add(configuration)
        return (self._said("printconf", "path") or "").splitlines()

    @cached_property
    def _program(self) -> str | None:
        return tools.find("ocamlfind")

    def _said(self, *arguments: str) -> str | None:
        """The output of ocamlfind; None if it fails."""
        program = self._program
        if program is None:
            return None
        done = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return done.stdout.decode("utf-8", "surrogateescape").strip() if done.returncode == 0 else None
