"""JavaScript from bytecode: the script that js_of_ocaml makes of a program."""

from __future__ import annotations

import os

import SCons.Scanner
from SCons.Builder import Builder

from rebel_tools.scons.actions import Command
from rebel_tools.scons.arguments import from_top
from rebel_tools.scons.compat import Environment, Node, Nodes
from rebel_tools.scons.goals import Goal
from rebel_tools.scons.named import built_files, top_of
from rebel_tools.scons.words import expanded, extended


def script_of(goal: Goal) -> Nodes:
    """The script of a target of the engine jsoo, next to its program."""
    env = goal.env.Override({"JSOOFLAGS": extended(goal.env["JSOOFLAGS"], goal.target.unstable_flags.jsoo)})
    builder = Builder(action=Command("JSOOCOM"), target_scanner=SCons.Scanner.Scanner(_named_by_flags))
    return list(builder(env, target=[from_top(os.path.splitext(goal.path)[0] + ".js")], source=goal.program))


def _named_by_flags(node: Node, env: Environment, path: object) -> Nodes:
    """The files named in flags of js_of_ocaml, such as a JavaScript runtime, that exist or are built."""
    words = [word.rpartition("=")[2] if word.startswith("-") else word for word in expanded(env, "JSOOFLAGS")]
    paths = [os.path.join(top_of(env), word) for word in words]
    return list(dict.fromkeys([*built_files(paths), *(env.fs.File(each) for each in paths if os.path.isfile(each))]))
