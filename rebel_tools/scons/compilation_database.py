"""env.OCamlCompilationDatabase: the commands that compile OCaml, for tools that read those of C in the same form.

Format: "JSON Compilation Database Format Specification" of Clang, https://clang.llvm.org/docs/JSONCompilationDatabase.html
"""

from __future__ import annotations

import json
from typing import Any

import SCons.Node.Python
from SCons.Action import Action

from rebel_tools.plan.step import Compile
from rebel_tools.scons.actions import command_variable
from rebel_tools.scons.arguments import target_file
from rebel_tools.scons.compat import Environment, Nodes, node_list, top_folder
from rebel_tools.scons.mistakes import user_error
from rebel_tools.scons.session import Session, session
from rebel_tools.scons.words import expanded


@user_error
def ocaml_compilation_database(env: Environment, target: Any = "compile_commands.json") -> Nodes:
    """A file with the command of each compilation that the builders of this SConstruct ask for, also of later calls.

    It is written when one of the commands has changed; nothing has to be compiled for it. Modules that are not sources,
    such as those with aliases, are left out.
    """
    node = target_file(env, target)
    commands = SCons.Node.Python.Value(_Commands(session()), name="commands of OCaml")
    return node_list(env.Command(node, commands, Action(_write, "compilation database $TARGET")))


class _Commands:
    """The text of the file, which is asked for after all SConscripts were read."""

    def __init__(self, run: Session) -> None:
        self.run = run

    def __str__(self) -> str:
        steps = [step for step in self.run.plan.steps.values() if isinstance(step, Compile)]
        entries = [_entry(self.run, step) for step in steps if not step.module.generated]
        return json.dumps(entries, indent=4, ensure_ascii=False) + "\n"


def _entry(run: Session, step: Compile) -> dict[str, object]:
    env, nodes = run.environments[step.scope], run.nodes(step)
    words = expanded(env, command_variable(type(step), step.engine), nodes, nodes[0].sources)
    return {"directory": top_folder(), "file": step.source, "arguments": words, "output": step.key}


def _write(target: Nodes, source: Nodes, env: Environment) -> None:
    with open(target[0].get_abspath(), "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(str(source[0].value))
