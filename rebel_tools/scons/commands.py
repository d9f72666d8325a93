"""The compilers of an environment, for processes that are not started by SCons."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from typing import Any

import SCons.Action
import SCons.Util

from rebel_tools.errors import MissingTool
from rebel_tools.producers.compiler import Compiler
from rebel_tools.scons.compat import escape_list, shell_environment

_ASSIGNMENT = re.compile(r"\w+=")


def compiler(env: Any, variable: str, command: str, target: Any, source: Any) -> Compiler:
    """The compiler that `variable` names with the words of `command`, as SCons would run it.

    The words go through the shell of the environment once, so that quotes and backticks mean what they mean in
    every other command, and the programs get its $ENV. Raises MissingTool when no compiler is set.
    """
    if not env.subst(f"${variable}"):
        raise MissingTool(f"${variable} is not set", hint="tools=['default', 'export_table'], or set it to a compiler")
    variables = environment(env, target, source)
    words = env.subst_list(command, target=target, source=[node.rfile() for node in source])[0]
    if os.name != "posix":
        return Compiler(tuple(map(str, words)), env=variables)
    text = " ".join(escape_list(words, env["ESCAPE"]))
    # The words as the shell expands them, each followed by a NUL.
    run = subprocess.run([env["SHELL"], "-c", rf"printf '%s\0' {text}"], env=variables, stdout=subprocess.PIPE)
    expanded = os.fsdecode(run.stdout).split("\0")[:-1]
    if expanded and _ASSIGNMENT.match(expanded[0]):
        expanded.insert(0, "env")  # a command may begin with assignments
    return Compiler(tuple(expanded), env=variables)


def environment(env: Any, target: Any, source: Any) -> Mapping[str, str]:
    """$ENV with text values, as a process needs it: SCons also allows lists, other values and functions."""
    variables = shell_environment(env, target, source)
    return {
        key: os.pathsep.join(map(str, value)) if SCons.Util.is_List(value) else str(value)
        for key, value in variables.items()
    }
