"""Downloads the results of commands from a server, and uploads them."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rebel_tools.cache.results import LARGEST, write_out
from rebel_tools.cache.results import Output as File
from rebel_tools.remote import entry, explain
from rebel_tools.remote.command import Asked, Key
from rebel_tools.remote.files import FileDigests, changed_since
from rebel_tools.remote.messages import Digest, Output, Result, digest_of
from rebel_tools.remote.server import Server

_LONGEST = 1 << 16  # bytes that a command may write to its streams, because they are part of the result


class Tally(NamedTuple):
    """How many commands ran here, were taken from the cache, and ran on an engine.

    saved: the time in nanoseconds that the cache saved.
    """

    local: int = 0
    cached: int = 0
    remote: int = 0
    saved: int = 0


class Said(NamedTuple):
    """What a command wrote to its two streams."""

    stdout: bytes
    stderr: bytes


class SharedCommands:
    """The shared results of the commands of one run, for several threads.

    uploads: whether results of this machine are uploaded. trusts: whether results without a note are accepted: those of
    an engine's workers, which have the toolchain of this machine according to the user.
    """

    def __init__(self, server: Server, uploads: bool, trusts: bool = False) -> None:
        self.server = server
        self.trusts = trusts
        self.uploads = uploads
        self.files = FileDigests()
        self.tally = Tally()
        self._lock = threading.Lock()

    def count(self, *, local: int = 0, cached: int = 0, remote: int = 0, saved: int = 0) -> None:
        with self._lock:
            more = Tally(local, cached, remote, saved)
            self.tally = Tally(*(one + other for one, other in zip(self.tally, more)))

    def restore(self, asked: Asked) -> Said | None:
        """Write the outputs of a command from its stored result; return its messages, or None without a result."""
        start = time.time_ns()
        found = self._find(asked)
        if found is None:
            return None
        wanted = found.data()
        data = self.server.blobs(wanted)
        if wanted - data.keys() or not write(asked, found.outputs, data):
            return None
        said = Said(*(data[each] if isinstance(each, Digest) else each for each in (found.stdout, found.stderr)))
        self.count(cached=1, saved=found.ended - found.started - (time.time_ns() - start))
        return said

    def why_missed(self, asked: Asked) -> str:
        """Why there was no result for a command, for people."""
        return asked.missed or explain.reason(self.server, asked)

    def _find(self, asked: Asked) -> Result | None:
        found = None if asked.is_bound else self._look_up(asked, asked.free)
        if asked.is_bound or (found is not None and not found.outputs):  # without outputs: see the end of _put
            found = self._look_up(asked, asked.bound)
        if found is None or not (found.is_whole and found.outputs):
            return None
        return found if {output.path for output in found.outputs} <= set(asked.outputs) else None

    def _look_up(self, asked: Asked, key: Key) -> Result | None:
        data = self.server.result(key.digest)
        opened = entry.opened(key.digest, data) if data else None
        if opened is None:
            return entry.of_a_worker(data) if data and self.trusts else None
        place = entry.different(opened.consulted, self.files.state)
        if place:
            asked.missed = f"it was made with a different {place}"
        return None if place else opened.result

    def keep(self, asked: Asked, said: Said, started: int, ended: int, consulted: Sequence[str]) -> str:
        """Upload the result of a command that succeeded; return why that is not possible, or ''.

        consulted: the paths that it asked for outside the project. All files are read after the command has ended, and
        compared with the key.
        """
        if sum(map(len, said)) > _LONGEST:
            return f"it writes more than {_LONGEST} bytes of messages"
        outputs, blobs = [], {}
        try:
            for name, path in sorted(asked.outputs.items()):
                if os.path.islink(path) or os.path.getsize(path) > LARGEST:
                    return "it makes a link or a very large file"
                with open(path, "rb") as file:
                    data = file.read()
                    is_executable = bool(os.fstat(file.fileno()).st_mode & 0o100)
                digest = digest_of(data)
                blobs[digest] = data
                outputs.append(Output(name, digest, is_executable))
            made = set(asked.outputs.values())
            if not self.files.are_as_read(each for each in asked.inputs if each[0] not in made):
                return "a file that it reads was changed during the build"
        except FileNotFoundError:
            return "it did not make all of its targets"
        except OSError as error:
            return error.strerror or "a file cannot be read"
        if any(changed_since(path, started) for path in consulted):
            return "a system file that it reads was changed during the build"
        is_bound = asked.is_bound or asked.hides_folder or any(map(asked.mentions_folder, (*blobs.values(), *said)))
        result = Result(outputs, *said, started=started, ended=ended)
        self._put(asked, result, blobs, consulted, is_bound)
        return ""

    def _put(
        self, asked: Asked, result: Result, blobs: dict[Digest, bytes], consulted: Sequence[str], is_bound: bool
    ) -> None:
        key = asked.bound if is_bound else asked.free
        if not self.server.upload(blobs):
            return
        self.server.keep_result(key.digest, entry.sealed(key.digest, result, consulted, self.files.state))
        explain.remember(self.server, asked)
        if is_bound and not asked.is_bound:  # then one request shows others that the result depends on the folder
            self.server.keep_result(asked.free.digest, entry.sealed(asked.free.digest, Result([]), [], str))


def write(asked: Asked, outputs: Sequence[Output], data: Mapping[Digest, bytes]) -> bool:
    """Write the outputs, and remove other targets; return whether it succeeded. If not, all targets are removed."""
    _remove(asked)
    try:
        for output in outputs:
            path = asked.outputs[output.path]
            write_out(File(path, data[output.digest], output.is_executable, output.digest.hash))
        return True
    except OSError:
        _remove(asked)
        return False


def _remove(asked: Asked) -> None:
    for path in asked.outputs.values():
        with contextlib.suppress(OSError):
            os.unlink(path)
