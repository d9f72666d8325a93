"""What the server of a project knows, and the processes that serve for it.

Each build is done by a child, forked in idle time, which reads ahead and waits for a client. When the same was asked
for twice in a row, the server forks a process that begins this build (`rebel_tools.scons.prepared`): its children go on
from there, so that the arguments are parsed and the SConstruct is read once. A client that asks for something else is
told to ask again, and is served by an ordinary child.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import sys
import time
from collections.abc import Callable
from functools import partial

import SCons.Script

from rebel_tools.memory.atomic import write_all
from rebel_tools.process import exit_status
from rebel_tools.scons import prepared, saving
from rebel_tools.scons.compat import Environment
from rebel_tools.scons.prepared import Asked
from rebel_tools.scons.resident import (
    NOTHING,
    Child,
    Ending,
    Loaded,
    Report,
    be_scons,
    begin,
    end,
    leave,
    loaded_since,
    read_ahead,
)
from rebel_tools.scons.served import IDLE, NOT_ASKED, OTHER, OUTDATED, ServedClient
from rebel_tools.server.protocol import PATH

_ROOTS = "roots"  # what is read ahead once for several builds, because builds do not write it


class ServingProcess:
    """A process that serves: the server, or a child of it that has begun a build.

    begun: what this process has begun; None in the server. parents: descriptors that close when the processes above
    have ended. server: the number of the server. path: where Python looks for modules, without what SCons adds.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.server = os.getpid()
        self.path = [*sys.path]
        self.loaded = Loaded()
        self.begun: Asked | None = None
        self.parents: list[int] = []
        self.builds = 0
        self._inode = os.stat(PATH).st_ino
        self._wanted = NOTHING
        self._last = time.monotonic()
        self._asked: list[Asked] = []  # by the last clients, as far as it is known

    def is_open(self) -> bool:
        """Whether to go on serving."""
        is_alone = bool(self.parents and select.select(self.parents, [], [], 0)[0])
        return time.monotonic() - self._last < IDLE and self.is_there() and not is_alone

    def is_there(self) -> bool:
        """Whether the file of the socket is still the one that the server has created."""
        try:
            return os.stat(PATH).st_ino == self._inode
        except OSError:
            return False

    def serve(self) -> None:
        """Serve as the server, while that is possible."""
        status = NOT_ASKED
        while status != OUTDATED and self.is_open():
            same = self._asked_twice()
            status = self._let(partial(self._begin, same) if same else self._build)

    def _asked_twice(self) -> Asked | None:
        """What was asked for twice in a row, if it can begin before somebody asks again."""
        if len(self._asked) < 2:
            return None
        before, last = self._asked[-2:]
        return last if last.begins_like(before) and last.can_begin() else None

    def _let(self, be: Callable[[int, int], None]) -> int:
        """Let a child serve that is `be`; return its exit status. Does not return in the child, unless `be` does."""
        child = Child(be)
        if child.is_here:
            return NOT_ASKED
        report, status = child.report(), child.end()
        if report is None and status in (NOT_ASKED, OUTDATED, OTHER):
            return status
        self._learn(report)
        return status if report else OTHER  # what has begun may have caused the failure

    def _learn(self, report: Report | None) -> None:
        """What a child tells of the builds that it has served, one or several; None if it has ended early."""
        served, asked = (report[0]["served"], report[0]["asked"]) if report else (1, None)
        if served:
            self._last = time.monotonic()
        self.builds += served
        self._wanted = self.loaded.learn(self._wanted, report) if report else NOTHING
        self._asked = [*self._asked[-1:], Asked(*asked)] if asked else []

    # In a child

    def _build(self, request: int, report: int) -> None:
        """Build for the next client, whatever it asks for."""
        self.parents.append(request)
        client = ServedClient(self)
        ending = Ending(report, set(sys.modules), client.answer, client.ended)
        be_scons(client.wait, self._wanted, ending)

    def _begin(self, asked: Asked, request: int, report: int) -> None:
        """Begin what clients are expected to ask for, and serve those who do."""
        self.parents.append(request)
        self.begun = asked
        endings: list[Ending] = []
        known, before = set(sys.modules), self.builds

        def pause(env: Environment) -> None:
            self.loaded.look()
            status = NOT_ASKED
            while status not in (OUTDATED, OTHER) and self.is_open():
                read_ahead({_ROOTS: self._wanted[_ROOTS]})
                status = self._let(lambda request, report: endings.append(self._go_on(env, request, report)))
                if endings:
                    return  # this is the child
            self._tell(report, self.builds - before, loaded_since(known))
            os._exit(status)

        def run() -> int:
            saving.defer()
            os.environ.clear()
            os.environ.update(asked.environ)
            begin(asked.words)
            prepared.pause_with(pause)
            status = exit_status(SCons.Script.main)
            if endings:
                end(status, endings[0])
            return status

        leave(run)

    def _tell(self, report: int, served: int, loaded: list[str]) -> None:
        """Tell the server what this process has done."""
        wanted = {kind: sorted(paths) for kind, paths in self._wanted.items()}
        text = json.dumps([{"served": served, "asked": None}, loaded, wanted])
        with contextlib.suppress(BrokenPipeError):  # the server has ended
            write_all(report, text.encode("utf-8", "surrogateescape"))

    def _go_on(self, env: Environment, request: int, report: int) -> Ending:
        """In a child: wait for a client who asks for what has begun, and adopt its state."""
        self.parents.append(request)
        client, known = ServedClient(self), set(sys.modules)
        read_ahead({kind: paths for kind, paths in self._wanted.items() if kind != _ROOTS})
        client.wait()
        prepared.go_on(env)
        SCons.Script.start_time = time.time()
        return Ending(report, known, client.answer, client.ended)
