"""The libraries that are visible to the sources of a package: all dependencies, or those in `rebel.uses`."""

from __future__ import annotations

from collections.abc import Iterator

from rebel_tools.nearest import did_you_mean
from rebel_tools.project.document import Path
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.manifest import library_name
from rebel_tools.project.ppx import place_of
from rebel_tools.project.select import names_in
from rebel_tools.project.specs import Dependency, Manifest
from rebel_tools.text import quote


def wanted_of(manifest: Manifest) -> Iterator[Dependency]:
    """The dependencies of a package. Errors: ProjectError for a name in `rebel.uses` that cannot be a library.

    A name that is only in `rebel.ppx` or `rebel.ppxRuntime`, and may be a library of another package or a findlib
    package, has no `used_at`.
    """
    if manifest.uses is None:
        yield from manifest.dependencies
    for name in manifest.uses or ():
        keys, _ = place_of(manifest.document, name, [("rebel", "uses")])
        found = _wanted(manifest, name)
        if found is None:
            raise _unknown(manifest, name, keys)
        yield found._replace(used_at=keys)
    for name in (*(name for name, _ in manifest.ppx), *manifest.ppx_runtime):
        found = _wanted(manifest, name)
        if found and name not in (manifest.uses or ()) and (found.library or manifest.uses is not None):
            keys, _ = place_of(manifest.document, name)
            yield found._replace(used_at=keys) if found.name == own_package(manifest) else found
    for name in names_in(manifest):
        found = _wanted(manifest, name)
        if found:
            yield found._replace(is_choice=True)


def own_package(manifest: Manifest) -> str:
    """The npm package of a manifest, which may have several libraries."""
    return manifest.library_of or manifest.name


def no_such_library(importer: Manifest, wanted: Dependency, owner: Manifest) -> ProjectError:
    """The error for a name that `importer` uses and that is not a library of a package."""
    names = [library_name(owner.name, each) for each in owner.libraries]
    name = library_name(wanted.name, wanted.library)
    message = f"the package {wanted.name} has no library {quote(name)}"
    expected = " or ".join(names) or f"{wanted.name}, its only library"
    return importer.document.error(wanted.used_at, message, key=True, expected=expected, hint=did_you_mean(name, names))


def _wanted(manifest: Manifest, name: str) -> Dependency | None:
    """The package and the library that a name means; a dependency takes precedence over a library of one."""
    own = own_package(manifest)
    known = {dependency.name: dependency for dependency in manifest.dependencies}
    package, _, library = name.rpartition(".")
    if name in known:
        return known[name]
    if name == own and manifest.library_of:
        return Dependency(own, "*", "rebel")
    if package == own and library in manifest.libraries:
        return Dependency(own, "*", "rebel", library)
    return known[package]._replace(library=library) if package in known else None


def _unknown(manifest: Manifest, name: str, keys: Path) -> ProjectError:
    own = [library_name(own_package(manifest), each) for each in manifest.libraries]
    library = name.rpartition(".")[2]
    theirs = [each.name for each in manifest.dependencies]
    names = [*theirs, *own, *(library_name(each, library) for each in theirs if "." in name)]
    return manifest.document.error(
        keys,
        f"no package in `dependencies` has the library {quote(name)}",
        key=True,
        expected="a package in `dependencies`, a library of one, or one in `rebel.libraries` of this package",
        hint=did_you_mean(name, names) or "findlib packages belong in `ocamlfindDependencies`",
    )
