"""Shares the results of commands of any tree with other machines, through a server or an engine."""

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
from rebel_tools.remote.command import Asked, NotShared, words_of
from rebel_tools.remote.shared import Said, SharedCommands
from rebel_tools.sandbox import trace
from rebel_tools.sandbox.box import Box
from rebel_tools.sandbox.model import Declared, Finding
from rebel_tools.scons import profile, remote_cache, remote_settings, remote_steps, remote_translations, sandbox, saving
from rebel_tools.scons.captured import run_bytes
from rebel_tools.scons.executor import Executor
from rebel_tools.scons.remote_steps import StepAttempt
from rebel_tools.scons.remote_translations import TranslationAttempt
from rebel_tools.text import printable, screened

if TYPE_CHECKING:
    from rebel_tools.remote.execute import Ended

_SHOWN = 3  # names in a sentence


class Sharing:
    """The state that all commands of a run have in common."""

    def __init__(self, shared: SharedCommands, executor: Executor | None) -> None:
        self.shared = shared
        self._executor = executor
        self.undeclared: dict[str, None] = {}

    @property
    def executor(self) -> Executor | None:
        """Where commands run instead of here, as long as it works."""
        return self._executor if self._executor and self._executor.is_used else None

    @property
    def has_executor(self) -> bool:
        return self._executor is not None

    def attempt(self, targets: Sequence[Any], declared: Declared, env: Any) -> Attempt | StepAttempt | None:
        """An object for one action; None if its result is not shared."""
        is_step = any(map(remote_steps.is_step, targets))  # the cache of packages has keys of its own
        if not (self.executor or self.shared.server.is_used and not is_step):
            self.shared.count(local=int(not is_step or self.has_executor))
            return None
        reason = remote_steps.why_not(env) if is_step else _why_not(targets, env)
        if reason:
            self.refuse(reason, declared.target, self.executor)
            return None
        translation = remote_translations.translation_of(targets) if self.executor else None
        if translation:
            return TranslationAttempt(self, declared, _platform(env), sandbox.folders(env), translation)
        return (StepAttempt if is_step else Attempt)(self, declared, _platform(env), sandbox.folders(env))

    def refuse(self, reason: str, target: str, executor: Executor | None = None) -> None:
        """A result is not looked up, or not stored. executor: one on which the command does not run either."""
        if _explains():
            _tell(f"remote cache: {target} is not shared: {reason}")
        if executor:
            executor.stays_here(reason, target)

    def run_here(self, asked: Asked | None, run: Callable[[], Any]) -> Any:
        """Run a command on this machine with `run`; return its result."""
        return self._executor.run_here(asked, run) if self._executor else run()

    def count(self, ended: Ended) -> None:
        """A command has run on the executor."""
        self.shared.count(cached=int(ended.is_cached), remote=int(not ended.is_cached))


class Attempt:
    """One action: its result is looked up, and uploaded after the command has run successfully."""

    def __init__(
        self, sharing: Sharing, declared: Declared, platform: Mapping[str, str], toolchain: Sequence[str]
    ) -> None:
        self._sharing = sharing
        self._shared = sharing.shared
        self._declared = declared
        self._platform = platform
        self._toolchain = toolchain
        self._asked: Asked | None = None
        self._lines = 0
        self._said: Said | None = None
        self._times = 0, 0

    @property
    def wants_trace(self) -> bool:
        """Whether the command has to be traced, because its result will be uploaded."""
        return self._asked is not None and self._shared.uploads

    def restore(self, shell: str, arguments: Sequence[str], variables: Mapping[str, str]) -> bool:
        """Restore the outputs and messages of a command line from its result; return whether there was one."""
        self._lines += 1
        if self._lines > 1:  # it may read anything that the first line has written, also undeclared files
            self._refuse("its action has several command lines")
            self._asked = None
            return False
        try:
            here, files, words = os.getcwd(), self._shared.files, words_of(shell, arguments)
            toolchain = self._toolchain
            self._asked = Asked(self._declared, words, variables, here, files, self._platform, toolchain=toolchain)
        except (NotShared, OSError) as error:
            self._sharing.refuse(str(error), self._declared.target, self._sharing.executor)
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
        """Run the command line on the engine; return its exit status, or None if it has to run here."""
        executor, asked = self._sharing.executor, self._asked
        ended = executor.run(asked) if executor and asked else None
        if ended is None:
            return None
        self._asked = None
        self._sharing.count(ended)
        _say(Said(ended.stdout, ended.stderr), screened)
        if ended.result.exit_code:
            _tell(f"{self._declared.target} had only its declared files; scons --sandbox names undeclared ones")
        return ended.result.exit_code

    def run(self, shell: str, words: Sequence[str], variables: dict[str, str], usual: Callable[[], Any]) -> int:
        """Run a command line as SCons does, and record its messages, which are printed after it has ended."""
        status = self._sharing.run_here(self._asked, lambda: self._run(shell, words, variables))
        if self._said:
            _say(self._said, lambda text: text)
        if status:
            self._asked = None
        return int(status)

    def _run(self, shell: str, words: Sequence[str], variables: dict[str, str]) -> int:
        start = time.time_ns()
        status, *said = run_bytes([shell, "-c", " ".join(words)], variables)
        self._times = start, time.time_ns()
        self._said = Said(*said)
        return status

    def end(self, succeeded: bool, findings: Collection[Finding], box: Box | None) -> None:
        """The action has ended, and its outputs are in their places."""
        asked = self._asked
        if self._lines and (asked or self._said):
            self._shared.count(local=1)
        if asked is None or self._said is None or not succeeded or not self._shared.uploads:
            return
        if findings:
            self._refuse("it reads or writes undeclared files")
            self._sharing.undeclared[self._declared.target] = None
        elif box is None or not box.traces:
            self._refuse("it was not traced")
        else:
            self._refuse(self._shared.keep(asked, self._said, *self._times, box.consulted()))

    def _refuse(self, reason: str) -> None:
        if reason:
            self._sharing.refuse(reason, self._declared.target)


def install(url: str, uploads: bool, executor: str = "") -> None:
    """From now on, share results of commands, and run commands on the engine `executor`, if there is one.

    url: the address of the server; '' for that of the engine, where only the engine itself stores results.
    Errors: RebelError if a setting is invalid.
    """
    if _installed:
        return
    engine = remote_cache.engine(executor) if executor else None
    server = remote_cache.connection(url).server if url or engine is None else engine.server
    shared = SharedCommands(server, bool(url) and uploads and _can_trace(), url in ("", executor))
    runner = Executor(engine, remote_settings.shortest()) if engine else None
    sharing = Sharing(shared, runner)
    if runner:
        saving.at_the_end(runner.save)
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
        remote_cache.say(f"nothing is uploaded to the remote cache: {error.message} ({error.hint})")
        return False


def _explains() -> bool:
    return "explain" in (SCons.Script.GetOption("debug") or ())


def _why_not(targets: Sequence[Any], env: Any) -> str:
    """Why the result of an action cannot be shared; '' if it can."""
    if any(node.always_build for node in targets):
        return "it has AlwaysBuild"
    if any(getattr(node, "nocache", False) for node in targets):
        return "it has NoCache"
    if any(node.side_effects for node in targets):
        return "it has side effects"
    spawn = env["SPAWN"]
    if remote_steps.is_of_a_package(env):
        return "it is a command of a package, but neither a compilation nor a link"
    if SCons.Util.is_String(spawn) or not spawn.__module__.startswith("SCons.Platform"):
        return "its $SPAWN is not SCons' own"
    if not all(isinstance(node, SCons.Node.FS.File) for node in targets):
        return "not all of its targets are files"
    return ""


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
    remote = f", {tally.remote} on the executor" if sharing.has_executor else ""
    _tell(f"remote cache: {number} commands, {tally.cached} of them from the cache{remote}{saved}")
    if sharing.undeclared:
        what = "not shared, because their commands read or write undeclared files"
        _tell(f"remote cache: {_names(sharing.undeclared)}: {what}; scons --sandbox=report names the files")


def _names(targets: Collection[str]) -> str:
    shown = ", ".join(list(targets)[:_SHOWN])
    more = len(targets) - _SHOWN
    return shown + (f" and {more} more" if more > 0 else "")


def _tell(text: str) -> None:
    print(printable(f"scons: {text}"), file=sys.stderr)
