"""From the folder of a root package to the whole Project."""

from __future__ import annotations

import os
import posixpath

from rebel_tools.errors import Place
from rebel_tools.nearest import did_you_mean
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.manifest import Manifest, TargetSpec, read_manifest
from rebel_tools.project.model import Package, Project, Source, Target
from rebel_tools.project.names import target_module
from rebel_tools.project.resolve import Resolver
from rebel_tools.project.sources import scan_sources

DEFAULT_ENTRIES = ("src/Index.re", "src/Index.ml", "src/index.re", "src/index.ml")


def load_project(root: str = ".", consulted: set[str] | None = None) -> Project:
    """The project whose root package is the folder `root`. Anything that is wrong with it is a ProjectError.

    consulted: gets every file and folder that was looked at, also where this ends with an error.
    """
    loader = _Loader(os.path.realpath(root), set() if consulted is None else consulted)
    manifest = loader.root_manifest()
    loader.visit(manifest, ())
    package = loader.packages[manifest.document.path]
    return Project(
        packages=tuple(loader.packages.values()),
        targets=tuple(_target(spec, manifest, package) for spec in manifest.targets),
        consulted=tuple(sorted(loader.consulted)),
        warnings=tuple(loader.warnings),
    )


class _Loader:
    """A depth-first walk over the packages: each is added after all that it depends on."""

    def __init__(self, root: str, consulted: set[str]) -> None:
        self.root = root
        self.consulted = consulted
        self.resolver = Resolver(self.consulted)
        self.packages: dict[str, Package] = {}  # by the real path of package.json, in topological order
        self.manifests: dict[str, Manifest] = {}
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

    def visit(self, manifest: Manifest, importers: tuple[tuple[Manifest, str], ...]) -> None:
        """Add the package of `manifest` and before it all its dependencies.

        importers: the chain of (package, dependency that it follows) that led here, for cycles.
        """
        needed = []
        for name in manifest.dependencies:
            dependency = self._dependency(manifest, name)
            if dependency is None:
                continue
            needed.append(dependency.name)
            chain = (*importers, (manifest, name))
            _check_cycle(chain, dependency)
            if dependency.document.path not in self.packages:
                self.visit(dependency, chain)
        self._add(manifest, tuple(needed))

    def _dependency(self, importer: Manifest, name: str) -> Manifest | None:
        """The manifest of one of the importer's dependencies, None when that is not a package of ours."""
        folder = os.path.dirname(importer.document.path)
        document = self.resolver.find(name, folder)
        if document is None:
            raise self.resolver.missing(name, folder, importer.document.key_place("dependencies", name))
        if document.path not in self.manifests:
            self.manifests[document.path] = read_manifest(document, name)
        manifest = self.manifests[document.path]
        return manifest if manifest.has_rebel else None

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
        self._check_unique(package)
        self.warnings.extend(manifest.warnings)
        self.packages[path] = package

    def _check_unique(self, package: Package) -> None:
        """Two packages with one module name, be they two versions or not, cannot be linked into one program.

        The module of the root package does not matter: nobody names it.
        """
        for other in self.packages.values():
            same_module = other.module == package.module and package.root != self.root
            if not same_module and other.name != package.name:
                continue
            place = Place(os.path.join(package.root, "package.json"))
            if other.name == package.name:
                message, hint = f'two versions of the package "{package.name}"', "agree on one version: npm dedupe"
            else:
                message = f"two packages are the module {package.module}: {other.name} and {package.name}"
                hint = 'give one of them another name: "rebel": {"module": "Name"}'
            raise ProjectError(
                f"{message}: {other.root} and {package.root}",
                place=place,
                hint=hint,
                expected="one package per module name in a program",
            )


def _check_cycle(chain: tuple[tuple[Manifest, str], ...], dependency: Manifest) -> None:
    paths = [importer.document.path for importer, _ in chain]
    if dependency.document.path not in paths:
        return
    cycle = chain[paths.index(dependency.document.path) :]
    names = [importer.name for importer, _ in cycle] + [dependency.name]
    places = [str(importer.document.key_place("dependencies", name)) for importer, name in cycle]
    raise ProjectError(
        "packages depend on each other: " + " -> ".join(names),
        place=cycle[-1][0].document.key_place("dependencies", cycle[-1][1]),
        expected="no cycle between packages",
        hint="remove one of these dependencies: " + ", ".join(places),
    )


def _check_public_module(manifest: Manifest, package: Package) -> None:
    if package.public_module and not any(s.module == package.module for s in package.sources):
        raise ProjectError(
            f'"publicModule" is true, but no file under src/ is the module {package.module}',
            place=manifest.document.key_place("rebel", "publicModule"),
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
    raise ProjectError(
        f'the entry "{spec.entry}" of target "{spec.name}" is no .ml or .re file of this package',
        place=manifest.document.place(*spec.keys, "entry"),
        expected="the path of a file under src/",
        hint=did_you_mean(wanted[0], by_path),
    )


def _no_default_entry(spec: TargetSpec, manifest: Manifest, by_path: dict[str, Source]) -> ProjectError:
    return ProjectError(
        f'the target "{spec.name}" has no entry: there is neither src/Index.re nor src/Index.ml',
        place=manifest.document.place(*spec.keys),
        expected='one of these files, or a target with the key "entry"',
        hint=did_you_mean("src/Index.re", by_path)
        or 'name the file: "rebel": {"targets": [{"entry": "src/<file>"}]}, or say "targets": [] for none',
    )
