"""Holds the actions of a run of scons to what they declared: one hook for commands, one for functions."""

from __future__ import annotations

import atexit
import os
import sys
from functools import cache
from typing import Any

import SCons.Action
import SCons.Errors
import SCons.Node.FS
import SCons.Util

from rebel_tools.sandbox import audit, bubblewrap, trace
from rebel_tools.sandbox.box import Box, remove_stages
from rebel_tools.sandbox.model import Finding, Mode, judge
from rebel_tools.sandbox.toolchain import toolchain
from rebel_tools.scons.compat import is_configuring
from rebel_tools.scons.declared import declared
from rebel_tools.text import printable

_real_command = SCons.Action.CommandAction.execute
_real_function = SCons.Action.FunctionAction.execute
_chosen: list[Mode] = []
_reported: dict[Finding, None] = {}


def install(mode: Mode | None) -> None:
    """mode: for all environments; None: the `$SANDBOX` of each. Errors: RebelError when the machine cannot do it."""
    if mode is not None:
        check(mode)
        _chosen[:] = [mode]
    _install()


@cache
def _install() -> None:
    SCons.Action.CommandAction.execute = _command
    SCons.Action.FunctionAction.execute = _function
    atexit.register(_finish)


@cache
def check(mode: Mode) -> None:
    """Errors: RebelError when this machine lacks what the mode needs."""
    if mode in (Mode.FULL, Mode.REPORT, Mode.FAST):
        bubblewrap.bwrap()
    if mode in (Mode.FULL, Mode.REPORT, Mode.TRACE):
        trace.strace()


def _mode(env: Any, targets: Any) -> Mode:
    """OFF for what runs while SConscripts are read: tests of Configure(), and env.Execute()."""
    if not targets or is_configuring() or not env:
        return Mode.OFF
    mode = _chosen[0] if _chosen else Mode(env.get("SANDBOX", Mode.OFF.value))
    return mode


def _command(self: Any, target: Any, source: Any, env: Any, executor: Any = None) -> Any:
    mode = _mode(env, target)
    if mode is Mode.OFF:
        return _real_command(self, target, source, env, executor)
    targets, sources = _nodes(target, source, executor)
    box = Box(declared(targets, sources, env), mode, _folders(env))
    spawn = env["SPAWN"]
    if SCons.Util.is_String(spawn):
        spawn = env.subst(spawn, raw=1, conv=lambda x: x)

    def in_box(shell: str, escape: Any, command: str, arguments: list[str], variables: dict[str, str]) -> Any:
        words = box.wrap(shell, arguments, variables)
        status = spawn(shell, escape, words[0], words, variables)
        box.ran()
        return status

    result = _real_command(self, target, source, env.Override({"SPAWN": in_box}), executor)
    if result and not box.traces:
        line = f"scons: {targets[0]}: only declared files were there; scons --sandbox names others"
        print(printable(line), file=sys.stderr)
    return _judged(box.finish(not result), mode, targets, result)


def _function(self: Any, target: Any, source: Any, env: Any, executor: Any = None) -> Any:
    is_own = self.execfunction is SCons.Node.FS.MkdirFunc  # SCons makes a folder, before it asks for what lies there
    mode = Mode.OFF if is_own else _mode(env, target)
    if mode is Mode.OFF:
        return _real_function(self, target, source, env, executor)
    targets, sources = _nodes(target, source, executor)
    allowed = declared(targets, sources, env)
    with audit.watched() as accesses:
        result = _real_function(self, target, source, env, executor)
    findings = judge(allowed, accesses, (*toolchain([], {}, allowed.root), *_folders(env)))
    return _judged(findings, mode, targets, result)


def _nodes(target: Any, source: Any, executor: Any) -> tuple[list[Any], list[Any]]:
    if executor is None:
        return SCons.Util.flatten([target]), SCons.Util.flatten([source])
    return executor.get_all_targets(), executor.get_all_sources()


def _folders(env: Any) -> tuple[str, ...]:
    return tuple(env.Dir(folder).get_abspath() for folder in SCons.Util.flatten([env.get("SANDBOX_TOOLCHAIN") or []]))


def _judged(findings: list[Finding], mode: Mode, targets: list[Any], result: Any) -> Any:
    """The result of an action: an error, whatever the exit status, when something was not declared."""
    if not findings:
        return result
    if mode is Mode.REPORT:
        _reported.update(dict.fromkeys(findings))
        return result
    for node in targets:
        path = str(node)
        if os.path.isfile(path) and not node.precious:
            os.unlink(path)  # made in place, and from what was not declared
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
