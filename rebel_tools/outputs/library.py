"""What `rebel install` installs: the libraries of a project with their dependencies, and its programs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.meta import FILE, Meta, meta_text
from rebel_tools.outputs.naming import naming
from rebel_tools.outputs.places import ARCHIVE, Places
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.manifest import document_of
from rebel_tools.project.model import Package, Project, Target
from rebel_tools.project.names import INSTALLED
from rebel_tools.text import quote

PROGRAMS = ("native", "byte")
"""The engines whose programs are executable files."""

_COMPILED = (".cmi", ".cmx", ".cmt", ".cmti")


class Item(NamedTuple):
    """One file that is installed.

    place: its path below the prefix, `lib/...` or `bin/...`. source: where it is now, or '' for one with `text`.
    """

    place: str
    source: str = ""
    text: str = ""
    is_program: bool = False


class Installed(NamedTuple):
    """Files that are installed and replaced together. name: that of the findlib package, or of the program."""

    name: str
    items: tuple[Item, ...]


def libraries_of(project: Project) -> list[tuple[Package, Target]]:
    """The packages that are installed as libraries, dependencies first, each with the target that it is built for."""
    found: dict[str, tuple[Package, Target]] = {}
    for target in project.as_library:
        for package in (*project.closure(project.package_of(target)), project.package_of(target)):
            found.setdefault(package.name, (package, target))
    return list(found.values())


def programs_of(project: Project) -> list[tuple[str, Target]]:
    """The programs of the default targets by name; the target `default` gets the name of the package."""
    default = [
        target for target in project.default_targets if target.entry and target.engine in PROGRAMS and not target.plugin
    ]
    return [(_program_name(project, target), target) for target in default]


def _program_name(project: Project, target: Target) -> str:
    name = target.name.rpartition("/")[2]
    return project.package_of(target).name.rpartition("/")[2] if name == "default" else name


def installed_of(places: Places, requires: Callable[[Iterable[str]], Iterable[str]]) -> list[Installed]:
    """Everything to install of a project that has been built.

    requires: findlib packages of sources -> those that their users need, without ppx rewriters.
    Errors: ProjectError if two items have the same name, RebelError if there is nothing to install.
    """
    project = places.project
    libraries = libraries_of(project)
    _check_names([package for package, _ in libraries])
    found = list(_together(_library(package, target, places, requires) for package, target in libraries))
    programs: dict[str, Target] = {}
    for name, target in programs_of(project):
        if programs.setdefault(name, target) is not target:
            raise _same_program(name, programs[name], target, project)
    names = [each.name for each in found]
    for name, target in programs.items():
        item = Item(f"bin/{name}", places.program(target), is_program=True)
        found.append(Installed(_owner(name, names), (item,)))
    if not found:
        hint = 'a library is a package with "rebel": {"targets": []}'
        raise RebelError("this project has no library and no program to install", hint=hint)
    return found


def names_of(project: Project) -> list[str]:
    """The names under which a project is installed."""
    libraries = list(dict.fromkeys(head_of(package.findlib) for package, _ in libraries_of(project)))
    return [*libraries, *(_owner(name, libraries) for name, _ in programs_of(project))]


def head_of(findlib: str) -> str:
    """The package that findlib has a library in, which is installed as a whole: `foo` of `foo.unix`."""
    return findlib.partition(".")[0]


def _owner(program: str, libraries: Iterable[str]) -> str:
    """The name under which a program is recorded: its own, unless a library has the same."""
    return f"{program}-program" if program in libraries else program


def _check_names(packages: Iterable[Package]) -> None:
    heads: dict[str, Package] = {}
    names: dict[str, Package] = {}
    for package in packages:
        head = head_of(package.findlib)
        if not re.fullmatch(INSTALLED, head):
            message = f"the package {package.name} cannot be installed as {quote(package.findlib)}"
            raise _wrong_name(package, message, "letters, digits, - and _, and no folder of OCaml itself")
        other = heads.setdefault(head.lower(), package)
        if other.npm_name == package.npm_name:  # several libraries in one META
            other = names.setdefault(package.findlib.lower(), package)
        if other is not package:
            message = (
                f"the packages {other.name} and {package.name} would both be installed as {quote(package.findlib)}"
            )
            where = f"{other.root}/package.json"
            raise _wrong_name(package, message, f"different names (the other package: {where})")


def _wrong_name(package: Package, message: str, expected: str) -> ProjectError:
    document = document_of(package)
    said = document.value.get("rebel", {}) if isinstance(document.value, dict) else {}
    keys = ("rebel", "findlibName") if "findlibName" in said else ("name",)
    return document.error(keys, message, expected=expected, hint='"rebel": {"findlibName": "another-name"}')


def _same_program(name: str, one: Target, other: Target, project: Project) -> ProjectError:
    package = project.package_of(other)
    document = document_of(package)
    keys = ("rebel", "targets") if project.package_of(one) is package else ("name",)
    message = f"the targets {quote(one.name)} and {quote(other.name)} would both be installed as bin/{name}"
    return document.error(keys, message, hint="give one of them another name")


class _Library(NamedTuple):
    """One library with its files. name: in findlib, such as `foo.unix`."""

    name: str
    items: tuple[Item, ...]
    meta: Meta


def _together(libraries: Iterable[_Library]) -> Iterator[Installed]:
    """What findlib has in one META is one."""
    found: dict[str, list[_Library]] = {}
    for each in libraries:
        found.setdefault(head_of(each.name), []).append(each)
    for head, every in found.items():
        items = [item for each in every for item in each.items]
        metas = {each.name.partition(".")[2]: each.meta for each in every}
        own = metas.pop("", None) or Meta(version=next(iter(metas.values())).version)
        yield Installed(head, (*items, Item(f"lib/{head}/{FILE}", text=meta_text(own, metas))))


def _library(
    package: Package, target: Target, places: Places, requires: Callable[[Iterable[str]], Iterable[str]]
) -> _Library:
    folder, into = places.units(package, target), f"lib/{package.findlib.replace('.', '/')}"
    archives = [package.module + ending for ending in (*ARCHIVE.values(), ".a", ".cmxs")]
    units = [unit + suffix for unit in dict.fromkeys(_units(package)) for suffix in _COMPILED]
    found = [Item(f"{into}/{name}", os.path.join(folder, name)) for name in (*archives, *units)]
    found = [item for item in found if os.path.isfile(item.source)]
    for source in package.sources:
        path = places.source(package, target, source)
        found.append(Item(f"{into}/{os.path.basename(path)}", path))
    found += _stubs(package, target, places, into)
    names = [item.place.rpartition("/")[2] for item in found]
    described = Meta(
        version=package.version,
        requires=tuple(dict.fromkeys([*_findlib_names(package, places.project), *requires(package.ocamlfind)])),
        byte=_named(package.module + ARCHIVE["byte"], names),
        native=_named(package.module + ARCHIVE["native"], names),
        plugin=_named(f"{package.module}.cmxs", names),
        link_options=_link_options(package),
    )
    return _Library(package.findlib, tuple(found), described)


def _stubs(package: Package, target: Target, places: Places, into: str) -> Iterator[Item]:
    """The libraries made from its C sources, for both engines, and its headers for the C code of others."""
    library, folder = package.stub_library, places.stubs(package, target)
    if package.stubs.sources:
        yield Item(f"{into}/lib{library}.a", os.path.join(folder, f"lib{library}.a"))
        shared = os.path.join(folder, f"dll{library}.so")
        if os.path.isfile(shared):  # not every system has shared libraries for bytecode
            yield Item(f"lib/stublibs/dll{library}.so", shared, is_program=True)
    for header in sorted(set(package.stubs.headers)):
        top = os.path.join(package.root, header)
        for name in sorted(os.listdir(top)) if os.path.isdir(top) else ():
            if name.endswith((".h", ".hh", ".hpp")) and os.path.isfile(os.path.join(top, name)):
                yield Item(f"{into}/{name}", os.path.join(top, name))


def _units(package: Package) -> Iterator[str]:
    """The compilation units of a package, generated ones included."""
    names = naming(package)
    yield from dict.fromkeys(name for name in (names.namespace, names.face) if name)
    for source in package.sources:
        yield names.unit(source.module)
        yield f"{names.namespace}__without_{source.module}"  # exists if a module hides what it uses


def _findlib_names(package: Package, project: Project) -> list[str]:
    return [project.package(name).findlib for name in package.dependencies]


def _named(name: str, names: Iterable[str]) -> str:
    return name if name in names else ""


def _link_options(package: Package) -> tuple[str, ...]:
    """The link options. Errors: ProjectError for a word with a space, which META cannot represent."""
    for at, word in enumerate(package.flags.link):
        if len(word.split()) != 1:
            document = document_of(package)
            message = f"word {at + 1}, {quote(word)}, cannot be written to META, where words have no spaces"
            raise document.error(("rebel", "flags", "link"), message)
    return package.flags.link
