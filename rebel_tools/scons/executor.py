"""Runs the commands of a build on an engine, as long as that works."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rebel_tools.remote.command import Asked
from rebel_tools.remote.shared import write
from rebel_tools.scons import profile, remote_cache
from rebel_tools.text import printable

if TYPE_CHECKING:
    from rebel_tools.remote.execute import Ended, Engine

_PATIENCE = 3  # commands that an engine may fail to run before it is given up


class Executor:
    """An engine during one build, for several threads. name: of the program, for messages."""

    def __init__(self, engine: Engine, name: str = "scons") -> None:
        self._engine: Engine | None = engine
        self._name = name
        self._said: set[str] = set()
        self._failures = 0
        self._has_told = False

    @property
    def is_used(self) -> bool:
        """False after the engine was given up."""
        return self._engine is not None

    def run(self, asked: Asked) -> Ended | None:
        """Run a command, and write its outputs if it succeeded; None if it has to run here."""
        engine, reason = self._engine, asked.why_only_here()
        if engine is None:
            return None
        if reason:
            self.stays_here(reason, asked.target)
            return None
        from rebel_tools.remote.execute import EngineFailed

        try:
            with profile.span(asked.target, "remote"):
                ended = engine.run(asked)
        except EngineFailed as error:
            self._failed(str(error))
            return None
        result = ended.result
        if not result.exit_code and (result.others or not write(asked, result.outputs, ended.outputs)):
            self.stays_here("it makes links or folders, or its outputs cannot be written", asked.target)
            return None
        self._failures = 0
        return ended

    def stays_here(self, reason: str, target: str) -> None:
        """A command does not run on the engine; each reason is reported once."""
        if reason not in self._said:
            self._said.add(reason)
            print(printable(f"{self._name}: {target} does not run remotely: {reason}"), file=sys.stderr)

    def _failed(self, reason: str) -> None:
        """The engine failed; after a few failures in a row it is not used any more."""
        self._failures += 1
        if self._engine is None or not self._engine.server.is_used:  # the client has reported this itself
            self._failures = _PATIENCE
        elif not self._has_told:
            self._has_told = True
            remote_cache.say(f"the remote executor failed, so commands run on this machine: {reason}")
        if self._failures >= _PATIENCE:
            self._engine = None
