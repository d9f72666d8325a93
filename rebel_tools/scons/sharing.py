"""Shares the results of commands of any tree with other machines: what a run of scons asks a server, and tells it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import SCons.Node.FS
import SCons.Script
import SCons.Util

from rebel_tools.errors import MissingTool
from rebel_tools.remote.command import Asked, NotShared
from rebel_tools.remote.shared import Said, SharedCommands, write
from rebel_tools.sandbox import trace
from rebel_tools.sandbox.box import Box
from rebel_tools.sandbox.model import Declared, Finding
from rebel_tools.scons import profile, remote_cache, sandbox, saving
from rebel_tools.scons.captured import run_bytes
from rebel_tools.text import printable, screened

if TYPE_CHECKING:
    from rebel_tools.remote.execute import Engine

_SHOWN = 3  # names in a sentence
_PATIENCE = 3  # commands that an engine may fail to run before it is given up


class Sharing:
    """What is asked about all commands of a run."""

    def __init__(self, shared: SharedCommands, engine: Engine | None) -> None:
        self.shared = shared
        self.engine = engine
        self.has_engine = engine is not None
        self.undeclared: dict[str, None] = {}
        self._said: set[str] = set()
        self._failures = 0
        self._has_told = False

    def attempt(self, targets: Sequence[Any], declared: Declared, env: Any) -> Attempt | None:
        """To be asked and told about one action; None for one that is nobody else's affair."""
        if any(map(_is_of_another_cache, targets)):
            return None
        if not (self.shared.server.is_used or self.engine):
            self.shared.count(local=1)
            return None
        reason = _why_not(targets, env)
        if reason:
            self.refuse(reason, declared.target)
            if self.engine:
                self.stays_here(reason, declared.target)
            return None
        return Attempt(self, declared, _platform(env))

    def refuse(self, reason: str, target: str) -> None:
        """A result is not looked for, or not kept."""
        if _explains():
            _tell(f"remote cache: {target} is not shared: {reason}")

    def stays_here(self, reason: str, target: str) -> None:
        """A command does not run on the engine: said once for each reason."""
        if reason not in self._said:
            self._said.add(reason)
            _tell(f"{target} does not run remotely: {reason}")

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self, reason: str) -> None:
        """The engine did not do what it was asked for; after a few times in a row it is asked no more."""
        self._failures += 1
        if self.engine is None or not self.engine.server.is_used:  # which it has said itself
            self._failures = _PATIENCE
        elif not self._has_told:
            self._has_told = True
            remote_cache.say(f"the remote executor has failed, and commands run here: {reason}")
        if self._failures >= _PATIENCE:
            self.engine = None


class Attempt:
    """One action: its command line is looked for, and what it made is put at the server when it has ended well."""

    def __init__(self, sharing: Sharing, declared: Declared, platform: Mapping[str, str]) -> None:
        self._sharing = sharing
        self._shared = sharing.shared
        self._declared = declared
        self._platform = platform
        self._asked: Asked | None = None
        self._lines = 0
        self._said: Said | None = None
        self._times = 0, 0

    @property
    def wants_trace(self) -> bool:
        """Whether the command has to be traced, for its result is to be kept."""
        return self._asked is not None and self._shared.uploads

    def restore(self, shell: str, arguments: Sequence[str], variables: Mapping[str, str]) -> bool:
        """Whether the outputs of a command line are there now, and what it says was said."""
        self._lines += 1
        if self._lines > 1:  # what it finds, the first line has made, and nobody knows all of that
            self._refuse("it has several lines")
            self._asked = None
            return False
        try:
            here, files = os.getcwd(), self._shared.files
            self._asked = Asked(self._declared, shell, arguments, variables, here, files, self._platform)
        except (NotShared, OSError) as error:
            self._refuse(str(error))
            if self._sharing.engine:
                self._sharing.stays_here(str(error), self._declared.target)
            return False
        if not self._shared.server.is_used:
            return False
        with profile.span(self._declared.target, "remote"):
            said = self._shared.restore(self._asked)
        self._explain(self._asked, said is not None)
        if said is not None:
            self._asked = None
            _say(said, screened)
        return said is not None

    def _explain(self, asked: Asked, is_hit: bool) -> None:
        if _explains():
            what = "is taken from the cache" if is_hit else f"is not in the cache: {self._shared.why_missed(asked)}"
            sys.stdout.write(f"scons: remote cache: `{printable(asked.target)}' {printable(what)}\n")

    def execute(self) -> int | None:
        """The exit status of the command line on the engine; None where it has to run here."""
        engine, asked = self._sharing.engine, self._asked
        if engine is None or asked is None:
            return None
        reason = asked.why_only_here()
        if reason:
            self._sharing.stays_here(reason, self._declared.target)
            return None
        from rebel_tools.remote.execute import EngineFailed

        try:
            with profile.span(asked.target, "remote"):
                ended = engine.run(asked)
        except EngineFailed as error:
            self._sharing.failed(str(error))
            return None
        status = ended.result.exit_code
        if not status and (ended.result.others or not write(asked, ended.result.outputs, ended.outputs)):
            self._sharing.stays_here("it makes links or folders, or its outputs cannot be written", asked.target)
            return None
        self._asked = None
        self._sharing.succeeded()
        self._shared.count(cached=int(ended.is_cached), remote=int(not ended.is_cached))
        _say(Said(ended.stdout, ended.stderr), screened)
        if status:
            _tell(f"{self._declared.target}: only declared files were there; scons --sandbox names others")
        return status

    def run(self, shell: str, words: Sequence[str], variables: dict[str, str]) -> int:
        """Run a command line as SCons does, and keep what it says, which is said when it has ended."""
        start = time.time_ns()
        status, *said = run_bytes([shell, "-c", " ".join(words)], variables)
        self._times = start, time.time_ns()
        self._said = Said(*said)
        _say(self._said, lambda text: text)
        if status:
            self._asked = None
        return status

    def end(self, succeeded: bool, findings: Collection[Finding], box: Box | None) -> None:
        """The action has ended, and what it made is in its place."""
        asked = self._asked
        if self._lines and (asked or self._said):
            self._shared.count(local=1)
        if asked is None or self._said is None or not succeeded or not self._shared.uploads:
            return
        if findings:
            self._refuse("it did not declare all that it reads or writes")
            self._sharing.undeclared[self._declared.target] = None
        elif box is None or not box.traces:
            self._refuse("it was not traced")
        else:
            self._refuse(self._shared.keep(asked, self._said, *self._times, box.consulted()))

    def _refuse(self, reason: str) -> None:
        if reason:
            self._sharing.refuse(reason, self._declared.target)


def install(url: str, uploads: bool, executor: str = "") -> None:
    """From here on results of commands are shared, and commands run on the engine `executor`, if there is one.

    url: of the server; '' for that of the engine, at which only the engine itself keeps results.
    Errors: RebelError when what is said about them is wrong.
    """
    if _installed:
        return
    engine = remote_cache.engine(executor) if executor else None
    server = remote_cache.connection(url).server if url or engine is None else engine.server
    shared = SharedCommands(server, bool(url) and uploads and _can_trace(), url in ("", executor))
    sharing = Sharing(shared, engine)
    _installed.append(sharing)
    sandbox.share(sharing)
    saving.at_the_end(lambda: _sum_up(sharing))


_installed: list[Sharing] = []


@cache
def _can_trace() -> bool:
    try:
        trace.strace()
        return True
    except MissingTool as error:
        remote_cache.say(f"nothing is put at the remote cache: {error.message} ({error.hint})")
        return False


def _explains() -> bool:
    return "explain" in (SCons.Script.GetOption("debug") or ())


def _why_not(targets: Sequence[Any], env: Any) -> str:
    """Why the result of an action is nobody else's affair; '' when it may be."""
    if any(node.always_build for node in targets):
        return "AlwaysBuild was said of it"
    if any(getattr(node, "nocache", False) for node in targets):
        return "NoCache was said of it"
    if any(node.side_effects for node in targets):
        return "it has side effects"
    spawn = env["SPAWN"]
    if SCons.Util.is_String(spawn) or not spawn.__module__.startswith("SCons.Platform"):
        return "$SPAWN is not that of SCons"
    if not all(isinstance(node, SCons.Node.FS.File) for node in targets):
        return "it makes no file"
    return ""


def _is_of_another_cache(node: Any) -> bool:
    """Whether the plan of packages answers for a node, which asks the server by what was consulted."""
    return hasattr(node.attributes, "rebel_session")


def _platform(env: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in dict(env.get("REMOTE_PLATFORM") or {}).items()}


def _say(said: Said, clean: Callable[[str], str]) -> None:
    for stream, data in ((sys.stdout, said.stdout), (sys.stderr, said.stderr)):
        if data:
            stream.write(clean(data.decode("utf-8", "backslashreplace")))
            stream.flush()


def _sum_up(sharing: Sharing) -> None:
    tally = sharing.shared.tally
    number = tally.local + tally.cached + tally.remote
    if not number:
        return
    saved = f", {max(tally.saved, 0) / 1e9:.1f} s saved" if tally.cached else ""
    remote = f", {tally.remote} on the executor" if sharing.has_engine else ""
    _tell(f"remote cache: {number} commands, {tally.cached} of them from the cache{remote}{saved}")
    if sharing.undeclared:
        what = "did not declare all that they read or write, so that their results are not shared"
        _tell(f"remote cache: {_names(sharing.undeclared)} {what}; scons --sandbox=report names it")


def _names(targets: Collection[str]) -> str:
    shown = ", ".join(list(targets)[:_SHOWN])
    more = len(targets) - _SHOWN
    return shown + (f" and {more} more" if more > 0 else "")


def _tell(text: str) -> None:
    print(printable(f"scons: {text}"), file=sys.stderr)
