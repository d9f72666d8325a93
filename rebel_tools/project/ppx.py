"""The ppx rewriters of a package: which of them are packages of the project, and what the generated code needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rebel_tools.project.document import Document, Path
from rebel_tools.project.model import Package, Ppx
from rebel_tools.project.specs import Manifest


class Rewriting(NamedTuple):
    """The rewriters of a package, and the packages and findlib libraries that the rewritten sources need.

    apart: names of dependencies that the sources themselves do not use: the rewriters, and libraries that only the code
        needs which this package generates as a rewriter.
    """

    ppx: Ppx
    apart: tuple[str, ...]
    packages: tuple[str, ...]
    libraries: tuple[str, ...]


def rewriting_of(manifest: Manifest, needed: Mapping[str, Package], known: Iterable[Package]) -> Rewriting:
    """Resolve `rebel.ppx`: a dependency takes precedence over a findlib package of the same name.

    needed: the packages that this one depends on. known: all packages found so far, including their dependencies.
    """
    own = [needed[name] for name, _ in manifest.ppx if name in needed]
    runtime = dict.fromkeys(name for rewriter in own for name in rewriter.ppx_runtime)
    names = {package.name for package in known}
    ppx = Ppx(
        findlib=tuple(name for name, _ in manifest.ppx if name not in needed),
        packages=tuple(rewriter.name for rewriter in own),
        flags=tuple(word for _, words in manifest.ppx for word in words),
    )
    packages = tuple(name for name in runtime if name in names and name not in (*needed, manifest.name))
    return Rewriting(
        ppx, (*ppx.packages, *manifest.ppx_runtime), packages, tuple(name for name in runtime if name not in names)
    )


NAMED_IN: tuple[Path, ...] = (
    ("rebel", "ppx"),
    ("rebel", "ocamlfindDependencies"),
    ("rebel", "ppxRuntime"),
    ("rebel", "tests", "ocamlfindDependencies"),
)


def place_of(document: Document, name: str, where: Iterable[Path] = NAMED_IN) -> tuple[Path, bool]:
    """The keys where a package.json names a rewriter or a findlib package, and whether the last of them is the name."""
    for keys in where:
        said = document.value
        for key in keys:
            said = said.get(key) if isinstance(said, dict) else None
        if isinstance(said, dict) and name in said:
            return (*keys, name), True
        if isinstance(said, list) and name in said:
            return (*keys, said.index(name)), False
    return ("rebel",), True
