"""The processes of a project's server: the server itself, and children of it that have started a build in advance.

Each build is done by a child, forked in idle time, which reads ahead and waits for a client. When two requests in a row
are the same, the server forks a process that starts this build in advance (`rebel_tools.scons.prepared`): its children
continue from there, so that the arguments are parsed and the SConstruct is read once. A client with another request
gets the answer AGAIN, repeats it, and is served by an ordinary child.
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
from rebel_tools.scons.compat import Environment, begin_clock
from rebel_tools.scons.prepared import Invocation
from rebel_tools.scons.resident import (
    NOTHING,
    Child,
    Ending,
    Loaded,
    Report,
    begin,
    end,
    leave,
    loaded_since,
    read_ahead,
    run_scons,
)
from rebel_tools.scons.served import IDLE, NOT_ASKED, OTHER, OUTDATED, ServedClient
from rebel_tools.server.protocol import PATH

_ROOTS = "roots"  # what is read ahead once for several builds, because builds do not write it


class ServingProcess:
    """A process that serves: the server, or a child of it that has started a build in advance.

    begun: the build that this process has started; None in the server. parents: descriptors that close when the
    processes above have ended. server: the process ID of the server. path: where Python looks for modules, without
    what SCons adds.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.server = os.getpid()
        self.path = [*sys.path]
        self.loaded = Loaded()
        self.begun: Invocation | None = None
        self.parents: list[int] = []
        self.builds = 0
        self._inode = os.stat(PATH).st_ino
        self._wanted = NOTHING
        self._last = time.monotonic()
        self._asked: list[Invocation] = []  # by the last two clients, as far as they are known

    def is_open(self) -> bool:
        """Whether to go on serving."""
        is_alone = bool(self.parents and select.select(self.parents, [], [], 0)[0])
        return time.monotonic() - self._last < IDLE and self.owns_socket() and not is_alone

    def owns_socket(self) -> bool:
        """Whether the file of the socket is still the one that the server has created."""
        try:
            return os.stat(PATH).st_ino == self._inode
        except OSError:
            return False

    def serve(self) -> None:
        """Serve as the server, while that is possible."""
        status = NOT_ASKED
        while status != OUTDATED and self.is_open():
            same = self._repeated()
            status = self._run_child(partial(self._begin, same) if same else self._build)

    def _repeated(self) -> Invocation | None:
        """The invocation of the last two clients, if it is the same and such a build can be started in advance."""
        if len(self._asked) < 2:
            return None
        before, last = self._asked[-2:]
        return last if last.starts_like(before) and last.can_start_early() else None

    def _run_child(self, work: Callable[[int, int], None]) -> int:
        """Fork a child that calls `work`; return its exit status. In the child this returns only if `work` does."""
        child = Child(work)
        if child.is_here:
            return NOT_ASKED
        report, status = child.report(), child.end()
        if report is None and status in (NOT_ASKED, OUTDATED, OTHER):
            return status
        self._take_report(report)
        return status if report else OTHER  # the build that was started in advance may have caused the failure

    def _take_report(self, report: Report | None) -> None:
        """Take over what a child reports about the builds that it has served; None if it has ended early."""
        served, asked = (report[0]["served"], report[0]["asked"]) if report else (1, None)
        if served:
            self._last = time.monotonic()
        self.builds += served
        self._wanted = self.loaded.import_reported(self._wanted, report) if report else NOTHING
        self._asked = [*self._asked[-1:], Invocation(*asked)] if asked else []

    # In a child

    def _build(self, request: int, report: int) -> None:
        """Build for the next client, whatever its arguments."""
        self.parents.append(request)
        client = ServedClient(self)
        ending = Ending(report, set(sys.modules), client.answer, client.ended)
        run_scons(client.wait, self._wanted, ending)

    def _begin(self, asked: Invocation, request: int, report: int) -> None:
        """Start a build with the arguments that the next clients will probably have, and serve those that have them."""
        self.parents.append(request)
        self.begun = asked
        endings: list[Ending] = []
        known, before = set(sys.modules), self.builds

        def pause(env: Environment) -> None:
            self.loaded.record_modules()
            status = NOT_ASKED
            while status not in (OUTDATED, OTHER) and self.is_open():
                read_ahead({_ROOTS: self._wanted[_ROOTS]})
                status = self._run_child(lambda request, report: endings.append(self._go_on(env, request, report)))
                if endings:
                    return  # this is the child
            self._report(report, self.builds - before, loaded_since(known))
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

    def _report(self, report: int, served: int, loaded: list[str]) -> None:
        """Send the server a report on what this process has done."""
        wanted = {kind: sorted(paths) for kind, paths in self._wanted.items()}
        text = json.dumps([{"served": served, "asked": None}, loaded, wanted])
        with contextlib.suppress(BrokenPipeError):  # the server has ended
            write_all(report, text.encode("utf-8", "surrogateescape"))

    def _go_on(self, env: Environment, request: int, report: int) -> Ending:
        """In a child: wait for a client whose build is the one that was started, and adopt its state."""
        self.parents.append(request)
        client, known = ServedClient(self), set(sys.modules)
        read_ahead({kind: paths for kind, paths in self._wanted.items() if kind != _ROOTS})
        client.wait()
        prepared.go_on(env)
        begin_clock()
        return Ending(report, known, client.answer, client.ended)
