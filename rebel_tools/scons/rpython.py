"""The SCons tool `rpython`: cores with the framework GC, and extensions that are translated against their interface.

    env = Environment(tools=['default', 'rpython'])
    core = env.RPythonCore('core', 'core.py')                    # libcore.so, core.interface, core.exports
    env.RPythonExtension('ext', 'ext.py', CORE=core)             # ext.so

The core is verified: core.exports is written only when the library keeps the interface, and extensions depend on it and
on the interface, but not on the bytes of the library. A change inside the core does not translate extensions again.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import SCons.Action
import SCons.Builder
import SCons.Errors
import SCons.Scanner
import SCons.Util

import rebel_tools
from rebel_tools.errors import MissingTool
from rebel_tools.rpython import imports
from rebel_tools.rpython.python27 import require_python27
from rebel_tools.rpython.setup import has_rpython
from rebel_tools.scons import export_table

SEPCOMP = os.path.join(os.path.dirname(os.path.abspath(imports.__file__)), "sepcomp")
TOOLS = ".tools"

_COMMON = "--output-dir ${TARGET.dir} --name $RPYTHON_NAME $_RPYTHONIMPORTS --rpython $RPYTHON_PATH"
_UNSIGNED = "$( --jobs $RPYTHON_JOBS $)"


def generate(env, **kw) -> None:
    """Add the builders and their variables; what the user has set stays."""
    if "ExportTable" not in env["BUILDERS"]:
        export_table.generate(env)
    env.SetDefault(
        RPYTHON_PYTHON="",
        RPYTHON_PATH="",
        RPYTHON_GC="incminimark",
        RPYTHON_OPT="2",
        RPYTHON_IMPORTS=[],
        RPYTHONCOREFLAGS=SCons.Util.CLVar(""),
        RPYTHONEXTENSIONFLAGS=SCons.Util.CLVar(""),
        RPYTHON_JOBS=max(2, int(env.GetOption("num_jobs") or 1)),
        _RPYTHONIMPORTS="${_concat('--path ', RPYTHON_IMPORTS, '', __env__, RDirs)}",
        _RPYTHONSEPCOMP=SEPCOMP,
        RPYTHONCORECOM="$RPYTHON_PYTHON -B $_RPYTHONSEPCOMP core $SOURCE "
        f"{_COMMON} --gc $RPYTHON_GC --opt $RPYTHON_OPT $RPYTHONCOREFLAGS {_UNSIGNED}",
        RPYTHONEXTENSIONCOM="$RPYTHON_PYTHON -B $_RPYTHONSEPCOMP extension $SOURCE "
        f"{_COMMON} --core $RPYTHON_CORE --core-library $RPYTHON_CORELIBRARY $RPYTHONEXTENSIONFLAGS {_UNSIGNED}",
        **kw,
    )
    env.Append(
        BUILDERS={
            "_RPythonCore": _builder("RPYTHONCORECOM"),
            "_RPythonExtension": _builder("RPYTHONEXTENSIONCOM"),
        }
    )
    env.AddMethod(rpython_core, "RPythonCore")
    env.AddMethod(rpython_extension, "RPythonExtension")


def exists(env) -> bool:
    """Whether a Python 2.7 can be found."""
    try:
        require_python27(env.subst(env.get("RPYTHON_PYTHON", "")), _tools_folders(env))
    except MissingTool:
        return False
    return True


def _builder(command: str):
    action = SCons.Action.Action(f"${command}", f"${command}STR")
    return SCons.Builder.Builder(action=action, source_scanner=_scanner())


# ---------------------------------------------------------------- builders


def rpython_core(env, target, source, **kw):
    """Translate a core; returns [library, interface, export table]. Extensions take the result as CORE."""
    env = _ready(env, target, **kw)
    (main,) = env.arg2nodes(source, env.fs.File)
    node = env.fs.File(target) if SCons.Util.is_String(target) else target
    folder, name = node.dir, node.name
    env["RPYTHON_NAME"] = name
    library, interface = folder.File(f"lib{name}.so"), folder.File(f"{name}.interface")
    built = env._RPythonCore([library, interface], main)
    _depend_on_toolchain(env, built)
    table = env.ExportTable(
        folder.File(f"{name}.exports"), [library, interface], EXPORT_EVIDENCE="kind contents", EXPORT_COMPLETE=True
    )
    _clean(env, built, folder, name)
    table[0].attributes.rpython_core = (library, interface, main, _folders(env, main))
    return SCons.Util.NodeList([*built, *table])


def rpython_extension(env, target, source, CORE=None, **kw):
    """Translate an extension of a core that env.RPythonCore returned; returns [module]."""
    found = [getattr(node.attributes, "rpython_core", None) for node in SCons.Util.flatten([CORE]) if node is not None]
    found = [core for core in found if core]
    if len(found) != 1:
        raise SCons.Errors.UserError(f"RPythonExtension {target}: CORE must be what env.RPythonCore returned")
    library, interface, core_main, core_folders = found[0]
    env = _ready(env, target, **kw)
    (main,) = env.arg2nodes(source, env.fs.File)
    node = env.fs.File(target) if SCons.Util.is_String(target) else target
    folder, name = node.dir, node.name
    env.Replace(
        RPYTHON_NAME=name,
        RPYTHON_CORE=interface.path,
        RPYTHON_CORELIBRARY=library.path,
        RPYTHON_IMPORTS=[*env.get("RPYTHON_IMPORTS", []), *core_folders],
        RPYTHON_COREMAIN=core_main,
    )
    built = env._RPythonExtension(folder.File(f"{name}.so"), main)
    tables = [node for node in SCons.Util.flatten([CORE]) if node.name.endswith(".exports")]
    env.Depends(built, [interface, *tables])
    _depend_on_toolchain(env, built)
    _clean(env, built, folder, name)
    return built


def _ready(env, target, **kw):
    """A copy of the environment in which $RPYTHON_PYTHON and $RPYTHON_PATH are found. Errors: UserError."""
    env = env.Override(kw).Clone() if kw else env.Clone()
    try:
        env["RPYTHON_PYTHON"] = require_python27(env.subst("$RPYTHON_PYTHON"), _tools_folders(env))
        env["RPYTHON_PATH"] = require_rpython(env)
    except MissingTool as error:
        raise SCons.Errors.UserError(f"{target}: {error}") from None
    return env


def _tools_folders(env) -> tuple[str, ...]:
    """Where `python -m rebel_tools.rpython.setup` may have put things: the project's folder, or ours."""
    ours = os.path.dirname(os.path.dirname(os.path.abspath(rebel_tools.__file__)))
    return (env.Dir("#" + TOOLS).abspath, os.path.join(ours, TOOLS))


def require_rpython(env) -> str:
    """The folder that holds the rpython package. Errors: MissingTool."""
    chosen = env.subst("$RPYTHON_PATH") or os.environ.get("RPYTHON_PATH", "")
    if chosen:
        chosen = env.Dir(chosen).abspath
        if not has_rpython(chosen):
            raise MissingTool(f"$RPYTHON_PATH: there is no rpython package in {chosen}")
        return chosen
    for folder in _tools_folders(env):
        if has_rpython(os.path.join(folder, "rpython")):
            return os.path.join(folder, "rpython")
    raise MissingTool(
        "the rpython package was not found",
        expected=f"it in {TOOLS}/rpython, or in the folder that $RPYTHON_PATH names",
        hint="python -m rebel_tools.rpython.setup",
    )


def _depend_on_toolchain(env, targets) -> None:
    """A changed translator translates again: sepcomp's sources, and the name of the rpython package's version."""
    env.Depends(targets, [env.File(str(path)) for path in sorted(Path(SEPCOMP).rglob("*.py"))])
    env.Depends(targets, env.Value(_version_of(env["RPYTHON_PATH"])))


@cache
def _version_of(rpython: str) -> str:
    names = sorted(name for name in os.listdir(rpython) if name.startswith("rpython-") and name.endswith(".dist-info"))
    return names[0] if names else "checkout"


def _clean(env, targets, folder, name: str) -> None:
    env.Clean(targets, [folder.File(f"{name}.log"), folder.Dir(f"{name}.sepcomp")])


def _folders(env, main) -> list:
    return [main.dir, *map(env.Dir, env.get("RPYTHON_IMPORTS", []))]


# ---------------------------------------------------------------- the scanner


def _scanner():
    return SCons.Scanner.Scanner(
        scan, name="RPythonScanner", skeys=[".py"], recursive=False, path_function=lambda env, *a, **kw: ()
    )


def scan(node, env, path=()):
    """The modules of the program that `node` imports, directly or not, without those of an extension's core."""
    folders = _folders(env, node)
    core = env.get("RPYTHON_COREMAIN")
    known = closure(core, [core.dir, *folders]) if core is not None else set()
    return sorted(closure(node, folders) - known - {node}, key=str)


def closure(main, folders) -> set:
    """All modules of the program from `main` on, `main` itself too."""
    seen, todo = {main}, [main]
    while todo:
        for found in imported_nodes(todo.pop(), folders):
            if found not in seen:
                seen.add(found)
                todo.append(found)
    return seen


def imported_nodes(node, folders):
    """Nodes that exist, or will, for the imports of one module."""
    if not node.exists() and not node.is_derived():
        return
    for dots, name in imports.imported_names(node.get_text_contents()) if node.exists() else ():
        for candidate in imports.candidates(dots, name, node.path, [str(f) for f in folders]):
            found = node.fs.File(candidate)
            if found.exists() or found.is_derived():
                yield found
