"""The actions of the builders of the tool `export_table`."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import SCons.Action
import SCons.Errors
import SCons.Util

from rebel_tools.errors import RebelError
from rebel_tools.scons.calls import is_true

if TYPE_CHECKING:
    from rebel_tools.gate.verify import Policy
    from rebel_tools.producers.selection import Selection

C_COMMAND, CXX_COMMAND = "$_INTERFACECCOM", "$_INTERFACECXXCOM"


def write_interface(target: Any, source: Any, env: Any) -> None:
    """Action of env.Interface."""
    from rebel_tools.interface.file import write_interface as write
    from rebel_tools.producers.source import read_source
    from rebel_tools.scons.commands import compiler
    from rebel_tools.text import printable

    def left_out(path: str) -> None:
        print(printable(f"{target[0]}: {path} declares functions that are not in the interface (INTERFACE_HEADERS)"))

    try:
        language = language_of(env, source)
        variable, command = ("CXX", CXX_COMMAND) if language == "c++" else ("CC", C_COMMAND)
        asked = compiler(env, variable, command, target, source)
        symbol = env.subst("$INTERFACE_DIGEST_SYMBOL")
        interface = read_source(_paths(source), asked, language, symbol, _selection(env), left_out)
        write(interface, target[0].get_internal_path())
    except RebelError as error:
        raise _complain(target, error) from None


def language_of(env: Any, source: Any) -> str:
    """The language of an interface's sources: $INTERFACE_LANGUAGE, or by their suffixes."""
    from rebel_tools.producers.source import language_of as by_suffix

    return str(env.subst("$INTERFACE_LANGUAGE")) or by_suffix([str(node) for node in source])


def _selection(env: Any) -> Selection:
    from rebel_tools.producers.selection import Selection

    return Selection(_patterns(env, "INTERFACE_HEADERS"), _patterns(env, "INTERFACE_EXCLUDE"))


def _patterns(env: Any, variable: str) -> tuple[str, ...]:
    """Nodes, and patterns with wildcards, as paths relative to the folder of the SConstruct."""
    values = SCons.Util.flatten([SCons.Util.CLVar(env.get(variable) or [])])
    paths = (v.get_internal_path() if hasattr(v, "get_internal_path") else env.subst(str(v)) for v in values)
    return tuple(path.removeprefix("#").removeprefix("/") if path.startswith("#") else path for path in paths)


def _paths(nodes: Iterable[Any]) -> list[str]:
    """The paths of the files, in the tree or in a repository."""
    return [node.rfile().get_internal_path() for node in nodes]


def write_digest(target: Any, source: Any, env: Any) -> None:
    """Action of env.InterfaceDigest."""
    from rebel_tools.interface.file import read_interface
    from rebel_tools.producers.source import digest_source

    try:
        text = digest_source(read_interface(_paths(source)[0]))
    except RebelError as error:
        raise _complain(target, error) from None
    with open(target[0].get_internal_path(), "w", encoding="ascii", newline="\n") as stream:
        stream.write(text)


def write_table(target: Any, source: Any, env: Any) -> None:
    """Action of env.ExportTable: writes no table for a library that violates its interface."""
    from rebel_tools.gate.check import check_files
    from rebel_tools.gate.render import accepted_text, to_text, unused_text
    from rebel_tools.gate.suppress import suppress_findings
    from rebel_tools.gate.suppressions import read_suppressions, unused
    from rebel_tools.gate.table import verified_table
    from rebel_tools.text import printable

    library, interface = _paths(source[:2])
    implib = target[0].attributes.rebel_import
    try:
        accepted = [s for path in _paths(suppression_files(env)) for s in read_suppressions(path)]
        report, table = check_files(interface, library, _policy(env), _patterns(env, "EXPORT_DEBUG_DIR"))
    except RebelError as error:
        raise _complain(target, error) from None
    report = suppress_findings(report, accepted, datetime.date.today())
    for line in accepted_text(report.suppressed):
        print(printable(f"{target[0]}: {line}"))
    for line in unused_text(unused(accepted, [by for _, by in report.suppressed]), datetime.date.today()):
        print(printable(f"{target[0]}: warning: {line}"))
    if not report.passed:
        raise _complain(target, to_text(report))
    with open(target[0].get_internal_path(), "w", encoding="utf-8", newline="\n") as stream:
        stream.write(verified_table(report, table, implib.name if implib else None))


def suppression_files(env: Any) -> list[Any]:
    """The nodes in $EXPORT_SUPPRESSIONS."""
    return list(map(env.File, SCons.Util.flatten([SCons.Util.CLVar(env.get("EXPORT_SUPPRESSIONS") or [])])))


def debug_files(node: Any, env: Any, path: Any) -> list[Any]:
    """The scanner of env.ExportTable: files beside a library that the action can read.

    It is called again after the library was built. Files that its build wrote beside it have no builder, so SCons would
    otherwise use the contents that it saw before.
    """
    from rebel_tools.gate.check import files_beside

    found = files_beside(_paths([node])[0], _patterns(env, "EXPORT_DEBUG_DIR"))
    files = [env.fs.File(os.path.abspath(file)) for file in found]
    for file in files:
        if not file.has_builder():
            file.clear()
    return files


def _policy(env: Any) -> Policy:
    from rebel_tools.gate.evidence import required
    from rebel_tools.gate.verify import Policy

    evidence = env["EXPORT_EVIDENCE"]
    levels = evidence if SCons.Util.is_List(evidence) else env.subst("$EXPORT_EVIDENCE")
    return Policy(
        required(levels),
        complete=is_true(env.get("EXPORT_COMPLETE")),
        allow=tuple(SCons.Util.CLVar(env.get("EXPORT_ALLOW"))),
        forbid=tuple(SCons.Util.CLVar(env.get("EXPORT_FORBID"))),
    )


def _complain(target: Any, error: RebelError | str) -> SCons.Errors.BuildError:
    """The build error for a user's error. The target is removed, because it would be taken for a valid one."""
    for node in target:
        if os.path.lexists(node.get_internal_path()):
            os.unlink(node.get_internal_path())
    return SCons.Errors.BuildError(node=target[0], errstr=str(error), status=1, exitstatus=2)


def refuse_ninja(env: Any, node: Any, build: Any) -> None:
    """Called by SCons' ninja tool for a table: ninja would not see the failure of a Python action."""
    raise SCons.Errors.BuildError(
        node=node,
        errstr=f"SCons' ninja tool would build extensions even if {node} is refused\n"
        "  hint: build without the tool 'ninja', or leave what depends on this table out of its targets",
    )


INTERFACE = SCons.Action.Action(
    write_interface,
    "$INTERFACECOMSTR",
    varlist=[
        "_INTERFACECCOM",
        "_INTERFACECXXCOM",
        "INTERFACE_LANGUAGE",
        "INTERFACE_DIGEST_SYMBOL",
        "INTERFACE_HEADERS",
        "INTERFACE_EXCLUDE",
        "_REBEL_VERSION",
    ],
)
DIGEST = SCons.Action.Action(write_digest, "$INTERFACEDIGESTCOMSTR", varlist=["_REBEL_VERSION"])
TABLE = SCons.Action.Action(
    write_table,
    "$EXPORTTABLECOMSTR",
    varlist=[
        "EXPORT_EVIDENCE",
        "EXPORT_COMPLETE",
        "EXPORT_ALLOW",
        "EXPORT_FORBID",
        "EXPORT_DEBUG_DIR",
        "_REBEL_VERSION",
    ],
)
