"""Checks that the modules of packages have unique names in a project, for compilers and linkers.

The plan checks their units (whether two packages have a unit with the name `A__B__C`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rebel_tools.errors import Place
from rebel_tools.project.document import Path
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.model import Package, Source, Target
from rebel_tools.project.names import MAX_UNIT
from rebel_tools.project.specs import Manifest

# Units of OCaml itself, in any version: a second unit of that name breaks compilation or linking.
_RESERVED = re.compile(r"Stdlib(__\w*)?|Std_exit|Camlinternal\w*|\w*__without_\w*")

_ANOTHER = 'give it another name: "rebel": {"module": "Name"}'


class Modules:
    """The packages that were added so far, each with the manifest that it came from."""

    def __init__(self) -> None:
        self._by_name: dict[str, Package] = {}
        self._by_module: dict[str, Package] = {}
        self._manifests: dict[str, Manifest] = {}
        self._by_library: dict[str, Package] = {}

    def add(self, manifest: Manifest, package: Package) -> None:
        """Add a package that is not the root. Errors: its module belongs to OCaml, or is already taken."""
        self._check_library(manifest, package)
        other = self._by_name.setdefault(package.name, package)
        if other is not package:
            message = f'two versions of the package "{package.name}": {other.root} and {package.root}'
            raise self._error(manifest, message, "agree on one version: npm dedupe", ("name",))
        other = self._by_module.setdefault(package.module, package)
        if other is not package:
            message = f"two packages have the module {package.module}: {other.name} and {package.name}"
            raise self._error(manifest, f"{message}: {other.root} and {package.root}", _ANOTHER)
        self._manifests[package.module] = manifest
        check_lengths(package.root, package.module, package.sources)

    def add_root(self, manifest: Manifest, package: Package, targets: Iterable[Target]) -> None:
        """Add the root package. Its own module only matters in a library; that of a program is always the same."""
        other = self._by_name.get(package.name, package)
        if other is not package:
            message = f'two versions of the package "{package.name}": {other.root} and {package.root}'
            raise self._error(manifest, message, "agree on one version: npm dedupe", ("name",))
        for target in targets:
            if target.is_library:
                self._check_library(manifest, package)
            used = self._by_module.get(target.module)
            if used and used is not package:
                meant = "" if target.is_library else ", as those of every program"
                message = f"the package {used.name} has the module {used.module}, and so do the sources in "
                message += package.root + meant
                raise self._error(self._manifests[used.module], message, _ANOTHER)
            check_lengths(package.root, target.module, package.sources)

    def add_stubs(self, manifest: Manifest, package: Package) -> None:
        """Add the stubs of any package. Errors: another one has a library of the same name."""
        if package.stubs.sources:
            other = self._by_library.setdefault(package.stub_library, package)
            if other is not package:
                message = f"the stubs of two packages are lib{package.stub_library}.a: {other.root} and {package.root}"
                raise self._error(manifest, message, "rename one of the packages", ("name",))

    def _check_library(self, manifest: Manifest, package: Package) -> None:
        if _RESERVED.fullmatch(package.module):
            raise self._error(manifest, f"the module {package.module} belongs to OCaml itself", _ANOTHER)
        if not package.wrapped:
            _check_unwrapped(package)

    @staticmethod
    def _error(manifest: Manifest, message: str, hint: str, keys: Path | None = None) -> ProjectError:
        expected = "one package for each module name in a program"
        return manifest.document.error(keys or manifest.module_keys, message, expected=expected, hint=hint)


def _check_unwrapped(package: Package) -> None:
    """Errors: ProjectError at a source whose unit, named after its module, would be one of OCaml's."""
    for source in package.sources:
        if source.module not in package.private and _RESERVED.fullmatch(source.module):
            raise ProjectError(
                f"the module {source.module} belongs to OCaml itself",
                place=Place(f"{package.root}/{source.path}"),
                hint='rename the file, or remove "wrapped": false',
            )


def check_lengths(root: str, module: str, sources: Iterable[Source]) -> None:
    """Errors: ProjectError at a source whose unit name is too long for a file name."""
    longest = max(sources, key=lambda source: len(source.module), default=None)
    length = len(module) + 2 + len(longest.module) if longest else 0
    if longest and length > MAX_UNIT:
        raise ProjectError(
            f"the name of this module is too long for a file: the compiler calls it {module}__{longest.module}",
            place=Place(f"{root}/{longest.path}"),
            expected=f"at most {MAX_UNIT} characters, not {length}",
            hint="rename the file, or give the package a shorter module",
        )
