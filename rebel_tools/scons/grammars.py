"""Grammars for menhir, with types that are inferred in the scope of their package.

Menhir does not know the types of semantic actions. It writes a mock of the parser (`--infer-write-query`), which the
compiler types among the interfaces of the package (`ocamlc -i`), and reads the answer (`--infer-read-reply`); see "Type
inference" in menhir's manual. So a grammar waits for the interfaces that its actions can reach.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import SCons.Errors
import SCons.Node.FS

from rebel_tools.errors import RebelError
from rebel_tools.ocaml import conflicts
from rebel_tools.ocaml.flags import by_compiler
from rebel_tools.plan.model import BYTE, Module, Scope
from rebel_tools.plan.order import CycleError
from rebel_tools.plan.step import Compile, CompileImplementation, ModuleStep
from rebel_tools.plan.steps import ANNOTATIONS
from rebel_tools.project.model import MENHIR, YACC, Rule
from rebel_tools.scons.actions import Words
from rebel_tools.scons.arguments import output_file
from rebel_tools.scons.compat import Environment, Nodes
from rebel_tools.scons.settings import package_flags, program
from rebel_tools.scons.terminal import TERMINAL
from rebel_tools.scons.words import expanded

if TYPE_CHECKING:
    from rebel_tools.scons.package_rules import Place
    from rebel_tools.scons.session import Session

REPORTS = {MENHIR: ".conflicts", YACC: ".output"}
"""The suffixes of the files that describe conflicts."""


def base(rule: Rule, place: Place) -> str:
    """The path of the parser, without its suffix."""
    return place.made_path(rule.targets[0])[: -len(".ml")]


def report(rule: Rule, place: Place) -> list[str]:
    """The path of the file that describes conflicts, if the rule makes one."""
    return [base(rule, place) + REPORTS[rule.kind]] if rule.makes_parser else []


def tell_conflicts(rule: Rule, place: Place) -> None:
    """Print the conflicts of a grammar; its generator prints only their number."""
    for path in report(rule, place):
        with open(path, "a", encoding="utf-8"):  # some versions of menhir write none when there is no conflict
            pass
        text = _text(path)
        if "conflict" in text.lower():
            found = (conflicts.of_menhir if rule.kind == MENHIR else conflicts.of_ocamlyacc)(text)
            sources = {source: _text(source) for source in map(place.path, rule.sources)}
            TERMINAL.say(sys.stderr, conflicts.messages(found, sources, path))


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def make_nodes(
    rule: Rule, place: Place, env: Environment, scope: Scope, run: Session, targets: Nodes, sources: Nodes
) -> Nodes:
    """The nodes of the parser that menhir makes from a grammar, and of the intermediate query and reply."""
    from rebel_tools.scons.rules import RuleAction, plain

    names = [plain(place.path(name)) for name in rule.sources]
    menhir = [program(env, "MENHIR"), *rule.words, "--base", base(rule, place), *names]
    if not rule.infers:
        command = [*menhir, "--explain"] if rule.makes_parser else menhir
        return list(env.Command(targets, sources, RuleAction(command, rule, place)))
    mock, reply = (output_file(env, f"{base(rule, place)}.{name}") for name in ("mock.ml", "inferred.mli"))
    query = [*menhir, "--infer-write-query", mock.get_internal_path()]
    env.Command(mock, sources, Words(query, f"menhir --infer {names[0]}"))
    step = _step(scope, rule, mock.get_internal_path(), reply.get_internal_path())
    scope.queries[mock.get_internal_path()] = step.module
    typing = Words(_typing(env, scope, step), f"ocamlc -i {names[0]}", stdout=reply.get_internal_path())
    env.Command(reply, mock, typing)
    reply.attributes.rebel_reads = lambda: _interfaces(run, step, rule, place)
    run.source_nodes.setdefault(scope, {})[mock.get_internal_path()] = mock
    answer = [*menhir, "--explain", "--infer-read-reply", reply.get_internal_path()]
    return [*env.Command(targets, [*sources, reply], RuleAction(answer, rule, place)), mock, reply]


def _step(scope: Scope, rule: Rule, mock: str, reply: str) -> Compile:
    """The compilation of the mock, as if it were the module made from the grammar."""
    module = Module(rule.module, scope.naming.unit(rule.module), implementation=mock)
    return CompileImplementation(scope, BYTE, (reply,), module, mock)


def _typing(env: Environment, scope: Scope, step: Compile) -> list[str]:
    """The command that prints the types of the mock, without warnings: the compilation of the parser repeats them."""
    flags = [word for word in expanded(env, "OCAMLFLAGS") if word != ANNOTATIONS]
    own, _ = by_compiler(scope.module_flags.get(step.module.name, ()))
    folders = [word for each in (scope, *scope.uses) for word in ("-I", each.outdir)]
    opened = ["-open", scope.namespace] if scope.namespace else []
    command = [*expanded(env, "OCAMLC"), *flags, *package_flags(env), *own, "-w", "-a"]
    return [*command, *folders, *opened, "-i", "-impl", step.source]


def _interfaces(run: Session, step: Compile, rule: Rule, place: Place) -> Nodes:
    """The compiled interfaces that the typing of the mock can reach, directly or indirectly."""
    if not os.path.isfile(step.source):
        return []
    try:
        run.notice_generated(step.scope)
        found = run.plan.below(step)
        own = next((other for other in found if other.module.object == step.module.object), None)
        if own:
            raise _cycle(step, own, found, place.path(rule.sources[0]))
    except RebelError as error:
        raise SCons.Errors.StopError(str(error)) from error
    nodes = (node for other in found if other.makes_interface for node in run.nodes(other))
    return sorted((node for node in nodes if node.get_suffix() == ".cmi"), key=str)


def _cycle(step: Compile, own: ModuleStep, found: Mapping[ModuleStep, ModuleStep], grammar: str) -> RebelError:
    """The error about a module that the grammar uses and that uses the parser made from the grammar."""
    path: list[ModuleStep] = []
    last = found[own]
    while last is not step:
        if not path or path[-1].module != last.module:
            path.append(last)
        last = found[last]
    remedy = 'set `"infer": false` for the grammar if it declares the types of what it exports, or '
    return CycleError([step, *reversed(path), step], {step: grammar}, remedy)
