"""The SCons tool `export_table`: interfaces, verified export tables, and extension modules that depend on them.

    env = Environment(tools=['default', 'export_table'])
    core = env.SharedLibrary('core', ['core.c'])
    interface = env.Interface('core.interface', 'core.h')
    table = env.ExportTable('core.exports', [core, interface])
    env.ExtensionModule('ext', ['ext.c'], CORE=table)

An extension is linked against the core but depends on the table only: if just the code of a core changes, its table
stays the same and its extensions are not linked again.
"""

from __future__ import annotations

import os
from typing import Any

import SCons.Action
import SCons.Builder
import SCons.Scanner
import SCons.Tool

import rebel_tools
from rebel_tools.errors import RebelError
from rebel_tools.scons import gate_actions
from rebel_tools.scons.mistakes import user_error
from rebel_tools.scons.words import Literals, literals

IMPORT_LIBRARIES = (".a", ".lib", ".def", ".pdb", ".exp", ".ilk")

VARIABLES = {
    "INTERFACESUFFIX": ".interface",
    "INTERFACE_LANGUAGE": "",
    "INTERFACE_DIGEST_SYMBOL": "",
    "INTERFACE_HEADERS": [],
    "INTERFACE_EXCLUDE": [],
    "INTERFACECOM": gate_actions.INTERFACE,
    "INTERFACECOMSTR": "Reading the interface $TARGET from $SOURCES",
    "INTERFACEDIGESTCOM": gate_actions.DIGEST,
    "INTERFACEDIGESTCOMSTR": "Writing the digest $TARGET of $SOURCES",
    "EXPORTTABLESUFFIX": ".exports",
    "EXPORT_EVIDENCE": "kind",
    "EXPORT_COMPLETE": False,
    "EXPORT_ALLOW": [],
    "EXPORT_FORBID": [],
    "EXPORT_DEBUG_DIR": [],
    "EXPORT_SUPPRESSIONS": [],
    "EXPORTTABLECOM": gate_actions.TABLE,
    "EXPORTTABLECOMSTR": "Verifying $SOURCE against ${SOURCES[1]} for $TARGET",
    "_INTERFACECCOM": "$CC $CFLAGS $CCFLAGS $_CCCOMCOM",
    "_INTERFACECXXCOM": "$CXX $CXXFLAGS $CCFLAGS $_CCCOMCOM",
    "_REBEL_VERSION": rebel_tools.__version__,
}


def generate(env: Any, **kw: Any) -> None:
    """Add the builders and their variables. Variables that the user has set are kept; arguments of the tool override
    them.

    `tools=[('export_table', {'EXPORT_EVIDENCE': 'layout'})]`
    """
    env.Replace(**kw)
    env.SetDefault(**VARIABLES)
    env.Append(
        BUILDERS={
            "Interface": _interface_builder(),
            "InterfaceDigest": _digest_builder(),
            "ExportTable": _table_builder(),
        }
    )
    env.AddMethod(extension_module, "ExtensionModule")


def exists(env: Any) -> bool:
    return True


# ---------------------------------------------------------------- builders


def _interface_builder() -> Any:
    return SCons.Builder.Builder(
        action=SCons.Action.Action("$INTERFACECOM", "$INTERFACECOMSTR"),
        suffix="$INTERFACESUFFIX",
        emitter=_depend_on_compiler,
        source_scanner=SCons.Tool.SourceFileScanner,
    )


def _digest_builder() -> Any:
    action = SCons.Action.Action("$INTERFACEDIGESTCOM", "$INTERFACEDIGESTCOMSTR")
    return SCons.Builder.Builder(action=action, suffix=".c", src_suffix="$INTERFACESUFFIX", single_source=True)


def _table_builder() -> Any:
    action = SCons.Action.Action("$EXPORTTABLECOM", "$EXPORTTABLECOMSTR")
    scanner = SCons.Scanner.Scanner(gate_actions.debug_files, name="debug information")
    return SCons.Builder.Builder(
        action=action, suffix="$EXPORTTABLESUFFIX", emitter=_pick_library, source_scanner=scanner
    )


@user_error
def _depend_on_compiler(target: Any, source: Any, env: Any) -> tuple[Any, Any]:
    """A changed compiler may use another layout of types, so its file counts like a source (as in SCons' commands)."""
    is_cxx = gate_actions.language_of(env, source) == "c++"
    words = env.subst_list("$CXX" if is_cxx else "$CC")
    program = env.WhereIs(str(words[0][0])) if words and words[0] else None
    if program and env.get("IMPLICIT_COMMAND_DEPENDENCIES", True) not in (False, 0, "0", "none"):
        env.Depends(target, env.File(program))
    return target, source


@user_error
def _pick_library(target: Any, source: Any, env: Any) -> tuple[Any, Any]:
    """Keep the library and the interface as sources; record on the table what extensions link against."""
    libraries, interfaces = source[:-1], source[-1:]
    main = [node for node in libraries if os.path.splitext(node.name)[1] not in IMPORT_LIBRARIES]
    if len(main) != 1:
        names = ", ".join(map(str, source)) or "nothing"
        raise RebelError(f"ExportTable needs one library and then one interface, got {names}")
    env.Depends(target, gate_actions.suppression_files(env))
    for node in target:
        node.attributes.rebel_core = main[0]
        node.attributes.rebel_import = next((n for n in libraries if n.name.endswith((".a", ".lib"))), None)
        node.attributes.ninja_build_callback = gate_actions.refuse_ninja
    return target, [*main, *interfaces]


# ---------------------------------------------------------------- extensions


@user_error
def extension_module(env: Any, target: Any, source: Any = None, CORE: Any = None, **kw: Any) -> Any:
    """A loadable module that is linked against one or several verified cores; returns its nodes.

    CORE: a result of env.ExportTable, the path of a table beside its library, or a list of these.
    """
    from rebel_tools.scons.cores import cores

    found = list(cores(env, CORE))

    def words(target: Any, source: Any, env: Any, for_signature: bool) -> Literals:
        """Literals and not nodes, so that SCons does not depend on the contents of the libraries."""
        return literals(word for core in found for word in core.words(for_signature))

    flags = f"{kw.pop('_LIBFLAGS', env.get('_LIBFLAGS', ''))} $_REBELCORES"
    modules = env.LoadableModule(target, source, _LIBFLAGS=flags, _REBELCORES=words, **kw)
    env.Depends(modules, [core.table for core in found])
    for module in modules:
        module.attributes.sandbox_reads = [node for core in found for node in (core.library, core.implib) if node]
    return modules
