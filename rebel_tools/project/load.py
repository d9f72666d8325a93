"""From the folder of a root package to the whole Project."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence

from rebel_tools.errors import Place
from rebel_tools.nearest import did_you_mean
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.manifest import Manifest, TargetSpec, read_manifest
from rebel_tools.project.model import Package, Project, Source, Target
from rebel_tools.project.modules import Modules
from rebel_tools.project.names import target_module
from rebel_tools.project.resolve import Resolver
from rebel_tools.project.sources import scan_sources
from rebel_tools.text import quote

DEFAULT_ENTRIES = ("src/Index.re", "src/Index.ml", "src/index.re", "src/index.ml")


def load_project(root: str = ".", consulted: set[str] | None = None) -> Project:
    """The project whose root package is the folder `root`. Anything that is wrong with it is a ProjectError.

    consulted: gets every file and folder that was looked at, also where this ends with an error.
    """
    loader = _Loader(_real_path(root), set() if consulted is None else consulted)
    manifest = loader.root_manifest()
    loader.visit(manifest)
    package = loader.packages[manifest.document.path]
    targets = tuple(_target(spec, manifest, package) for spec in manifest.targets)
    loader.modules.add_root(manifest, package, targets)
    return Project(
        packages=tuple(loader.packages.values()),
        targets=targets,
        consulted=tuple(sorted(loader.consulted)),
        warnings=tuple(loader.warnings),
    )


def _real_path(root: str) -> str:
    try:
        return os.path.realpath(root)
    except FileNotFoundError:
        raise ProjectError("the current folder does not exist any more", hint="change into one that does") from None


class _Loader:
    """A depth-first walk over the packages: each is added after all that it depends on."""

    def __init__(self, root: str, consulted: set[str]) -> None:
        self.root = root
        self.consulted = consulted
        self.resolver = Resolver(self.consulted)
        self.packages: dict[str, Package] = {}  # by the real path of package.json, in topological order
        self.manifests: dict[str, Manifest] = {}
        self.modules = Modules()
        self.warnings: list[str] = []

    def root_manifest(self) -> Manifest:
        path = os.path.join(self.root, "package.json")
        self.consulted.add(path)
        if not os.path.isdir(self.root):
            raise ProjectError("there is no such folder", place=Place(self.root))
        try:
            document = self.resolver.read(path)
        except FileNotFoundError:
            raise ProjectError(
                "there is no such file",
                place=Place(path),
                expected="the package.json of the root package",
                hint="make a project: rebel new NAME",
            ) from None
        manifest = read_manifest(document, os.path.basename(self.root), is_root=True)
        self.manifests[path] = manifest
        return manifest

    def visit(self, manifest: Manifest) -> None:
        """Add the package of `manifest` and before it all its dependencies."""
        chain = [_Visit(manifest)]
        while chain:
            visit = chain[-1]
            dependency = self._next(visit)
            if dependency is None:
                chain.pop()
                self._add(visit.manifest, tuple(visit.needed))
                continue
            _check_cycle(chain, dependency)
            if dependency.document.path not in self.packages:
                chain.append(_Visit(dependency))

    def _next(self, visit: _Visit) -> Manifest | None:
        """The next dependency of a package that is a package of ours, if there is one more."""
        for name in visit.rest:
            dependency = self._dependency(visit.manifest, name)
            if dependency.has_rebel:
                visit.following = name
                visit.needed.append(dependency.name)
                return dependency
        return None

    def _dependency(self, importer: Manifest, name: str) -> Manifest:
        document = self.resolver.find(name, os.path.dirname(importer.document.path))
        if document is None:
            raise self.resolver.missing(name, importer.document)
        if document.path not in self.manifests:
            self.manifests[document.path] = read_manifest(document, name)
        return self.manifests[document.path]

    def _add(self, manifest: Manifest, dependencies: tuple[str, ...]) -> None:
        path = manifest.document.path
        root = os.path.dirname(path)
        package = Package(
            name=manifest.name,
            module=manifest.module,
            root=root,
            sources=scan_sources(root, self.consulted),
            ocamlfind=manifest.ocamlfind,
            dependencies=dependencies,
            public_module=manifest.public_module,
            flags=manifest.flags,
        )
        _check_public_module(manifest, package)
        if root != self.root:
            self.modules.add(manifest, package)
        self.warnings.extend(manifest.warnings)
        self.packages[path] = package


class _Visit:
    """A package whose dependencies are being added. following: the dependency that is looked at now, by its name."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.rest = iter(manifest.dependencies)
        self.needed: list[str] = []
        self.following = ""


def _check_cycle(chain: Sequence[_Visit], dependency: Manifest) -> None:
    paths = [visit.manifest.document.path for visit in chain]
    if dependency.document.path not in paths:
        return
    cycle = chain[paths.index(dependency.document.path) :]
    names = [visit.manifest.name for visit in cycle] + [dependency.name]
    places = [str(visit.manifest.document.key_place("dependencies", visit.following)) for visit in cycle]
    raise cycle[-1].manifest.document.error(
        ("dependencies", cycle[-1].following),
        "packages depend on each other: " + " -> ".join(names),
        key=True,
        expected="no cycle between packages",
        hint="remove one of these dependencies: " + ", ".join(places),
    )


def _check_public_module(manifest: Manifest, package: Package) -> None:
    if package.public_module and not any(s.module == package.module for s in package.sources):
        raise manifest.document.error(
            ("rebel", "publicModule"),
            f'"publicModule" is true, but no file under src/ is the module {package.module}',
            key=True,
            expected=f"a file such as src/{package.module[:1].lower() + package.module[1:]}.ml",
        )


def _target(spec: TargetSpec, manifest: Manifest, package: Package) -> Target:
    source = _entry(spec, manifest, package)
    return Target(spec.name, target_module(spec.name), spec.engine, source.path, source.module, spec.unstable_flags)


def _entry(spec: TargetSpec, manifest: Manifest, package: Package) -> Source:
    """The source that a target starts with; interfaces do not count."""
    by_path = {source.path: source for source in package.sources if not source.is_interface}
    wanted = (posixpath.normpath(spec.entry),) if spec.entry is not None else DEFAULT_ENTRIES
    for path in wanted:
        if path in by_path:
            return by_path[path]
    if spec.entry is None:
        raise _no_default_entry(spec, manifest, by_path)
    raise manifest.document.error(
        (*spec.keys, "entry"),
        f'the entry {quote(spec.entry)} of target "{spec.name}" is no .ml or .re file of this package',
        expected="the path of a file under src/",
        hint=did_you_mean(wanted[0], by_path),
    )


def _no_default_entry(spec: TargetSpec, manifest: Manifest, by_path: dict[str, Source]) -> ProjectError:
    return manifest.document.error(
        spec.keys,
        f'the target "{spec.name}" has no entry: there is neither src/Index.re nor src/Index.ml',
        expected='one of these files, or a target with the key "entry"',
        hint=did_you_mean("src/Index.re", by_path)
        or 'name the file: "rebel": {"targets": [{"entry": "src/<file>"}]}, or say "targets": [] for none',
    )
