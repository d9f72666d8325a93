"""Runs the commands of a build on an engine, as long as that works."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rebel_tools.process import processors
from rebel_tools.remote.command import Asked
from rebel_tools.remote.shared import write
from rebel_tools.remote.times import FILE, Times
from rebel_tools.scons import profile, remote_cache
from rebel_tools.scons.compat import top_folder
from rebel_tools.text import printable

if TYPE_CHECKING:
    from rebel_tools.remote.execute import Ended, Engine

_SLOW_S = 60.0
_PATIENCE = 3  # commands that an engine may fail to run before it is given up


class Executor:
    """An engine during one build, for several threads.

    shortest: commands that are expected to take less than these seconds run here.
    """

    def __init__(self, engine: Engine, shortest: float) -> None:
        self._engine: Engine | None = engine
        self._shortest = shortest
        self._here = threading.Semaphore(processors())
        self._said: set[str] = set()
        self._failures = 0
        self._has_told = False

    @cached_property
    def _times(self) -> Times:
        """How long commands took; known when SCons knows the folder of the SConstruct."""
        return Times(os.path.join(top_folder(), FILE))

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
        if self._shortest and self._times.of(asked, self._shortest) < self._shortest:
            return None
        from rebel_tools.remote.execute import EngineFailed

        try:
            with profile.span(asked.target, "remote"), _told_if_slow(asked.target):
                ended = engine.run(asked)
        except EngineFailed as error:
            self._failed(str(error))
            return None
        result = ended.result
        if result.is_whole and len(result.outputs) < len(asked.outputs):
            self.stays_here("the executor did not return all of its targets", asked.target)
            return None
        if not result.exit_code and (result.others or not write(asked, result.outputs, ended.outputs)):
            self.stays_here("it makes links or folders, or its outputs cannot be written", asked.target)
            return None
        self._failures = 0
        self._note(asked, (result.ended - result.started) / 1e9)
        return ended

    def run_here(self, asked: Asked | None, run: Callable[[], Any]) -> Any:
        """Run a command with `run`. Not more run at once than there are processors, because -j is for the engine."""
        with self._here:
            start = time.monotonic()
            found = run()
        if asked and not found:
            self._note(asked, time.monotonic() - start)
        return found

    def _note(self, asked: Asked, seconds: float) -> None:
        if self._shortest and seconds > 0:
            self._times.note(asked, seconds)

    def save(self) -> None:
        """The build has ended."""
        if not self._shortest:
            return
        try:
            self._times.save()
        except OSError as error:
            remote_cache.say(f"the times of commands are not kept: {error}")

    def stays_here(self, reason: str, target: str) -> None:
        """A command does not run on the engine; each reason is reported once."""
        if reason not in self._said:
            self._said.add(reason)
            print(printable(f"scons: {target} does not run remotely: {reason}"), file=sys.stderr)

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


@contextmanager
def _told_if_slow(target: str) -> Iterator[None]:
    """Say so once if it takes long: nothing else shows whether an engine works on a command."""
    text = printable(f"scons: {target} has been on the remote executor for {_SLOW_S:g} s")
    timer = threading.Timer(_SLOW_S, lambda: print(text, file=sys.stderr, flush=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
