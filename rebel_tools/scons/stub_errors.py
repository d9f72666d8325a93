"""Errors at a key of package.json for messages of the compiler or linker of C."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rebel_tools.ocaml import c_messages
from rebel_tools.project.document import Path
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.manifest import document_of
from rebel_tools.project.model import Package
from rebel_tools.text import quote

if TYPE_CHECKING:
    from rebel_tools.scons.target import TargetSession

_KEYS: Path = ("rebel", "stubs")


def complaint(run: TargetSession, target: str, text: str) -> ProjectError | None:
    """The error at the key that is the cause, None if that is not known.

    run: the session of the targets. target: the file that could not be made. text: the output of the program.
    """
    package = run.stubs.package_of(target)
    if package is not None:
        header, library = c_messages.missing_header(text), c_messages.missing_library(text)
        if header:
            return _no_header(run, package, header)
        return _no_library(package, library) if library else None
    return next(_not_linked(run, text), None)


def _error(package: Package, keys: Path, message: str, **more: str | None) -> ProjectError:
    document = document_of(package)
    rebel = document.value.get("rebel") if isinstance(document.value, dict) else None
    is_there = isinstance(rebel, dict) and "stubs" in rebel
    return document.error(keys if is_there else ("rebel",), message, key=not is_there or len(keys) == 2, **more)


def _no_header(run: TargetSession, package: Package, header: str) -> ProjectError:
    used = {each.name for each in (package, *run.project.closure(package))}
    owners = (each.name for each in run.project.packages if each.name not in used and _has(each, header))
    owner = next(owners, None)
    return _error(
        package,
        _KEYS,
        f"the C of the package {package.name} includes {quote(header)}, which is nowhere",
        expected="a header of the package, of the `headers` of one in `dependencies`, or of one in `pkgConfig`",
        hint=f"the package {owner} has it: add it to `dependencies`" if owner else _hint(header),
    )


def _has(package: Package, header: str) -> bool:
    return any(os.path.isfile(os.path.join(package.root, folder, header)) for folder in package.stubs.headers)


def _hint(header: str) -> str:
    return (
        f'a folder of the package is named with "flags": ["-IFOLDER"]; for {quote(header)} of a library, install its '
        "files for developers (on Debian lib...-dev) and name it in `pkgConfig`"
    )


def _no_library(package: Package, library: str) -> ProjectError:
    libraries = package.stubs.libraries
    keys = (*_KEYS, "libraries", libraries.index(library)) if library in libraries else _KEYS
    return _error(
        package,
        keys,
        f"there is no C library called {quote(library)}",
        expected=f"a file lib{library}.so or lib{library}.a where the linker looks",
        hint="install its files for developers (on Debian lib...-dev)",
    )


def _not_linked(run: TargetSession, text: str) -> Iterator[ProjectError]:
    library = c_messages.missing_library(text)
    if library:
        owner = next((each for each in run.packages if library in each.stubs.libraries), None)
        if owner:
            yield _no_library(owner, library)
    for symbol, where in c_messages.undefined(text):
        for package in reversed(run.packages):
            sources = (os.path.join(package.root, each.path) for each in package.sources)
            found = c_messages.declared_at(symbol, sources)
            if found:
                place = f"{run.relative(found[0])}:{found[1]}"
                yield _error(
                    package,
                    (*_KEYS, "sources"),
                    f"the function {quote(symbol)}, which {place} declares, is in no C of the package {package.name}",
                    expected="a source that defines it, among `sources` of `rebel.stubs`",
                )
        owner = next((each for each in run.packages if each.stub_library == where), None)
        if owner:
            yield _error(
                owner,
                _KEYS,
                f"the C of the package {owner.name} needs {quote(symbol)}, which is not linked",
                expected="a source that defines it, or a library in `libraries` or `pkgConfig`",
            )
