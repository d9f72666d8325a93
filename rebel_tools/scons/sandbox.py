"""Enforces the declarations of actions in a run of SCons: one hook for commands, one for functions."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import SCons.Action
import SCons.Errors
import SCons.Node.FS
import SCons.Util

from rebel_tools.sandbox import audit, bubblewrap, trace
from rebel_tools.sandbox.box import Box, remove_stages
from rebel_tools.sandbox.model import Declared, Finding, Mode, judge
from rebel_tools.sandbox.toolchain import toolchain
from rebel_tools.scons.compat import is_configuring, makes_folder
from rebel_tools.scons.declared import declared
from rebel_tools.text import printable

if TYPE_CHECKING:
    from rebel_tools.scons.remote_steps import StepAttempt
    from rebel_tools.scons.sharing import Attempt, Sharing

_real_command = SCons.Action.CommandAction.execute
_real_function = SCons.Action.FunctionAction.execute
_chosen: list[Mode] = []
_sharing: list[Sharing] = []
_reported: dict[Finding, None] = {}


def install(mode: Mode | None) -> None:
    """mode: for all environments; None: the `$SANDBOX` of each. Errors: RebelError if it is not supported here."""
    if mode is not None:
        check(mode)
        _chosen[:] = [mode]
    _install()


def share(sharing: Sharing) -> None:
    """From now on, look up and store results of commands."""
    _sharing[:] = [sharing]
    _install()


@cache
def _install() -> None:
    SCons.Action.CommandAction.execute = _command
    SCons.Action.FunctionAction.execute = _function
    atexit.register(_finish)


@cache
def check(mode: Mode) -> None:
    """Errors: RebelError if this machine lacks what the mode needs."""
    if mode in (Mode.FULL, Mode.REPORT, Mode.FAST):
        bubblewrap.bwrap()
    if mode in (Mode.FULL, Mode.REPORT, Mode.TRACE):
        trace.strace()


def _mode(env: Any, targets: Any) -> Mode:
    if not _is_building(env, targets):
        return Mode.OFF
    return _chosen[0] if _chosen else Mode(env.get("SANDBOX", Mode.OFF.value))


def _is_building(env: Any, targets: Any) -> bool:
    """Whether SCons is building: not for env.Execute(), nor in tests of Configure(), which has a flag."""
    return bool(targets and env and not is_configuring())


def _command(self: Any, target: Any, source: Any, env: Any, executor: Any = None) -> Any:
    targets, sources = _nodes(target, source, executor)
    mode = _mode(env, targets)
    is_shared = bool(_sharing) and _is_building(env, targets)
    if mode is Mode.OFF and not is_shared:
        return _real_command(self, target, source, env, executor)
    allowed = declared(targets, sources, env)
    attempt = _sharing[0].attempt(targets, allowed, env) if is_shared else None
    if mode is Mode.OFF and attempt is None:
        return _real_command(self, target, source, env, executor)
    spawn = env["SPAWN"]
    if SCons.Util.is_String(spawn):
        spawn = env.subst(spawn, raw=1, conv=lambda x: x)
    run = _Run(spawn, allowed, mode, folders(env), attempt)
    result = _real_command(self, target, source, env.Override({"SPAWN": run.spawn}), executor)
    box = run.box
    if result and box and not box.traces:
        line = f"scons: {targets[0]}: only declared files were there; scons --sandbox names others"
        print(printable(line), file=sys.stderr)
    findings = box.finish(not result) if box else []
    if mode is not Mode.OFF:
        result = _judged(findings, mode, targets, result)
    if attempt is not None:
        attempt.end(not result, findings, box)
    return result


class _Run:
    """The command lines of one action; replaces SCons' own SPAWN.

    box: where they run; made when needed. Without a mode, there is one for results that are shared, to record accesses.
    """

    def __init__(
        self,
        real: Callable[..., Any],
        allowed: Declared,
        mode: Mode,
        folders: tuple[str, ...],
        attempt: Attempt | StepAttempt | None,
    ) -> None:
        self._real, self._allowed, self._mode, self._folders = real, allowed, mode, folders
        self._attempt = attempt
        self.box: Box | None = None

    def spawn(self, shell: str, escape: Any, command: str, arguments: list[str], variables: dict[str, str]) -> Any:
        attempt = self._attempt
        if attempt is not None and attempt.restore(shell, arguments, variables):
            return 0
        elsewhere = attempt.execute() if attempt is not None else None
        if elsewhere is not None:
            return elsewhere
        if self.box is None and (self._mode is not Mode.OFF or (attempt is not None and attempt.wants_trace)):
            mode = Mode.TRACE if self._mode is Mode.OFF else self._mode
            self.box = Box(self._allowed, mode, self._folders)
        words = self.box.wrap(shell, arguments, variables) if self.box else arguments
        usual = partial(self._real, shell, escape, words[0], words, variables)
        status = attempt.run(shell, words, variables, usual) if attempt is not None else usual()
        if self.box:
            self.box.ran()
        return status


def _function(self: Any, target: Any, source: Any, env: Any, executor: Any = None) -> Any:
    is_own = makes_folder(self)  # SCons creates a folder before it looks for files in it
    targets, sources = _nodes(target, source, executor)
    mode = Mode.OFF if is_own else _mode(env, targets)
    if mode is Mode.OFF:
        return _real_function(self, target, source, env, executor)
    allowed = declared(targets, sources, env)
    with audit.watched() as accesses:
        result = _real_function(self, target, source, env, executor)
    findings = judge(allowed, accesses, (*toolchain([], {}, allowed.root), *folders(env)))
    return _judged(findings, mode, targets, result)


def _nodes(target: Any, source: Any, executor: Any) -> tuple[list[Any], list[Any]]:
    """The targets and sources of an action. SCons leaves both lists empty if it need not print them, as with -s."""
    if executor is None:
        return SCons.Util.flatten([target]), SCons.Util.flatten([source])
    return executor.get_all_targets(), executor.get_all_sources()


def folders(env: Any) -> tuple[str, ...]:
    """The folders in `$SANDBOX_TOOLCHAIN`."""
    return tuple(env.Dir(folder).get_abspath() for folder in SCons.Util.flatten([env.get("SANDBOX_TOOLCHAIN") or []]))


def _judged(findings: list[Finding], mode: Mode, targets: list[Any], result: Any) -> Any:
    """The result of an action: an error, whatever the exit status, if an access was not declared."""
    if not findings:
        return result
    if mode is Mode.REPORT:
        _reported.update(dict.fromkeys(findings))
        return result
    for node in targets:
        path = str(node)
        if os.path.isfile(path) and not node.precious:
            os.unlink(path)  # made in place, from undeclared files
    text = "\n".join(str(finding.error()) for finding in findings)
    status = getattr(result, "status", 0) or 1
    return SCons.Errors.BuildError(node=targets[0], errstr=text, status=status, exitstatus=2)


def _finish() -> None:
    remove_stages()
    if not _reported:
        if Mode.REPORT in _chosen:
            print("scons: sandbox: every action that ran declared what it read and wrote", file=sys.stderr)
        return
    times = "1 time" if len(_reported) == 1 else f"{len(_reported)} times"
    print(f"scons: sandbox: {times} something was not declared:", file=sys.stderr)
    for finding in _reported:
        print(finding.error(), file=sys.stderr)
