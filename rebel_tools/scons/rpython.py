"""The SCons tool `rpython`: cores with the framework GC, and extensions that are translated against their interface.

    env = Environment(tools=['default', 'rpython'])
    core = env.RPythonCore('core', 'core.py')                    # libcore.so, core.interface, core.exports
    env.RPythonExtension('ext', 'ext.py', CORE=core)             # ext.so

The core is verified: core.exports is written only when the library keeps the interface, and extensions depend on it and
on the interface, but not on the bytes of the library. A change inside the core does not translate extensions again.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import SCons.Action
import SCons.Builder
import SCons.Errors
import SCons.Node.FS
import SCons.Util

from rebel_tools.errors import MissingTool, RebelError
from rebel_tools.rpython import imports
from rebel_tools.scons import export_table
from rebel_tools.scons.arguments import has_repositories
from rebel_tools.scons.calls import in_source_folder, own_copy
from rebel_tools.scons.compat import Environment, Node, Nodes, forget_scan, found_by_scan
from rebel_tools.scons.mistakes import user_error
from rebel_tools.scons.rpython_scanner import folders_of, listed_folders, recorded, scanner
from rebel_tools.scons.rpython_toolchain import (
    SEPCOMP,
    depend_on_toolchain,
    find_python27,
    require_rpython,
    translation,
)

_WHERE = "--output-dir ${TARGET.dir} --name $RPYTHON_NAME --depfile ${TARGETS[-1]}"
_COMMON = f"{_WHERE} $_RPYTHONIMPORTS --rpython $RPYTHON_PATH"
_UNSIGNED = "$( --jobs $RPYTHON_JOBS $)"


def generate(env: Environment, **kw: Any) -> None:
    """Add the builders and their variables. Variables that the user has set are kept; arguments of the tool override
    them.

    `tools=[('rpython', {'RPYTHON_OPT': '1'})]`
    """
    env.Replace(**kw)
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
    )
    env.Append(
        BUILDERS={
            "_RPythonCore": _builder("RPYTHONCORECOM"),
            "_RPythonExtension": _builder("RPYTHONEXTENSIONCOM"),
        }
    )
    env.AddMethod(rpython_core, "RPythonCore")
    env.AddMethod(rpython_extension, "RPythonExtension")


def exists(env: Environment) -> bool:
    """Whether a Python 2.7 can be found."""
    try:
        find_python27(env)
    except MissingTool:
        return False
    return True


def _builder(command: str) -> Any:
    action = SCons.Action.Action(f"${command}", f"${command}STR")
    return SCons.Builder.Builder(action=action, source_scanner=scanner())


@user_error
def rpython_core(env: Environment, target: Any, source: Any, **kw: Any) -> Nodes:
    """Translate a core; returns [library, interface, export table]. Extensions take the result as CORE."""
    env, main, folder, name = _asked(env, target, source, kw)
    env["RPYTHON_NAME"] = name
    library, interface = folder.File(f"lib{name}.so"), folder.File(f"{name}.interface")
    templates = folder.File(f"{name}.templates")
    built = _translated(env, env._RPythonCore, [library, interface, templates], folder.File(f"{name}.d"), main)
    depend_on_toolchain(env, built)
    table = env.ExportTable(
        folder.File(f"{name}.exports"), [library, interface], EXPORT_EVIDENCE="kind contents", EXPORT_COMPLETE=True
    )
    _clean(env, built, folder, name)
    table[0].attributes.rpython_core = (library, interface, templates, main, folders_of(env, main))
    made: Nodes = SCons.Util.NodeList([library, interface, *table])
    return made


@user_error
def rpython_extension(env: Environment, target: Any, source: Any, CORE: Any = None, **kw: Any) -> Nodes:
    """Translate an extension of a result of env.RPythonCore; returns [module]."""
    cores = (node.attributes for node in SCons.Util.flatten([CORE]) if node is not None)
    found = [each.rpython_core for each in cores if getattr(each, "rpython_core", None)]
    if len(found) != 1:
        raise SCons.Errors.UserError(f"RPythonExtension {target}: CORE must be what env.RPythonCore returned")
    library, interface, core_templates, core_main, core_folders = found[0]
    env, main, folder, name = _asked(env, target, source, kw)
    env.Replace(
        RPYTHON_NAME=name,
        RPYTHON_CORE=interface.path,
        RPYTHON_CORELIBRARY=library.path,
        RPYTHON_IMPORTS=[*env.get("RPYTHON_IMPORTS", []), *core_folders],
        RPYTHON_COREMAIN=core_main,
    )
    module, templates = folder.File(f"{name}.so"), folder.File(f"{name}.templates")
    _decide_on_templates(env, core_templates, templates)
    built = _translated(env, env._RPythonExtension, [module, templates], folder.File(f"{name}.d"), main)
    tables = [node for node in SCons.Util.flatten([CORE]) if node.name.endswith(".exports")]
    env.Depends(built, [interface, core_templates, *tables])
    depend_on_toolchain(env, built)
    _clean(env, built, folder, name)
    return built[:1]


def _asked(env: Environment, target: Any, source: Any, kw: dict[str, Any]) -> tuple[Environment, Node, Node, str]:
    """The arguments of a call: its environment, the main module, the folder and the name of the outputs."""
    if "srcdir" in kw:
        source = in_source_folder(source, kw.pop("srcdir"))
    targets, sources = (env.arg2nodes(SCons.Util.flatten([given]), env.fs.File) for given in (target, source))
    if len(targets) != 1 or len(sources) != 1:
        raise RebelError("RPython translates one main module into one library", expected="one target and one source")
    env, main = _ready(env, targets[0], **kw), sources[0]
    if has_repositories():  # files here hide those in a repository, even if the main module is there
        env.Replace(RPYTHON_IMPORTS=[*main.dir.get_all_rdirs(), *env.get("RPYTHON_IMPORTS", [])])
    return env, main, targets[0].dir, targets[0].name


def _decide_on_templates(env: Environment, offered: Node, used: Node) -> None:
    """Let an extension depend on only that generic code of the core (`offered`) that it has compiled in (`used`)."""
    decide_source, decide_target = env.decide_source, env.decide_target

    def changed(dependency: Node, target: Node, previous: Any, repository_node: Node | None = None) -> bool:
        if dependency is offered:
            return not imports.bodies_in(used.abspath) <= imports.bodies_in(offered.abspath)
        decide = decide_target if dependency.is_derived() else decide_source
        return bool(decide(dependency, target, previous, repository_node))

    env.Decider(changed)


def _translated(env: Environment, builder: Any, targets: Nodes, depfile: Node, main: Node) -> Nodes:
    """The nodes of a translation. The last one is the depfile, which lists the files that it read."""
    env["RPYTHON_DEPFILE"] = depfile
    built: Nodes = builder([*targets, depfile], main)
    about = translation(env, partial(listed_folders, env))
    for node in built:
        node.__class__ = TranslatedFile  # as SCons does when an Entry turns out to be a File
        node.attributes.rpython_translation = about
        node.set_local()  # extensions refer to files here, which may be built in a repository
    return built


class TranslatedFile(SCons.Node.FS.File):
    """An output of a translation. Dependencies that are imported by name are known only afterwards."""

    __slots__ = ()

    def built(self) -> None:
        """Store the actual dependencies, because the next run reads the depfile and compares with them."""
        forget_scan(self)
        self.scan()
        for node in found_by_scan(self):
            node.get_ninfo().update(node)
        super().built()

    def push_to_cache(self) -> bool:
        """Do not cache outputs with such dependencies: the cache key does not cover them."""
        return set(recorded(self.get_build_env())) <= set(self.children()) and super().push_to_cache()


def _ready(env: Environment, target: Node, **kw: Any) -> Environment:
    """A copy of the environment in which $RPYTHON_PYTHON and $RPYTHON_PATH are found. Errors: UserError."""
    env = own_copy(env.Override(kw))
    _check_target(env, target)
    try:
        env["RPYTHON_PYTHON"] = find_python27(env)
        env["RPYTHON_PATH"] = require_rpython(env)
    except MissingTool as error:
        raise SCons.Errors.UserError(f"{target}: {error}") from None
    return env


def _check_target(env: Environment, target: Node) -> None:
    """RPython measures the system that it runs on. Errors: UserError if the environment is for Windows."""
    compiler = os.path.basename((env.subst("$CC").split() or [""])[0])
    if "mingw" in compiler or env.get("PLATFORM") in ("win32", "cygwin"):
        raise SCons.Errors.UserError(
            f"{target}: RPython measures sizes, constants and headers of the system that it runs on, so a core.dll "
            f"cannot be made here ($CC is {compiler or 'not set'}); docs/rpython.md says what it would take"
        )


def _clean(env: Environment, targets: Nodes, folder: Node, name: str) -> None:
    env.Clean(targets, [folder.File(f"{name}.log"), folder.Dir(f"{name}.sepcomp")])
