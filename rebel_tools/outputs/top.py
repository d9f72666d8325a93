"""The command line of a toplevel with all modules of a project, which `rebel check` has compiled to bytecode."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.imports import Imports, read_imports
from rebel_tools.ocaml.toolchain import find_packages
from rebel_tools.outputs.naming import naming, top_level
from rebel_tools.outputs.places import Places
from rebel_tools.project.model import Package, Target


def top_arguments(places: Places, findlib: str, opens: bool) -> list[str]:
    """Folders, archives of findlib libraries and compiled files, in an order in which they can be loaded.

    opens: whether the toplevel has the option -open, so that the modules of a program can be named without a namespace.
    """
    project = places.project
    arguments: list[str] = []
    opened: list[str] = []
    names = dict.fromkeys(name for package in project.packages for name in package.ocamlfind if not package.tests_of)
    found = find_packages([findlib], names, "byte", os.environ.get("PATH", ""))
    files = list(found.archives)
    folders = list(found.include)
    done: set[str] = set()
    for target in project.check:
        own = project.package_of(target)
        for package in (*project.closure(own), own):
            folder = _folder(places, package, target)
            if folder in folders:
                continue
            folders.append(folder)
            files += [path for path in _in_order(package, target, folder, places) if path not in done]
            done.update(files)
        if not target.is_library:
            opened.append(naming(top_level(own, target)).namespace)
    if not project.check:
        raise RebelError("there is nothing to load: no target uses OCaml's own compilers")
    for folder in folders:
        arguments += ["-I", folder]
    arguments += [word for name in opened[-1:] if opens for word in ("-open", name)]
    return [*arguments, *dict.fromkeys(files)]


def _folder(places: Places, package: Package, target: Target) -> str:
    home = places.group(target).home
    if package is places.project.package_of(target) and not target.is_library:
        return os.path.join(places.folder(home), "src")
    return places.units(package, target)


def _in_order(package: Package, target: Target, folder: str, places: Places) -> Iterator[str]:
    """The compiled files of a package, each after those that it needs, without the entries of programs."""
    own = places.project.package_of(target)
    names = naming(top_level(package, target) if package is own else package)
    entries = {each.entry_module for each in places.project.targets if places.project.package_of(each) is package}
    units = [name for name in (names.namespace, names.face) if name]
    units += [names.unit(source.module) for source in package.sources if source.module not in entries]
    paths = {unit: os.path.join(folder, f"{unit}.cmo") for unit in dict.fromkeys(units)}
    there = {unit: read_imports(path) for unit, path in paths.items() if os.path.isfile(path)}
    done: set[str] = set()
    for unit in there:
        yield from (paths[each] for each in _before(unit, there, done))


def _before(unit: str, there: dict[str, Imports], done: set[str]) -> Iterator[str]:
    todo = [unit]
    while todo:
        missing = [name for name, _ in there[todo[-1]].interfaces if name in there and name not in done | {*todo}]
        if missing:
            todo += missing[:1]
            continue
        each = todo.pop()
        if each not in done:
            done.add(each)
            yield each
