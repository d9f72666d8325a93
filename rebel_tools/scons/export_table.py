"""The SCons tool `export_table`: interfaces, verified export tables, and extension modules that depend on them.

    env = Environment(tools=['default', 'export_table'])
    core = env.SharedLibrary('core', ['core.c'])
    interface = env.Interface('core.interface', 'core.h')
    table = env.ExportTable('core.exports', [core, interface])
    env.ExtensionModule('ext', ['ext.c'], CORE=table)

An extension is linked against the core but depends on the table alone: a core that changes inside keeps its table, and
its extensions are not linked again.
"""

from __future__ import annotations

import os

import SCons.Action
import SCons.Builder
import SCons.Errors
import SCons.Tool
import SCons.Util

import rebel_tools
from rebel_tools.errors import MissingTool, RebelError

IMPORT_LIBRARIES = (".a", ".lib", ".def", ".pdb", ".exp", ".ilk")

_C_COMMAND = "$CC $CFLAGS $CCFLAGS $_CCCOMCOM"
_CXX_COMMAND = "$CXX $CXXFLAGS $CCFLAGS $_CCCOMCOM"


def generate(env, **kw) -> None:
    """Add the builders and their variables; what the user has set stays, and what the tool is called with wins.

    `tools=[('export_table', {'EXPORT_EVIDENCE': 'layout'})]`
    """
    env.Replace(**kw)
    env.SetDefault(
        INTERFACESUFFIX=".interface",
        INTERFACE_LANGUAGE="",
        INTERFACE_DIGEST_SYMBOL="",
        INTERFACECOMSTR="",
        INTERFACEDIGESTCOMSTR="",
        EXPORTTABLESUFFIX=".exports",
        EXPORT_EVIDENCE="kind",
        EXPORT_COMPLETE=False,
        EXPORT_ALLOW=[],
        EXPORT_FORBID=[],
        EXPORTTABLECOMSTR="",
        _INTERFACECCOM=_C_COMMAND,
        _INTERFACECXXCOM=_CXX_COMMAND,
        _REBEL_VERSION=rebel_tools.__version__,
    )
    env.Append(
        BUILDERS={
            "Interface": _interface_builder(),
            "InterfaceDigest": _digest_builder(),
            "ExportTable": _table_builder(),
        }
    )
    env.AddMethod(extension_module, "ExtensionModule")


def exists(env) -> bool:
    return True


# ---------------------------------------------------------------- builders


def _interface_builder():
    action = SCons.Action.Action(
        write_interface,
        _announce("INTERFACECOMSTR", "Reading the interface {target} from {sources}"),
        varlist=[
            "_INTERFACECCOM",
            "_INTERFACECXXCOM",
            "INTERFACE_LANGUAGE",
            "INTERFACE_DIGEST_SYMBOL",
            "_REBEL_VERSION",
        ],
    )
    return SCons.Builder.Builder(
        action=action,
        suffix="$INTERFACESUFFIX",
        emitter=_depend_on_compiler,
        source_scanner=SCons.Tool.SourceFileScanner,
    )


def _digest_builder():
    action = SCons.Action.Action(
        write_digest,
        _announce("INTERFACEDIGESTCOMSTR", "Writing the digest {target} of {sources}"),
        varlist=["_REBEL_VERSION"],
    )
    return SCons.Builder.Builder(action=action, suffix=".c", src_suffix="$INTERFACESUFFIX", single_source=True)


def _table_builder():
    action = SCons.Action.Action(
        write_table,
        _announce("EXPORTTABLECOMSTR", "Verifying {sources} for {target}"),
        varlist=["EXPORT_EVIDENCE", "EXPORT_COMPLETE", "EXPORT_ALLOW", "EXPORT_FORBID", "_REBEL_VERSION"],
    )
    return SCons.Builder.Builder(action=action, suffix="$EXPORTTABLESUFFIX", emitter=_pick_library)


def _announce(variable: str, default: str):
    """The `strfunction` of an action: the user's COMSTR, or a line of ours."""

    def say(target, source, env):
        text = env.subst(f"${variable}", target=target, source=source)
        return text or default.format(target=target[0], sources=", ".join(map(str, source)))

    return say


def _depend_on_compiler(target, source, env):
    """A changed compiler may lay types out otherwise, so its file counts like a source (as SCons does for commands)."""
    is_cxx = _language(env, source) == "c++"
    words = env.subst_list("$CXX" if is_cxx else "$CC")
    program = env.WhereIs(str(words[0][0])) if words and words[0] else None
    if program and env.get("IMPLICIT_COMMAND_DEPENDENCIES", True) not in (False, 0, "0", "none"):
        env.Depends(target, env.File(program))
    return target, source


def _pick_library(target, source, env):
    """Keep the library and the interface; remember on the table what extensions link against."""
    libraries, interfaces = source[:-1], source[-1:]
    main = [node for node in libraries if os.path.splitext(node.name)[1] not in IMPORT_LIBRARIES]
    if len(main) != 1:
        names = ", ".join(map(str, source)) or "nothing"
        raise SCons.Errors.UserError(f"ExportTable needs one library and then one interface, got {names}")
    for node in target:
        node.attributes.rebel_core = main[0]
        node.attributes.rebel_import = next((n for n in libraries if n.name.endswith((".a", ".lib"))), None)
    return target, [*main, *interfaces]


# ---------------------------------------------------------------- actions


def _complain(target, error: RebelError | str):
    """The build error for a mistake of the user; a target that exists by now would be taken for a good one."""
    for node in target:
        if os.path.lexists(node.get_internal_path()):
            os.unlink(node.get_internal_path())
    return SCons.Errors.BuildError(node=target[0], errstr=str(error), status=1, exitstatus=2)


def write_interface(target, source, env):
    """Action of env.Interface."""
    from rebel_tools.interface.file import write_interface as write
    from rebel_tools.producers.compiler import Compiler
    from rebel_tools.producers.source import read_source

    language = _language(env, source)
    command = "$_INTERFACECXXCOM" if language == "c++" else "$_INTERFACECCOM"
    words = env.subst_list(command, target=target, source=source)[0]
    compiler = Compiler(tuple(map(str, words)), env=_shell_environment(env))
    try:
        _need_compiler(env, command)
        sources = [node.get_internal_path() for node in source]
        symbol = env.subst("$INTERFACE_DIGEST_SYMBOL")
        write(read_source(sources, compiler, language, symbol), target[0].get_internal_path())
    except RebelError as error:
        raise _complain(target, error) from None


def _need_compiler(env, command: str) -> None:
    variable = "CXX" if "CXX" in command else "CC"
    if not env.subst(f"${variable}"):
        raise MissingTool(f"${variable} is not set", hint="tools=['default', 'export_table'], or set it to a compiler")


def _shell_environment(env) -> dict[str, str]:
    """$ENV as a process wants it: SCons allows lists of paths and other values."""
    return {
        key: os.pathsep.join(map(str, value)) if SCons.Util.is_List(value) else str(value)
        for key, value in env["ENV"].items()
    }


def _language(env, source) -> str | None:
    from rebel_tools.producers.source import language_of

    chosen = env.subst("$INTERFACE_LANGUAGE")
    try:
        return chosen or language_of([str(node) for node in source])
    except RebelError as error:
        raise SCons.Errors.UserError(str(error)) from None


def write_digest(target, source, env):
    """Action of env.InterfaceDigest."""
    from rebel_tools.interface.file import read_interface
    from rebel_tools.producers.source import digest_source

    try:
        text = digest_source(read_interface(source[0].get_internal_path()))
    except RebelError as error:
        raise _complain(target, error) from None
    with open(target[0].get_internal_path(), "w", encoding="ascii", newline="\n") as stream:
        stream.write(text)


def write_table(target, source, env):
    """Action of env.ExportTable: no table for a library that does not keep its interface."""
    from rebel_tools.gate.check import check_files
    from rebel_tools.gate.render import to_text
    from rebel_tools.gate.table import verified_table

    library, interface = (node.get_internal_path() for node in source)
    try:
        report, table = check_files(interface, library, _policy(env))
    except RebelError as error:
        raise _complain(target, error) from None
    if not report.passed:
        raise _complain(target, to_text(report))
    with open(target[0].get_internal_path(), "w", encoding="utf-8", newline="\n") as stream:
        stream.write(verified_table(report, table))


def _policy(env):
    from rebel_tools.gate.evidence import required
    from rebel_tools.gate.verify import Policy

    evidence = env["EXPORT_EVIDENCE"]
    levels = evidence if SCons.Util.is_List(evidence) else env.subst("$EXPORT_EVIDENCE")
    return Policy(
        required(levels),
        complete=_is_true(env.get("EXPORT_COMPLETE")),
        allow=tuple(SCons.Util.CLVar(env.get("EXPORT_ALLOW"))),
        forbid=tuple(SCons.Util.CLVar(env.get("EXPORT_FORBID"))),
    )


def _is_true(value) -> bool:
    return bool(value) and str(value).lower() not in ("0", "no", "false")


# ---------------------------------------------------------------- extensions


def extension_module(env, target, source, CORE=None, **kw):
    """A loadable module that is linked against one or several verified cores; returns its nodes.

    CORE: what env.ExportTable returned, or a list of such.
    """
    tables = [node for node in SCons.Util.flatten([CORE]) if node is not None]
    if not tables or any(getattr(_attributes(node), "rebel_core", None) is None for node in tables):
        raise SCons.Errors.UserError(f"ExtensionModule {target}: CORE must be what env.ExportTable returned")
    flags = " ".join(word for table in tables for word in _link_words(table))
    libflags = f"{kw.pop('_LIBFLAGS', env.get('_LIBFLAGS', ''))} {flags}"
    modules = env.LoadableModule(target, source, _LIBFLAGS=libflags, **kw)
    env.Depends(modules, tables)
    return modules


def _attributes(node):
    return getattr(node, "attributes", None)


def _link_words(table) -> list[str]:
    """The linker's words for the core of this table; as text, so that SCons does not depend on the library's bytes.

    `-l:name` makes an ELF module need the library's SONAME, or its bare file name, but never a path of this build.
    """
    core, implib = table.attributes.rebel_core, table.attributes.rebel_import
    if implib is not None:
        return [_quote(implib.get_internal_path())]
    folder = os.path.dirname(core.get_internal_path()) or "."
    return [_quote(f"-L{folder}"), _quote(f"-l:{core.name}")]


def _quote(word: str) -> str:
    word = word.replace("$", "$$")
    return f'"{word}"' if " " in word else word
