"""What a project is: its packages, their sources and the targets, as plain frozen data."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from rebel_tools.project.selection import DEFAULT, Selection

PROFILES = ("dev", "release")
ENGINES = ("native", "byte", "jsoo", "bucklescript")
AUTO = "auto"  # the first of FAST_LINKERS that is installed
FAST_LINKERS = ("mold", "lld")
LINKERS = (*FAST_LINKERS, "gold", "bfd", AUTO)


class Flags(NamedTuple):
    """Extra command-line words, in the order in which the user wrote them, and extra environment variables."""

    dep: tuple[str, ...] = ()
    compile: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    jsoo: tuple[str, ...] = ()
    envvars: tuple[tuple[str, str], ...] = ()
    ocamllex: tuple[str, ...] = ()
    menhir: tuple[str, ...] = ()


class Target(NamedTuple):
    """A part of the root package that is built: a program, or the package itself if there is no `entry`.

    name: as in package.json, and `m/<name>` for a target of the member `m` of a workspace; used on the command line and
        for the folder `_build/<name>`.
    package: the npm name of the package whose program it is; '' for the root package.
    module: the namespace of the root package in this target: its own module in a library, `Default_Tar` in a program.
    engine: one of ENGINES.
    entry: the source with the program's entry, relative to the root, and `entry_module` its module.
    is_library: whether the modules have the names that users of the package see.
    plugin: for a plugin, the program that loads it: the name of its target, or a path with a `/` in it.
    """

    name: str
    module: str
    engine: str
    entry: str = ""
    entry_module: str = ""
    unstable_flags: Flags = Flags()
    is_library: bool = False
    package: str = ""
    plugin: str = ""

    @property
    def has_program_elsewhere(self) -> bool:
        """Whether this is a plugin for a program that another project builds."""
        return "/" in self.plugin


class Source(NamedTuple):
    """One file: its path relative to the package (with `/`), its module, and ml, mli, re or rei.

    made: for a generated file, its path in the folder of generated files; otherwise ''.
    """

    path: str
    module: str
    kind: str
    made: str = ""

    @property
    def is_interface(self) -> bool:
        return self.kind in ("mli", "rei")


LEXER, YACC, MENHIR, PREPROCESSOR, COMMAND = "ocamllex", "ocamlyacc", "menhir", "preprocessor", "command"


class Rule(NamedTuple):
    """One run of a program that makes files of a package, before its sources are compiled.

    kind: one of the constants above.
    sources: the files that it reads, as paths relative to the package; for a lexer, a grammar and a preprocessor, the
        translated file comes first. Some may be targets of other rules.
    targets: the files that it makes, as paths relative to the folder of generated files.
    words: the command, or the flags of a known program.
    stdout: the target that receives the standard output of the command, or ''.
    folder: where the command runs, relative to the package, or ''.
    module: the module that a grammar becomes; infers: whether its types have to be inferred.
    program: (package, module) if the command is an OCaml program that has to be built before: where its source is.
    keys: the position in package.json; empty for a rule that is implied by a file's name.
    """

    kind: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    words: tuple[str, ...] = ()
    stdout: str = ""
    folder: str = ""
    module: str = ""
    infers: bool = False
    program: tuple[str, str] | tuple[()] = ()
    keys: tuple[str | int, ...] = ()

    @property
    def command_keys(self) -> tuple[str | int, ...]:
        """The position of the words of a command or of a preprocessor."""
        return (*self.keys, "command") if self.kind == COMMAND else self.keys

    @property
    def makes_parser(self) -> bool:
        """Whether it processes the rules of a grammar, and not only its tokens."""
        return self.kind == YACC or (self.kind == MENHIR and "--only-tokens" not in self.words)


class Stubs(NamedTuple):
    """The C and C++ code of a package. Paths are relative to it.

    sources: C, C++ and assembler files, some of which may be targets of rules.
    headers: the folders in which other packages find its headers, too; folders: those for its own sources only.
    made_folders: the folders of headers that its rules make.
    flags: for the C and C++ compilers; pkg_config: names of pkg-config packages; libraries: `z` for `-lz`.
    """

    sources: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    made_folders: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    pkg_config: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()

    @property
    def is_linked(self) -> bool:
        """Whether programs have to be linked with anything for them."""
        return bool(self.sources or self.pkg_config or self.libraries)


class Ppx(NamedTuple):
    """The ppx rewriters of a package's sources: those of findlib, and packages of the project by their npm names.

    flags: arguments for the program that contains all of them.
    """

    findlib: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All rewriters, in an order that does not depend on their order in package.json."""
        return (*sorted(self.packages), *sorted(self.findlib))


class Package(NamedTuple):
    """One npm package with the key `rebel`.

    name: the npm name, unique in a project.
    module: the OCaml module that is its namespace (`FooBar` for `foo-bar`), unique among the dependencies.
    root: the real path of its folder, with links resolved.
    sources: all files that are sources, sorted by path; selected: the patterns that select them (see `Selection`).
    ocamlfind: findlib packages that its sources use, in the order of package.json.
    dependencies: npm names of the packages that its sources may use, in the order of package.json.
    absent: (module, why) of packages that its package.json names and whose modules its sources cannot use, for hints.
    private: modules that are not visible to users of the package.
    link_all: whether programs are linked with all of its modules, not only with those that are referenced.
    wrapped: whether users refer to its modules through `module`; otherwise directly.
    public_module: its `src/foo.ml` is the public interface `Foo` of package foo, instead of being `Foo.Foo`.
    flags: for this package's own units (`dep`, `compile`) and for every program that links it (`link`).
    profiles: name -> the flags that a profile adds.
    module_flags: (module, flags) for the compilers of single modules.
    rules: the rules that make some of its sources.
    preprocessor_reads: patterns of the files that preprocessors of its sources read.
    version: as in package.json, or ''. findlib: its findlib name when it is installed.
    stubs: its C and C++ code.
    tests_of: for the tests of a package, which are a package of their own in its folder: the npm name of that package.
    library_of: for one of the `rebel.libraries` of a package, whose name begins with that of the package and a dot:
        the npm name of that package.
    ppx: the rewriters of its sources; ppx_runtime: for a rewriter, the libraries that its generated code needs:
        packages that it depends on, or findlib packages.
    """

    name: str
    module: str
    root: str
    sources: tuple[Source, ...]
    ocamlfind: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    absent: tuple[tuple[str, str], ...] = ()
    public_module: bool = False
    flags: Flags = Flags()
    selected: tuple[str, ...] = DEFAULT
    private: tuple[str, ...] = ()
    wrapped: bool = True
    link_all: bool = False
    profiles: tuple[tuple[str, Flags], ...] = ()
    module_flags: tuple[tuple[str, tuple[str, ...]], ...] = ()
    rules: tuple[Rule, ...] = ()
    preprocessor_reads: tuple[str, ...] = ()
    version: str = ""
    findlib: str = ""
    stubs: Stubs = Stubs()
    tests_of: str = ""
    library_of: str = ""
    ppx: Ppx = Ppx()
    ppx_runtime: tuple[str, ...] = ()

    @property
    def is_part(self) -> bool:
        """Whether it belongs to another package, in the same folder."""
        return bool(self.tests_of or self.library_of)

    @property
    def npm_name(self) -> str:
        """The npm name of the package, or of the package that it is a library of."""
        return self.library_of or self.name

    @property
    def part(self) -> str:
        """The name of the library within `library_of`."""
        return self.name.removeprefix(f"{self.library_of}.")

    @property
    def stub_library(self) -> str:
        """The library of its stubs, as named by `-l`: `foo_stubs`, and `acme_foo_stubs` for `@acme/foo`."""
        return self.name.removeprefix("@").replace("/", "_") + "_stubs"

    @property
    def words_of_modules(self) -> list[str]:
        """All flags of single modules."""
        return [word for _, words in self.module_flags for word in words]

    def has_place_for(self, path: str) -> bool:
        """Whether a file at this absolute path is one of the sources, or would be if it existed."""
        return self._takes(self.selected, path)

    def has_read(self, path: str) -> bool:
        """Whether preprocessors of the sources read a file at this absolute path, or would if it existed."""
        return self._takes(self.preprocessor_reads, path)

    def _takes(self, patterns: tuple[str, ...], path: str) -> bool:
        prefix = os.path.join(self.root, "")
        return path.startswith(prefix) and Selection(patterns).takes(path[len(prefix) :].replace(os.sep, "/"))


class Case(NamedTuple):
    """One run of a test program.

    name: '' for the only run of a test. input, expected: files, relative to the package, or ''; `expected` may be
    missing, because its first contents are promoted.
    """

    name: str
    input: str = ""
    expected: str = ""


class Test(NamedTuple):
    """A program that tests a package, and how it is run.

    name: on the command line, such as `test/units`, prefixed with the member of a workspace.
    target: its program. package: the npm name of the package that it tests.
    folder: its working directory, relative to the package. reads: files that it reads, relative to the package.
    keys: the position in package.json.
    """

    name: str
    target: Target
    package: str
    folder: str
    cases: tuple[Case, ...]
    arguments: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    exit_status: int = 0
    keys: tuple[str | int, ...] = ()


class Project(NamedTuple):
    """The contents of all package.json files and folders of a project.

    packages: in topological order, dependencies first.
    targets: the programs; as_library: the root package if there are none; check: the target that is only type-checked.
    tests: those of the root package and of the members of a workspace. folder: that of the root package.
    consulted: the absolute path of every file and folder that was read, or was searched and not found. While the
        status of each of them (or its absence) stays the same, so does the project.
    warnings: sentences about what was ignored in packages that are not the user's own.
    package_programs: npm packages whose programs may run if only listed ones may.
    linker: one of LINKERS, '' for that of the C compiler.
    """

    packages: tuple[Package, ...]
    targets: tuple[Target, ...]
    consulted: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    package_programs: tuple[str, ...] = ()
    linker: str = ""
    as_library: tuple[Target, ...] = ()
    check: tuple[Target, ...] = ()
    tests: tuple[Test, ...] = ()
    folder: str = ""

    @property
    def root(self) -> Package:
        return next(each for each in reversed(self.packages) if each.root == self.folder and not each.is_part)

    @property
    def test_programs(self) -> tuple[Target, ...]:
        """The programs that are only built for tests."""
        own = {package.name for package in self.packages if package.tests_of}
        return tuple(dict.fromkeys(test.target for test in self.tests if test.target.package in own))

    @property
    def every_target(self) -> tuple[Target, ...]:
        return (*self.targets, *self.as_library, *self.check, *self.test_programs)

    @property
    def default_targets(self) -> tuple[Target, ...]:
        """The default targets: for each package, the target `default`, or all if there is none, or the library."""
        every = (*self.targets, *self.as_library)
        packages = dict.fromkeys(target.package for target in every)
        return tuple(target for name in packages for target in _default([t for t in every if t.package == name]))

    def package_of(self, target: Target) -> Package:
        """The package that a target is a program of, or that it is itself."""
        return self.package(target.package) if target.package else self.root

    def package(self, name: str) -> Package:
        """The package with that npm name. Errors: KeyError if there is none."""
        for package in self.packages:
            if package.name == name:
                return package
        raise KeyError(name)

    def rewriters(self, packages: Iterable[Package]) -> dict[str, Package]:
        """The rewriters of the given packages, with everything that these depend on or are rewritten by."""
        found: dict[str, Package] = {}
        todo = list(packages)
        while todo:
            for name in todo.pop().ppx.packages:
                rewriter = self.package(name)
                for each in (*self.closure(rewriter), rewriter):
                    if each.name not in found:
                        found[each.name] = each
                        todo.append(each)
        return found

    def closure(self, package: Package) -> tuple[Package, ...]:
        """All packages that `package` depends on, directly or not, dependencies first, without itself."""
        wanted = set(package.dependencies)
        for candidate in reversed(self.packages):
            if candidate.name in wanted:
                wanted.update(candidate.dependencies)
        return tuple(p for p in self.packages if p.name in wanted)


def _default(targets: list[Target]) -> list[Target]:
    """The default targets among those of one package."""
    return [target for target in targets if target.name.rpartition("/")[2] == "default"] or targets
