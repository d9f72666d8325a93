"""What is to be built, as plain data: modules, and the namespaces that they are compiled in.

A **scope** is a set of modules that are compiled into one folder under one namespace: a package, or the top level of a
program. The programs that run for it are in `step.py`. Paths are relative to the folder in which the build runs, with
`/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Callable, NamedTuple

from rebel_tools.ocaml.alias import alias_text
from rebel_tools.ocaml.names import Naming
from rebel_tools.ocaml.search import values_of

NATIVE, BYTE = "native", "byte"
ARCHIVE = {NATIVE: ".cmxa", BYTE: ".cma"}


class Module(NamedTuple):
    """One compilation unit. `object` is its linked name (`Foo__A`), `name` the one that its namespace gives it (`A`).

    The alias module of a namespace is also one: `generated`, with the alias file as its source.
    """

    name: str
    object: str
    implementation: str | None = None
    interface: str | None = None
    generated: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(path for path in (self.interface, self.implementation) if path)


class Converter(NamedTuple):
    """The command that writes syntax trees of Reason sources, and the files that determine its output.

    of_package: whether one of its programs belongs to a package below node_modules.
    """

    command: tuple[str, ...]
    files: tuple[str, ...]
    of_package: bool = False


class Search(NamedTuple):
    """The folders in which a compiler looks for installed files, in order; '' is the current one.

    before, after: those searched before and after the folders of this build.
    """

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def folders(self) -> tuple[str, ...]:
        return self.before + self.after


class Settings(NamedTuple):
    """How the sources of a scope are compiled, apart from what the scope itself determines.

    identity: a digest over command templates and environment variables; a change makes all steps stale.
    files: those whose contents have the same effect: compilers, preprocessors, other files named in the flags; they may
        not exist yet.
    search: where the compiler of each engine looks for installed files. The files that it read are in its outputs.
    dependency_command: `ocamldep` with the flags that it shares with the compiler.
    dependency_identity, dependency_files: like `identity` and `files`, for the answers of ocamldep.
    runs_programs: whether ocamldep may run programs named in the flags or environment variables of a package.
    reason: finds the converter of Reason sources; called only when there are any.
    environ: the environment of ocamldep and the compilers; None for that of this process.
    opened: the modules that the flags open.
    annotations: whether the compilers write .cmt and .cmti files.
    trees: whether the compilers read syntax trees of Reason sources; otherwise they read Reason themselves.
    is_shared: whether everything that determines results is known, so that results of other trees can be used.
    """

    identity: str
    dependency_command: tuple[str, ...]
    dependency_identity: str
    reason: Callable[[], Converter]
    runs_programs: bool = False
    environ: Mapping[str, str] | None = None
    files: tuple[str, ...] = ()
    dependency_files: tuple[str, ...] = ()
    search: Mapping[str, Search] = MappingProxyType({})
    opened: tuple[str, ...] = ()
    annotations: bool = True
    trees: bool = True
    is_shared: bool = False


@dataclass(eq=False)
class Scope:
    """A namespace: the modules that are compiled together into `outdir`.

    naming: how its modules are named; the alias module of the namespace is opened by default.
    engines: native and/or byte; the first one makes the interface of a module that has no interface file.
    uses: the scopes whose modules it may name, including everything that those use.
    alias_file: where the alias module is written, by default `namespace`.ml in `outdir`.
    other_aliases: alias modules for units with the same name as something that they use.
    module_flags: flags for the compilers of single modules.
    programs: names of the entry modules of programs, which are not put into archives.
    queries: by source, modules of which only the names are asked for: they are typed but not compiled.
    """

    outdir: str
    naming: Naming
    engines: tuple[str, ...]
    settings: Settings
    uses: tuple[Scope, ...] = ()
    alias_file: str = ""
    modules: dict[str, Module] = field(default_factory=dict)
    other_aliases: dict[str, Module] = field(default_factory=dict)
    module_flags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    programs: frozenset[str] = frozenset()
    queries: dict[str, Module] = field(default_factory=dict)
    _providers: dict[str, tuple[Scope, Module] | None] = field(default_factory=dict, repr=False)

    @property
    def namespace(self) -> str:
        return self.naming.namespace

    def path(self, name: str) -> str:
        return f"{self.outdir}/{name}" if self.outdir not in ("", ".") else name

    def add(self, name: str, implementation: str | None, interface: str | None) -> Module:
        """A module of this scope; its files are given once, together or one after the other."""
        known = self.modules.get(name)
        if known:
            implementation = implementation or known.implementation
            interface = interface or known.interface
        module = self.modules[name] = Module(name, self.naming.unit(name), implementation, interface)
        self._forget_units()
        return module

    def remove(self, module: Module) -> None:
        """Remove a module from this scope."""
        del self.modules[module.name]
        self._forget_units()

    @property
    def aliases(self) -> dict[str, str]:
        """Short name -> unit name for every module in the alias file: a unit with a short name needs no alias."""
        return {module.name: module.object for module in self.modules.values() if module.object != module.name}

    @cached_property
    def alias(self) -> Module | None:
        """The alias module itself."""
        if not self.namespace:
            return None
        path = self.alias_file or self.path(self.namespace + ".ml")
        return Module(self.namespace, self.namespace, path, generated=True)

    @cached_property
    def face(self) -> Module | None:
        """The generated module that users of the package name."""
        face = self.naming.face
        return Module(face, face, self.path(face + ".ml"), generated=True) if face else None

    @property
    def generated(self) -> tuple[Module, ...]:
        """The alias module and the face, if they exist."""
        return tuple(module for module in (self.alias, self.face) if module)

    @cached_property
    def by_object(self) -> dict[str, Module]:
        modules = (*self.generated, *self.other_aliases.values(), *self.modules.values())
        return {module.object: module for module in modules}

    def alias_without(self, module: Module) -> Module:
        """The alias module with which `module` is compiled if its own name means something else inside it."""
        name = f"{self.namespace}__without_{module.name}"
        if name not in self.other_aliases:
            self.other_aliases[name] = Module(name, name, interface=self.path(name + ".mli"), generated=True)
            self._forget_units()
        return self.other_aliases[name]

    def _forget_units(self) -> None:
        self.__dict__.pop("by_object", None)
        self._providers.clear()

    def alias_text(self, without: str | None = None) -> str:
        return alias_text(self.namespace, self.aliases, without)

    def face_text(self) -> str:
        """The source of the face: aliases of all modules that are not private."""
        return alias_text(self.naming.face, self._face_aliases)

    @property
    def _face_aliases(self) -> dict[str, str]:
        return {name: unit for name, unit in self.aliases.items() if self.naming.is_visible(name)}

    def opened_by_flags(self, module: Module) -> Iterator[Scope]:
        """The other scopes with modules that the flags open when `module` is compiled."""
        for name in (*self.settings.opened, *values_of("-open", self.module_flags.get(module.name, ()))):
            found = self.provider(name.partition(".")[0])
            if found and found[0] is not self:
                yield found[0]

    def maps(self) -> Iterator[tuple[str, str]]:
        """The generated modules and their sources for ocamldep, which rejects a map without any alias."""
        if self.alias and self.aliases:
            yield self.namespace, self.alias_text()
        if self.face and self._face_aliases:
            yield self.naming.face, self.face_text()

    def provider(self, unit: str) -> tuple[Scope, Module] | None:
        """The visible scope with a compilation unit of this name, and the module."""
        try:
            return self._providers[unit]
        except KeyError:
            found = self._providers[unit] = next(self._find(unit), None)
            return found

    def _find(self, unit: str) -> Iterator[tuple[Scope, Module]]:
        for scope in (self, *self.uses):
            if unit in scope.by_object:
                yield scope, scope.by_object[unit]
