"""What is to be built, as plain data: namespaces of modules, and steps that each run one program.

A **scope** is a set of modules that are compiled into one folder under one namespace: a package, or the top level of a
program. A **step** is one run of a compiler, archiver or linker. Paths are relative to the folder in which the build
runs, with `/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Callable, Optional

from rebel_tools.ocaml.alias import alias_text
from rebel_tools.ocaml.names import object_name

NATIVE, BYTE = "native", "byte"
OBJECT = {NATIVE: ".cmx", BYTE: ".cmo"}
ARCHIVE = {NATIVE: ".cmxa", BYTE: ".cma"}

ALIAS = "alias"
INTERFACE = "interface"
IMPLEMENTATION = "implementation"
ARCHIVING = "archive"
LINKING = "program"
COMPILATIONS = (INTERFACE, IMPLEMENTATION)


@dataclass(frozen=True)
class Module:
    """One compilation unit. `object` is its linked name (`Foo__A`), `name` the one that its namespace gives it (`A`).

    The alias module of a namespace is one too: `generated`, with the alias file as its source.
    """

    name: str
    object: str
    implementation: Optional[str] = None
    interface: Optional[str] = None
    generated: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(path for path in (self.interface, self.implementation) if path)


@dataclass(frozen=True)
class Settings:
    """How the sources of a scope are compiled, apart from what follows from the scope itself.

    identity: a digest over compilers, command templates and installed packages; another one makes all steps stale.
    dependency_command: `ocamldep` with the flags that it shares with the compiler.
    reason: gives the preprocessor command for Reason sources; called when the first one turns up.
    """

    identity: str
    dependency_command: tuple[str, ...]
    reason: Callable[[], str]


@dataclass(eq=False)
class Scope:
    """A namespace: the modules that are compiled together into `outdir`.

    namespace: the alias module that is opened by default, '' where units keep their short names.
    public: the handwritten module that stands for the namespace (`foo.ml` of package `foo`), or ''.
    engines: native and/or byte; the first one makes the interface of a module that has no interface file.
    uses: the scopes whose modules it may name, everything that those use included.
    """

    outdir: str
    namespace: str
    modules: Mapping[str, Module]
    engines: tuple[str, ...]
    settings: Settings
    uses: tuple[Scope, ...] = ()
    public: str = ""
    _providers: dict = field(default_factory=dict, repr=False)

    def path(self, name: str) -> str:
        return f"{self.outdir}/{name}" if self.outdir not in ("", ".") else name

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Short name -> unit name for every module that the alias file names."""
        return {module.name: module.object for module in self.modules.values() if module.object != self.public}

    @cached_property
    def alias(self) -> Optional[Module]:
        """The alias module itself."""
        if not self.namespace:
            return None
        return Module(self.namespace, self.namespace, self.path(self.namespace + ".ml"), generated=True)

    @cached_property
    def by_object(self) -> dict[str, Module]:
        units = {module.object: module for module in self.modules.values()}
        return {self.namespace: self.alias, **units} if self.alias else units

    def alias_text(self, without: Optional[str] = None) -> str:
        return alias_text(self.namespace, self.aliases, without)

    def provider(self, unit: str) -> Optional[tuple[Scope, Module]]:
        """The visible scope that has a compilation unit of this name, and its module."""
        try:
            return self._providers[unit]
        except KeyError:
            found = self._providers[unit] = next(self._find(unit), None)
            return found

    def _find(self, unit: str) -> Iterator[tuple[Scope, Module]]:
        for scope in (self, *self.uses):
            if unit in scope.by_object:
                yield scope, scope.by_object[unit]


def make_module(namespace: str, name: str, implementation: Optional[str], interface: Optional[str]) -> Module:
    return Module(name, object_name(namespace, name), implementation, interface)


@dataclass(eq=False)
class Step:
    """One run of one program. `outputs[0]` is its name in records and messages.

    kind: one of the constants above.
    engine: native or byte; for an interface, of the compiler that is used.
    inputs: files that it reads by name. What a compiler finds by module name is known from its import tables.
    extra: further files that the user declared with Depends().
    settings: a digest over everything else that is on the command line of a step that compiles nothing.
    """

    kind: str
    engine: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    scope: Scope
    module: Optional[Module] = None
    settings: str = ""
    extra: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.outputs[0]

    @property
    def source(self) -> str:
        return self.inputs[0]

    @cached_property
    def makes_interface(self) -> bool:
        """Whether the module's .cmi comes from this step."""
        return any(path.endswith(".cmi") for path in self.outputs)

    def __repr__(self) -> str:
        return f"Step({self.kind} {self.key})"
