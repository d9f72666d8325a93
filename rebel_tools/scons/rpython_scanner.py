"""The scanner of the tool `rpython`: the files that a translation will read, by its imports, and has read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import SCons.Node
import SCons.Scanner

from rebel_tools.rpython import imports
from rebel_tools.scons.compat import Environment, Node, Nodes


def scanner() -> Any:
    """The scanner, for the builders of translations."""
    return SCons.Scanner.Scanner(
        scan,
        name="RPythonScanner",
        skeys=[".py"],
        node_class=SCons.Node.Node,  # some of them are values: the names in a folder
        recursive=False,
        path_function=lambda env, *a, **kw: (),
    )


def scan(node: Node, env: Environment, path: tuple[Node, ...] = ()) -> Nodes:
    """The modules of the program that `node` imports, directly or not, without those of an extension's core."""
    folders = folders_of(env, node)
    core = env.get("RPYTHON_COREMAIN")
    known = closure(core, [core.dir, *folders]) if core is not None else set()
    return sorted((closure(node, folders) | set(recorded(env))) - known - {node}, key=str)


def recorded(env: Environment) -> list[Node]:
    """What the last translation read, as nodes: files, and the names in folders that were listed."""
    depfile = env.get("RPYTHON_DEPFILE")
    if depfile is None or not depfile.rexists():
        return []
    with open(depfile.rfile().get_abspath()) as file:
        paths = imports.read_depfile(file.read())
    files = [env.fs.File(path, env.fs.Top) for path in paths if not path.endswith("/")]
    env["RPYTHON_LISTED"] = [path for path in paths if path.endswith("/")]
    listed = [env.Value(f"{path}: {' '.join(_names_in(env, path))}") for path in env["RPYTHON_LISTED"]]
    return [*listed, *(node for node in files if node.rexists() or node.is_derived())]


def listed_folders(env: Environment) -> list[str]:
    """The folders whose names the last translation read, as absolute paths; the action may have removed the depfile."""
    return [str(env.fs.Dir(path, env.fs.Top).get_abspath()) for path in env.get("RPYTHON_LISTED", ())]


def _names_in(env: Environment, folder: str) -> list[str]:
    """The names in a folder, without files that the build itself makes there."""
    known = env.fs.Dir(folder, env.fs.Top).entries
    return [name for name in imports.names_in(folder) if not (name in known and known[name].is_derived())]


def closure(main: Node, folders: Nodes) -> set[Node]:
    """All modules that the program imports, starting from `main`, and `main` itself."""
    seen, todo = {main}, [main]
    while todo:
        for found in imported_nodes(todo.pop(), folders):
            if found not in seen:
                seen.add(found)
                todo.append(found)
    return seen


def imported_nodes(node: Node, folders: Nodes) -> Iterator[Node]:
    """Nodes of existing or future files for the imports of one module."""
    if not node.rexists() and not node.is_derived():
        return
    for dots, name in imports.imported_names(node.get_text_contents()) if node.rexists() else ():
        for candidate in imports.candidates(dots, name, node.path, [str(f) for f in folders]):
            found = node.fs.File(candidate)
            if found.rexists() or found.is_derived():
                yield found


def folders_of(env: Environment, main: Node) -> Nodes:
    """The folders in which the modules of a program are searched."""
    return [main.dir, *map(env.Dir, env.get("RPYTHON_IMPORTS", []))]
