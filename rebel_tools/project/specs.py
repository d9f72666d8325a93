"""The contents of one package.json, as plain data; `manifest.py` reads it."""

from __future__ import annotations

from typing import NamedTuple

from rebel_tools.project.document import Document, Path
from rebel_tools.project.model import Flags
from rebel_tools.project.selection import DEFAULT


class TargetSpec(NamedTuple):
    """A target as it is written; `entry` is None if package.json omits it, `keys` is its position."""

    name: str
    engine: str
    entry: str | None
    unstable_flags: Flags
    keys: Path
    plugin: str = ""


class Grammar(NamedTuple):
    """How menhir makes a module, as it is written: the `sources` of the grammar, flags, and whether to infer types."""

    sources: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    infer: bool = True


class Choice(NamedTuple):
    """One of the sources that a file of `rebel.select` may be, as it is written.

    wanted: libraries that have to be installed; unwanted: those that must not be.
    """

    source: str
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()


class Command(NamedTuple):
    """One of `rebel.rules` as it is written; `at` is its position among them."""

    command: tuple[str, ...]
    at: int = 0
    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    stdout: str = ""
    folder: str = ""

    @property
    def made(self) -> tuple[str, ...]:
        """All files that it makes, each once."""
        return tuple(dict.fromkeys(path for path in (*self.targets, self.stdout) if path))


class TestSpec(NamedTuple):
    """One of `rebel.tests.programs` as it is written; `keys` is its position."""

    keys: Path
    entry: str = ""
    target: str = ""
    name: str = ""
    arguments: tuple[str, ...] = ()
    input: str = ""
    expected: str = ""
    files: tuple[str, ...] = ()
    exit_status: int = 0
    folder: str = ""


class Tests(NamedTuple):
    """The tests in a package.json. sources: patterns."""

    programs: tuple[TestSpec, ...] = ()
    sources: tuple[str, ...] = ("test",)
    ocamlfind: tuple[str, ...] = ()

    @property
    def has_sources(self) -> bool:
        return any(test.entry for test in self.programs)


class Generating(NamedTuple):
    """Everything in a package.json about generated sources.

    parser_generator: of all grammars, or ''; grammars: by module.
    preprocessor: of all sources, or (); preprocessors: by module; preprocessor_dependencies: patterns of files.
    """

    parser_generator: str = ""
    grammars: tuple[tuple[str, Grammar], ...] = ()
    preprocessor: tuple[str, ...] = ()
    preprocessors: tuple[tuple[str, tuple[str, ...]], ...] = ()
    preprocessor_dependencies: tuple[str, ...] = ()
    rules: tuple[Command, ...] = ()


class StubsSpec(NamedTuple):
    """`rebel.stubs` as it is written: sources and headers are patterns."""

    sources: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    pkg_config: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()


class Dependency(NamedTuple):
    """A package that this one depends on: the range of versions as it is written, and the key that contains it.

    library: which of its libraries, '' for the package itself; used_at: the position in `rebel.uses`.
    is_choice: whether it is wanted only where `rebel.select` chooses a source for it.
    """

    name: str
    range: str
    key: str
    library: str = ""
    used_at: Path = ()
    is_choice: bool = False

    @property
    def keys(self) -> tuple[str, str]:
        return (self.key, self.name)

    @property
    def at(self) -> Path:
        """The keys where the dependency is declared."""
        return self.used_at or self.keys

    @property
    def is_required(self) -> bool:
        return self.key == "dependencies"


class Manifest(NamedTuple):
    """One package.json. `has_rebel` is False for other npm packages, whose other fields are empty.

    tests_of: for the tests of a package, which are a package of their own, the name of the package that they test.
    libraries: the names of its additional libraries; library_of: for one of these, which has a manifest of its own, the
        name of the package. uses: the libraries in `rebel.uses`, or None if all dependencies count.
    select: file -> the sources that it may be.
    """

    document: Document
    name: str
    version: str = ""
    module: str = ""
    has_rebel: bool = False
    targets: tuple[TargetSpec, ...] = ()
    sources: tuple[str, ...] = DEFAULT
    ocamlfind: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    development: tuple[str, ...] = ()
    public_module: bool = False
    private: tuple[str, ...] = ()
    wrapped: bool = True
    link_all: bool = False
    flags: Flags = Flags()
    profiles: tuple[tuple[str, Flags], ...] = ()
    module_flags: tuple[tuple[str, tuple[str, ...]], ...] = ()
    generating: Generating = Generating()
    package_programs: tuple[str, ...] = ()
    linker: str = ""
    findlib: str = ""
    stubs: StubsSpec | None = None
    tests: Tests = Tests()
    tests_of: str = ""
    libraries: tuple[str, ...] = ()
    library_of: str = ""
    uses: tuple[str, ...] | None = None
    select: tuple[tuple[str, tuple[Choice, ...]], ...] = ()
    ppx: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ppx_runtime: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its unique key."""
        return f"{self.document.path}#{self.name}" if self.tests_of or self.library_of else self.document.path

    @property
    def module_keys(self) -> Path:
        """The keys that determine the module of the package."""
        top = self.document.value
        rebel = top.get("rebel", {}) if isinstance(top, dict) else {}
        return ("rebel", "module") if "module" in rebel else ("name",)
