"""From the folder of a root package to the whole Project."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from rebel_tools.errors import Place
from rebel_tools.nearest import did_you_mean
from rebel_tools.project.document import Path
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.findlib import Findlib
from rebel_tools.project.manifest import check_name, library_name, manifest_of_library, read_manifest
from rebel_tools.project.model import Package, Project, Source, Target, Test
from rebel_tools.project.modules import Modules
from rebel_tools.project.names import package_module
from rebel_tools.project.ppx import rewriting_of
from rebel_tools.project.resolve import Resolver, installed
from rebel_tools.project.rules import libraries_of, rules_of
from rebel_tools.project.select import Chosen, choose, patterns_of
from rebel_tools.project.selection import DEFAULT, Selection
from rebel_tools.project.sources import scan_package
from rebel_tools.project.specs import Dependency, Manifest
from rebel_tools.project.stubs import stubs_of
from rebel_tools.project.targets import check_of, library_of, targets_of
from rebel_tools.project.tests import manifest_of_tests, tests_of
from rebel_tools.project.uses import no_such_library, own_package, wanted_of
from rebel_tools.project.versions import overridden, version_warnings
from rebel_tools.project.workspace import is_no_package, member_folders
from rebel_tools.text import printable, quote


def load_project(root: str = ".", consulted: set[str] | None = None) -> Project:
    """The project whose root package is in the folder `root`. Errors: ProjectError.

    consulted: every file and folder that was looked at is added to it, even in case of an error.
    """
    loader = _Loader(_real_path(root), set() if consulted is None else consulted)
    manifest = loader.root_manifest()
    members = loader.member_manifests(manifest)
    for each in (*members, manifest):
        loader.visit(each)
    libraries = [library for each in (*members, manifest) for library in loader.libraries_of(each)]
    for each in libraries:
        loader.visit(each)
    for each in (*members, manifest):
        if each.tests.has_sources:
            loader.visit(manifest_of_tests(each))
    loader.add_libraries([*members, *([manifest] if manifest.tests.programs else [])])
    roots = [_Targets(loader, each, _PREFIX.format(each.name)) for each in members]
    if manifest.has_rebel or not members:
        roots.append(_Targets(loader, manifest))
    roots += [_Targets(loader, each, _PREFIX.format(each.name)) for each in libraries if loader.is_built(each)]
    return Project(
        packages=tuple(loader.packages.values()),
        targets=tuple(target for each in roots for target in each.targets),
        consulted=tuple(sorted(loader.consulted)),
        warnings=tuple(loader.warnings),
        package_programs=manifest.package_programs,
        linker=manifest.linker,
        as_library=tuple(target for each in roots for target in each.library),
        check=tuple(target for each in roots for target in each.check),
        tests=tuple(test for each in roots for test in each.tests),
        folder=loader.root,
    )


# The prefix of the names of a member's targets.
_PREFIX = "{}/"


class _Targets:
    """The targets of the root package, or of a member of a workspace, whose names begin with `prefix`."""

    def __init__(self, loader: _Loader, manifest: Manifest, prefix: str = "") -> None:
        package = loader.packages[manifest.key]
        self.targets = targets_of(manifest, package)
        self.library = library_of(package) if not self.targets and not _is_empty(manifest, package) else ()
        self.check = check_of(package, self.targets) if self.targets or self.library else ()
        loader.modules.add_root(manifest, package, (*self.targets, *self.library, *self.check))
        if prefix:
            self.targets, self.library, self.check = (
                tuple(target._replace(name=prefix + target.name, package=package.name) for target in each)
                for each in (self.targets, self.library, self.check)
            )
        self.tests = loader.tests(manifest, (*self.targets, *self.library), prefix)


def _is_empty(manifest: Manifest, package: Package) -> bool:
    """Whether a package has only libraries."""
    return bool(manifest.libraries) and not manifest.library_of and not package.sources


def _real_path(root: str) -> str:
    try:
        return os.path.realpath(root)
    except FileNotFoundError:
        raise ProjectError("the current folder no longer exists", hint="cd to an existing folder") from None


def absent_modules(package: Package) -> dict[str, str]:
    """Module -> why the sources of `package` cannot use it, for installed and required packages; for hints."""
    names = (name for name in installed(package.root) if name not in package.dependencies)
    found = {
        package_module(name): f"the package {name} is installed, but not in `dependencies`; add it" for name in names
    }
    return {**found, **dict(package.absent)}


class _Loader:
    """A depth-first walk over the packages: each is added after its dependencies."""

    def __init__(self, root: str, consulted: set[str]) -> None:
        self.root = root
        self.consulted = consulted
        self.resolver = Resolver(self.consulted)
        self.packages: dict[str, Package] = {}  # by the real path of package.json, in topological order
        self.manifests: dict[str, Manifest] = {}
        self.modules = Modules()
        self.overridden: frozenset[str] = frozenset()
        self.members: set[str] = set()
        self.warnings: list[str] = []
        self.findlib = Findlib(consulted)
        self.owners: dict[str, Manifest] = {}  # owners of sources in packages with several libraries, by path

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
                hint="create a project: rebel new NAME",
            ) from None
        manifest = read_manifest(
            document, os.path.basename(self.root), is_root=not is_no_package(document, self.consulted)
        )
        self.manifests[path] = manifest
        self.overridden = overridden(document)
        return manifest

    def member_manifests(self, root: Manifest) -> list[Manifest]:
        """The manifests of the members of a workspace that rebel builds. Errors: two with one name, or none at all."""
        members: dict[str, Manifest] = {}
        for folder in member_folders(root.document, self.consulted):
            document = self.resolver.read(os.path.realpath(os.path.join(folder, "package.json")))
            if not isinstance(document.value, dict) or "rebel" not in document.value:
                continue
            manifest = read_manifest(document, os.path.basename(folder), is_root=True)
            check_name(document, manifest.name)
            self.manifests[document.path] = manifest
            other = members.setdefault(manifest.name, manifest)
            if other is not manifest:
                message = f'two members of the workspace have the name "{manifest.name}"; the other one is'
                raise document.error(("name",), f"{message} {other.document.path}", hint="rename one of them")
        self.members = {manifest.document.path for manifest in members.values()}
        every = [*members.values(), *([root] if root.has_rebel else [])]
        libraries = {library_name(each.name, library) for each in every for library in each.libraries}
        taken = {name.partition("/")[0]: "a member of the workspace" for name in members}
        taken.update((name.partition("/")[0], "a library") for name in libraries)
        for target in root.targets:
            if target.name in taken:
                message = f'the target "{target.name}" has the same name as {taken[target.name]}'
                expected = "different names, because each one names a folder in _build"
                raise root.document.error(target.keys, message, expected=expected, hint="rename the target")
        if not root.has_rebel and not members:
            raise root.document.error(
                ("workspaces",),
                'no member of the workspace has the key "rebel" in its package.json',
                key=True,
                hint='add "rebel": {} to those that should be built',
            )
        return list(members.values())

    def libraries_of(self, manifest: Manifest) -> list[Manifest]:
        """The additional libraries of a package."""
        return [self._library(manifest, name) for name in manifest.libraries] if manifest.has_rebel else []

    def _library(self, manifest: Manifest, library: str) -> Manifest:
        found = manifest_of_library(manifest, library)
        return self.manifests.setdefault(found.key, found)

    def is_built(self, library: Manifest) -> bool:
        """Whether a library is built separately: all except those of packages for BuckleScript only."""
        targets = self.manifests[library.document.path].targets
        return not targets or any(target.engine != "bucklescript" for target in targets)

    def add_libraries(self, members: Sequence[Manifest]) -> None:
        """Check the modules of members that are libraries or dependencies of others."""
        used = {name for package in self.packages.values() for name in package.dependencies}
        for manifest in members:
            if manifest.name in used or not manifest.targets:
                self.modules.add(manifest, self.packages[manifest.document.path])

    def visit(self, manifest: Manifest) -> None:
        """Add the package of `manifest` after all of its dependencies, unless it was added already."""
        if manifest.key in self.packages:
            return
        chain = [_Visit(manifest)]
        while chain:
            visit = chain[-1]
            dependency = self._next(chain)
            if dependency is None:
                chain.pop()
                self._add(visit)
            elif dependency.key not in self.packages:
                chain.append(_Visit(dependency))

    def _next(self, chain: Sequence[_Visit]) -> Manifest | None:
        """The next dependency of the last package that rebel builds, if there is one."""
        visit = chain[-1]
        for wanted in visit.rest:
            dependency = self._dependency(visit, wanted)
            if dependency is None or wanted.key == "peerDependencies" and _is_in(chain, dependency):
                continue  # a peer dependency on its own user: its modules cannot be used
            visit.following = wanted
            if not wanted.is_choice:
                visit.choices.discard(dependency.name)
            elif dependency.name not in visit.needed:
                visit.choices.add(dependency.name)
            visit.needed.append(dependency.name)
            _check_cycle(chain, dependency)
            self.warnings += version_warnings(visit.manifest, wanted, dependency, self.overridden)
            return dependency
        return None

    def _dependency(self, visit: _Visit, wanted: Dependency) -> Manifest | None:
        """The package or library of a dependency, if it is installed and rebel builds it."""
        is_own = wanted.name == own_package(visit.manifest)
        package = self.manifests[visit.manifest.document.path] if is_own else self._package(visit, wanted)
        if package is None or not wanted.library:
            return package
        if wanted.library in package.libraries:
            return self._library(package, wanted.library)
        if wanted.used_at:
            raise no_such_library(visit.manifest, wanted, package)
        return None

    def _package(self, visit: _Visit, wanted: Dependency) -> Manifest | None:
        """The package of a dependency if rebel builds it; otherwise the reason is recorded for hints."""
        importer = visit.manifest.document
        document = self.resolver.find(wanted.name, os.path.dirname(importer.path))
        if document is None:
            if wanted.is_required:
                raise self.resolver.missing(wanted.keys, importer)
            visit.note_absent(wanted.name, f"which `{wanted.key}` names, is not installed; npm install {wanted.name}")
            return None
        if document.path not in self.manifests:
            self.manifests[document.path] = read_manifest(document, wanted.name)
        manifest = self.manifests[document.path]
        if not manifest.has_rebel:
            folder = os.path.relpath(os.path.dirname(document.path), self.root)
            visit.note_absent(wanted.name, f'in {folder} has no key "rebel" in its package.json, so it is not built')
            return None
        return manifest

    def _add(self, visit: _Visit) -> None:
        manifest = visit.manifest
        root = os.path.dirname(manifest.document.path)
        for name in manifest.development:
            visit.note_absent(name, "is in `devDependencies`, which do not count; move it to `dependencies`")
        chosen = self._chosen(visit, root)
        selection = Selection(patterns_of(manifest) if manifest.has_rebel else ())
        found = scan_package(root, self.consulted, selection)
        found = found._replace(sources=(*found.sources, *chosen.sources))
        needed = {used.name: used for used in self.packages.values() if used.name in visit.needed}
        rules, sources = rules_of(manifest, root, found, self.consulted, needed)
        rewriting = rewriting_of(manifest, needed, self.packages.values())
        own = (name for name in dict.fromkeys(visit.needed) if name not in rewriting.apart)
        chosen_findlib = (name for name in chosen.libraries if name not in needed)
        findlib = manifest.ocamlfind, chosen_findlib, libraries_of(rules), rewriting.libraries
        package = Package(
            name=manifest.name,
            module=manifest.module,
            root=root,
            sources=sources,
            selected=manifest.sources,
            ocamlfind=tuple(dict.fromkeys(name for each in findlib for name in each)),
            dependencies=(*own, *rewriting.packages),
            ppx=rewriting.ppx,
            ppx_runtime=manifest.ppx_runtime,
            absent=tuple(visit.absent.items()),
            public_module=manifest.public_module,
            private=manifest.private,
            wrapped=manifest.wrapped,
            link_all=manifest.link_all,
            profiles=manifest.profiles,
            preprocessor_reads=manifest.generating.preprocessor_dependencies,
            flags=manifest.flags,
            module_flags=manifest.module_flags,
            rules=rules,
            version=manifest.version,
            findlib=manifest.findlib,
            stubs=stubs_of(manifest, root, self.consulted, rules),
            tests_of=manifest.tests_of,
            library_of=manifest.library_of,
        )
        _check_public_module(manifest, package)
        self.modules.add_stubs(manifest, package)
        if manifest.libraries:
            self._check_apart(manifest, package)
        if manifest.library_of or root != self.root and manifest.document.path not in self.members:
            self.modules.add(manifest, package)
        self.warnings += [
            *manifest.warnings,
            *_empty_patterns(manifest, [*package.sources, *found.generators]),
            *_unknown_modules(manifest, package),
        ]
        self.packages[manifest.key] = package

    def _chosen(self, visit: _Visit, root: str) -> Chosen:
        """The selections of `rebel.select`; libraries that only other choices need are not dependencies."""
        if not visit.manifest.select:
            return Chosen()
        there = {*visit.needed}
        chosen = choose(visit.manifest, root, lambda name: name in there or self.findlib.has(name), self.consulted)
        visit.needed = [name for name in visit.needed if name not in visit.choices or name in chosen.libraries]
        return chosen

    def _check_apart(self, manifest: Manifest, package: Package) -> None:
        """Errors: ProjectError for a source in two libraries of one package."""
        for source in package.sources:
            owner = self.owners.setdefault(os.path.join(package.root, source.path), manifest)
            if owner is not manifest:
                message = f"{quote(source.path)} would be a source of {owner.name} and of {manifest.name}"
                hint = f'exclude it in one of them: "!{source.path}"'
                at = manifest if manifest.library_of else owner
                raise at.document.error(("rebel", "sources"), message, expected="one library for each file", hint=hint)

    def tests(self, manifest: Manifest, targets: Sequence[Target], prefix: str) -> tuple[Test, ...]:
        """The tests of the root package, or of a member of a workspace with these targets."""
        if not manifest.tests.programs:
            return ()
        own = manifest_of_tests(manifest)
        package, sources = self.packages[manifest.key], self.packages.get(own.key)
        found = tests_of(manifest, package, sources, targets, prefix, self.consulted)
        if sources:
            programs = [test.target for test in found if test.target.package == sources.name]
            self.modules.add_root(own, sources, programs)
        return found


class _Visit:
    """A package whose dependencies are being added.

    needed: its packages so far; choices: those that only `rebel.select` may want; absent: module -> why it cannot
        be used; following: the dependency that is being processed.
    """

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.rest = wanted_of(manifest)
        self.needed: list[str] = _tested(manifest)
        self.choices: set[str] = set()
        self.absent: dict[str, str] = {}
        self.following = Dependency("", "", "")

    def note_absent(self, name: str, why: str) -> None:
        if name not in self.needed:
            self.absent.setdefault(package_module(name), f"the package {name} {why}")


def _tested(manifest: Manifest) -> list[str]:
    """The dependencies that tests always have: the package and its libraries."""
    libraries = (library_name(manifest.tests_of, library) for library in manifest.libraries)
    return [manifest.tests_of, *libraries] if manifest.tests_of else []


def _is_in(chain: Sequence[_Visit], manifest: Manifest) -> bool:
    return any(visit.manifest.key == manifest.key for visit in chain)


def _check_cycle(chain: Sequence[_Visit], dependency: Manifest) -> None:
    if not _is_in(chain, dependency):
        return
    keys = [visit.manifest.key for visit in chain]
    cycle = chain[keys.index(dependency.key) :]
    names = [visit.manifest.name for visit in cycle] + [dependency.name]
    places = [str(visit.manifest.document.key_place(*visit.following.at)) for visit in cycle]
    raise cycle[-1].manifest.document.error(
        cycle[-1].following.at,
        "packages depend on each other: " + " -> ".join(names),
        key=True,
        expected="packages without cyclic dependencies",
        hint="remove one of these dependencies: " + ", ".join(places),
    )


def _empty_patterns(manifest: Manifest, sources: Sequence[Source]) -> Iterator[str]:
    """A sentence for each pattern of `rebel.sources` that selects neither sources nor what these are made of."""
    if manifest.sources == DEFAULT:
        return
    for index, pattern in enumerate(manifest.sources):
        if not pattern.startswith("!") and not any(Selection([pattern]).takes(each.path) for each in sources):
            place = manifest.document.place("rebel", "sources", index)
            yield printable(f"{place}: {quote(pattern)} selects no source")


def _unknown_modules(manifest: Manifest, package: Package) -> Iterator[str]:
    """A sentence for each module that is named but missing; it may be a source that another builder makes."""
    modules = {source.module for source in package.sources}
    generating = manifest.generating
    named: list[tuple[str, Path, bool]] = [(name, ("private", at), False) for at, name in enumerate(manifest.private)]
    named += [(name, ("moduleFlags", name), True) for name, _ in manifest.module_flags]
    named += [(name, ("preprocessor", name), True) for name, _ in generating.preprocessors]
    for name, keys, is_key in named:
        if name not in modules:
            near = did_you_mean(name, modules)
            find = manifest.document.key_place if is_key else manifest.document.place
            place = find("rebel", *keys)
            yield f"{place}: no source is the module {name}" + (f"; {near}" if near else "")


def _check_public_module(manifest: Manifest, package: Package) -> None:
    if package.public_module and not any(s.module == package.module for s in package.sources):
        raise manifest.document.error(
            ("rebel", "publicModule"),
            f'"publicModule" is true, but no source is the module {package.module}',
            key=True,
            expected=f"a file such as {manifest.sources[0]}/{package.module[:1].lower() + package.module[1:]}.ml",
        )
