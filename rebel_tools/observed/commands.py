"""Commands that run while SConscripts are read, and what was read of their output."""

from __future__ import annotations

import inspect
import io
import os
import subprocess
from collections.abc import Mapping
from typing import Any

from rebel_tools.observed.model import Replay

# Seconds that a command may continue to run after its output was read.
WAIT = 1

_SIGNATURE = inspect.signature(subprocess.Popen.__init__)


class Captured:
    """One command and what was read of its output.

    words: its arguments, or the line for a shell. environ: its variables, None for those of this process. joined:
    whether its errors go to its standard output. place: the code that ran it.
    """

    def __init__(self, process: subprocess.Popen[Any], arguments: Mapping[str, Any], folder: str, place: str) -> None:
        self.process = process
        self.words = _words(arguments["args"], bool(arguments["shell"]))
        self.folder = folder
        self.environ = _environ(arguments["env"])
        self.place = place
        self.joined = arguments["stderr"] == subprocess.STDOUT
        self.out = _ReadStream(process.stdout)
        self.err = _ReadStream(process.stderr)
        process.stdout, process.stderr = self.out.stream, self.err.stream

    def as_replay(self, environ: Mapping[str, str]) -> Replay | str:
        """The command to run at each check; or the reason why it cannot replace what was read."""
        from rebel_tools.observed.check import replay

        try:
            self.process.wait(timeout=WAIT)  # `os.popen(...).read()` reads everything and does not wait
        except subprocess.TimeoutExpired:
            return "a command was still running when scons ended"
        pattern: tuple[int, bytes | None, bytes | None]
        pattern = (0, b"" if self.out.is_pipe else None, b"" if self.err.is_pipe else None)
        command = Replay(self.words, self.folder, self.environ, pattern, self.joined, self.place)
        said = replay(command, environ)
        if said is None:
            return "a command cannot be run again"
        if said[0] != self.process.returncode or not self.out.agrees(said[1]) or not self.err.agrees(said[2]):
            return "the output of a command differs each time, or was not read to its end"
        return command._replace(said=said)


def bound(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Mapping[str, Any]:
    """The arguments of Popen by name, including defaults. Errors: TypeError, as raised by Popen itself."""
    call = _SIGNATURE.bind(None, *arguments, **keywords)
    call.apply_defaults()
    return call.arguments


def cannot_be_captured(arguments: Mapping[str, Any]) -> str | None:
    """Why the effects of a command cannot be seen in its output; None if they can."""
    if arguments["preexec_fn"] is not None:
        return "a command with preexec_fn runs while reading"
    if arguments["stdin"] not in (None, subprocess.DEVNULL):
        return "a command that gets input runs while reading"
    if arguments["executable"] is not None and not arguments["shell"]:
        return "a command under another name runs while reading"
    if arguments["stdout"] != subprocess.PIPE:
        return "a command whose output is not read runs while reading"
    return None


def _environ(given: Mapping[Any, Any] | None) -> dict[str, str] | None:
    return None if given is None else {os.fsdecode(name): os.fsdecode(value) for name, value in given.items()}


def _words(args: Any, shell: bool) -> list[str] | str:
    if isinstance(args, (str, bytes, os.PathLike)):
        text = os.fsdecode(args)
        return text if shell else [text]
    return [os.fsdecode(word) for word in args]


class _ReadStream:
    """Records what is read of one stream of a process; `stream` replaces that of the process.

    answer: what Popen.communicate returned for it, None if it was not called. is_pipe: whether it can be read.
    """

    def __init__(self, stream: Any) -> None:
        self.is_pipe = stream is not None
        self._text: tuple[str, str] | None = None
        self._pieces: list[bytes] = []
        self.answer: str | bytes | None = None
        self.stream = stream
        if stream is not None:
            self.stream = self._tee(stream)

    def _tee(self, stream: Any) -> Any:
        if isinstance(stream, io.TextIOWrapper):
            self._text = stream.encoding, stream.errors or "strict"
            return io.TextIOWrapper(_Tee(stream.detach(), self._pieces), encoding=self._text[0], errors=self._text[1])
        return _Tee(stream, self._pieces)

    def agrees(self, said: bytes | None) -> bool:
        """Whether a second run, which printed `said`, printed the same; None for a stream that was not read."""
        if said is None:
            return not self.is_pipe
        if self.answer is None:
            return b"".join(self._pieces) == said
        if isinstance(self.answer, bytes):
            return self.answer == said
        encoding, errors = self._text or ("utf-8", "strict")
        return self.answer == said.decode(encoding, errors).replace("\r\n", "\n").replace("\r", "\n")


class _Tee(io.BufferedReader):
    """A stream that keeps what is read of it."""

    def __init__(self, stream: Any, pieces: list[bytes]) -> None:
        super().__init__(_Raw(stream, pieces))


class _Raw(io.RawIOBase):
    def __init__(self, stream: Any, pieces: list[bytes]) -> None:
        super().__init__()
        self._stream = stream
        self._pieces = pieces

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read1(len(buffer)) if hasattr(self._stream, "read1") else self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._pieces.append(data)
        return len(data)

    def fileno(self) -> int:
        return int(self._stream.fileno())

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()
