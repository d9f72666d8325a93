"""C and C++ of the packages of a group of targets: objects by SCons' own builders, and what ocamlmklib makes of them.

Objects lie below the folder of what is made, `lib<name>_stubs.a` and `dll<name>_stubs.so` in the one of the package,
`_build/<target>/<package>/`. The archive of the package names them, so that whoever links it needs no flags.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import SCons.Node
import SCons.Node.FS
import SCons.Util

from rebel_tools import tools
from rebel_tools.ocaml import place
from rebel_tools.ocaml.c_compiler import CCompiler, Named, c_compiler, named_by
from rebel_tools.ocaml.pkg_config import CPackage, UnknownCPackage, c_package
from rebel_tools.ocaml.toolchain import program_identity
from rebel_tools.plan.model import NATIVE
from rebel_tools.project.document import Path
from rebel_tools.project.manifest import document_of
from rebel_tools.project.model import Package
from rebel_tools.project.stubs import CXX, C
from rebel_tools.scons.arguments import from_top, output_file
from rebel_tools.scons.c_stubs import (
    COMMANDS,
    c_environment,
    expanding_to,
    library_of_cxx,
)
from rebel_tools.scons.compat import Environment, Node, Nodes
from rebel_tools.scons.linking import CALLS_C
from rebel_tools.scons.nodes import MadeFile
from rebel_tools.scons.ocamlmklib import has_shared_libraries, object_names, packing, recorded
from rebel_tools.scons.output import SOURCES
from rebel_tools.scons.package_rules import Place
from rebel_tools.scons.settings import config_of, environ_of, standard_library
from rebel_tools.scons.words import Literals, expanded, extended, literals

if TYPE_CHECKING:
    from rebel_tools.scons.target import TargetSession

_STANDARD = re.compile(r"-std=(c|gnu)(\+\+)?")
_SHARED = ".so"


class PackageStubs:
    """run: the session of the targets."""

    def __init__(self, run: TargetSession) -> None:
        self.run = run
        self._known: dict[str, CPackage] = {}
        self._compilers: dict[str, CCompiler] = {}
        self._in_flags: set[str] = set()
        self._searched: dict[str, set[str]] = {}  # the include folders of each package

    @cached_property
    def packages(self) -> tuple[Package, ...]:
        """The packages with C stubs."""
        return tuple(package for package in self.run.packages if package.stubs.sources)

    def folder(self, package: Package) -> str:
        """Where the libraries of a package lie, as seen from the folder of the SConstruct."""
        return f"{self.run.folder}/{package.name}"

    # Flags for archives and programs

    def variables(self, package: Package, used: Iterable[Package]) -> dict[str, Any]:
        """Construction variables for the archive of a package, and for a program of its modules.

        used: the package and all that it depends on. What pkg-config says is asked for when they are expanded.
        """
        linked = [each for each in used if each.stubs.is_linked]
        if not linked:
            return {}
        own = package.stubs.is_linked
        return {
            "_OCAMLSTUBS": expanding_to(lambda env: self._recorded(package) if own else []),
            "_OCAMLDLLS": expanding_to(lambda env: self._dlls(package)),
            "_OCAMLSTUBLINK": expanding_to(lambda env: self._linked(package, linked, env)),
        }

    def _recorded(self, package: Package) -> list[str]:
        """The link flags stored in the archive of a package."""
        own = [f"-l{package.stub_library}"] if package.stubs.sources else []
        return recorded([*own, *self._linked_too(package)])

    def _linked_too(self, package: Package) -> list[str]:
        """The words for the linker of C besides the package's own library."""
        stubs = package.stubs
        words = [f"-l{name}" for name in stubs.libraries]
        words += [word for each in self._installed(package) for word in each.link]
        return words + ([library_of_cxx()] if any(path.endswith(CXX) for path in stubs.sources) else [])

    def _dlls(self, package: Package) -> list[str]:
        return ["-dllib", f"-l{package.stub_library}"] if package.stubs.sources and self._has_dlls else []

    def _linked(self, package: Package, linked: Iterable[Package], env: Environment) -> list[str]:
        """The flags for a program. Bytecode contains its stubs, so that they are found wherever it is moved."""
        words = [word for each in linked if each.stubs.sources for word in ("-I", self.folder(each))]
        given = env.Override({"_OCAMLSTUBLINK": ""})
        flags = set(expanded(given, "OCAMLLINKFLAGS"))
        if self.run.engine != NATIVE and flags.isdisjoint({*CALLS_C, "-dllpath"}):
            words.insert(0, "-custom")
        return [*words, *(self._recorded(package) if package.stubs.is_linked else ())]

    def _installed(self, package: Package) -> list[CPackage]:
        """The flags that pkg-config prints for the named packages. Errors: ProjectError at the name."""
        names = enumerate(package.stubs.pkg_config)
        return [self._c_package(name, package, ("rebel", "stubs", "pkgConfig", index)) for index, name in names]

    def _c_package(self, name: str, package: Package, keys: Path) -> CPackage:
        if name not in self._known:
            env = self.run.base
            environ = environ_of(env)
            try:
                self._known[name] = c_package(tools.require("pkg-config", environ=environ), name, environ)
            except UnknownCPackage as error:
                document = document_of(package)
                found = document.error(keys, error.message, expected=error.expected, hint=error.hint)
                found.details = error.details
                raise found from None
        return self._known[name]

    # What is made

    @cached_property
    def by_package(self) -> dict[str, list[SCons.Node.FS.File]]:
        """The libraries and objects of each package, libraries first. Errors: MissingTool, ProjectError."""
        return {package.name: self._nodes_of(package) for package in self.packages}

    def nodes(self, packages: Iterable[Package] | None = None) -> list[SCons.Node.FS.File]:
        """All that is made for some packages, or for all."""
        if not self.packages:
            return []
        names = [package.name for package in (self.packages if packages is None else packages)]
        return [node for name in names for node in self.by_package.get(name, ())]

    def package_of(self, path: str) -> Package | None:
        """The package from which the file at this path is made."""
        for package in self.packages:
            if any(node.get_internal_path() == path for node in self.by_package[package.name]):
                return package
        return None

    def read(self) -> set[str]:
        """The files that decide about what was made: sources, headers, and where other headers would hide them."""
        found = {*self._in_flags, *(path for each in self._known.values() for path in each.files)}
        found.update(path for each in self._compilers.values() for path in (*each.programs, *each.folders))
        for package in self.packages:
            for node in self.by_package[package.name]:
                before = [*node.sources, *(node.implicit or ())]
                found.update(each.get_abspath() for each in before if not each.is_derived() and not _is_value(each))
            found.update(self._hiding(package, found))
        return {os.path.join(self.run.top, path) for path in found}

    def _hiding(self, package: Package, read: Iterable[str]) -> set[str]:
        """The folders in which a header could appear that the C of a package would include instead of one that it has
        read: its include folders, and folders below them such as `sys` for `sys/types.h`.
        """
        searched = self._searched.get(package.name, ())
        inside = {
            os.path.dirname(path[len(folder) + 1 :])
            for folder in searched
            for path in read
            if path.startswith(f"{folder}/")
        }
        folders = {os.path.join(folder, below) for folder in searched for below in inside}
        return {os.path.normpath(path) for path in folders if os.path.isdir(path) and not self._is_made(path)}

    def _is_made(self, path: str) -> bool:
        return f"{path}/".startswith(f"{self.run.build}/")

    def _nodes_of(self, package: Package) -> list[SCons.Node.FS.File]:
        where, env = self.run.rules.place(package), self._environment(package)
        objects = []
        for path, name in object_names(package.stubs.sources):
            source = env.fs.File(from_top(where.path(path)))
            objects += self._object(env, package, source, output_file(env, where.made_path(name)))
            SOURCES[where.made_path(name)] = where.path(path)
        base = f"{self.folder(package)}/{{}}{package.stub_library}"
        paths = [base.format("lib") + ".a", *([base.format("dll") + _SHARED] if self._has_dlls else [])]
        action = packing(self._base, self.folder(package), package.stub_library, objects, self._linked_too(package))
        libraries = env.Command([output_file(env, path) for path in paths], objects, action)
        for node in (*libraries, *objects):
            MadeFile.adopt(node)
        return [*libraries, *objects]

    def _object(self, env: Environment, package: Package, source: Node, target: Node) -> Nodes:
        """The object of a source: with the standard of its own language only, and made again by another compiler.

        CPPPATH is only for SCons' scanner. It finds installed headers, too.
        """
        path = str(source)
        is_c, is_cxx = path.endswith(C), path.endswith(CXX)
        flags = [word for word in package.stubs.flags if not _is_standard_of(word, cxx=is_c, c=is_cxx)]
        named = named_by([*flags, *(word for each in self._installed(package) for word in each.compile)])
        compiler = self._c_compiler("c++" if is_cxx else "c")
        folders = (env.Dir(os.path.join(self.run.top, folder)) for folder in (*named.folders, *compiler.folders))
        searched = [*env["CPPPATH"], *folders]
        self._searched.setdefault(package.name, set()).update(folder.get_abspath() for folder in searched)
        own = {"_OCAMLSTUBFLAGS": expanding_to(lambda env: flags), "CPPPATH": searched}
        made: Nodes = env.Override(own).SharedObject(target, source)
        env.Depends(made, env.Value("\n".join(map(program_identity, compiler.programs))))
        env.Depends(made, env.Value(f"SOURCE_DATE_EPOCH={env['ENV'].get('SOURCE_DATE_EPOCH')}"))
        files = self._read_by_flags(package, named)
        self._in_flags.update(files)
        env.Depends(made, list(map(env.File, files)))
        return made

    def _c_compiler(self, language: str) -> CCompiler:
        if language not in self._compilers:
            command = expanded(self._base, "CXX" if language == "c++" else "CC")
            environ = environ_of(self._base)
            self._compilers[language] = c_compiler(command, language, environ, self.run.top)
        return self._compilers[language]

    def _read_by_flags(self, package: Package, named: Named) -> list[str]:
        """The files that flags name: in the folder of the SConstruct, or in one with headers."""
        folders = [os.path.join(self.run.top, folder) for folder in ("", *self._folders(package), *named.folders)]
        places = ([os.path.join(folder, file) for folder in folders] for file in named.files)
        return [path for path in (next(filter(os.path.isfile, each), "") for each in places) if path]

    # The environments of the compilers

    @cached_property
    def _config(self) -> dict[str, str]:
        return config_of(self.run.base, "OCAMLC")

    @property
    def _has_dlls(self) -> bool:
        return has_shared_libraries(self._config)

    @cached_property
    def _base(self) -> Environment:
        return c_environment(self.run.base, self._config)

    def _environment(self, package: Package) -> Environment:
        env = self._base
        found = [word for each in self._installed(package) for word in each.compile]
        folders = [env.Dir(from_top(folder)) for folder in self._folders(package)]
        given = [env.Dir(path) for path in env.subst_path(env.get("CPPPATH", []))]
        shown = [node.get_internal_path() for node in (*folders, *given)]
        library = standard_library(self.run.base, "OCAMLC")
        includes = [word for folder in (*shown, library) for word in ("-I", folder)]
        top = self.run.top
        mapped = place.mapped(env["ENV"], top)
        roots = dict.fromkeys([top, str(env["ENV"].get("PWD", top))]) if mapped else ()
        same = [f"-fdebug-prefix-map={root}=." for root in roots if "=" not in root]
        flags = [
            *SCons.Util.CLVar(env["CCFLAGS"]),
            "$(",
            *extended([], same),
            "$)",
            *extended([], found),
            "$_OCAMLSTUBFLAGS",
        ]
        return env.Override(
            {
                "CCFLAGS": flags,
                "_CPPINCFLAGS": expanding_to(lambda env: includes),
                "CPPPATH": [*folders, *given, env.Dir(library)],
                **{variable: env[variable].replace("$SOURCES", "$_OCAMLCSOURCE") for variable in COMMANDS},
                "_OCAMLCSOURCE": _source,
            }
        )

    def _folders(self, package: Package) -> list[str]:
        """The include folders: those of the package, then those of its dependencies, relative to the SConstruct."""
        used = self.run.project.closure(package)
        found = [path for each in (package, *reversed(used)) for path in self._shown(each, each.stubs.headers)]
        own = [*self._shown(package, package.stubs.folders), *found]
        where = self.run.rules.place(package)
        return list(dict.fromkeys([*own, *map(_made_in(where), package.stubs.made_folders)]))

    def _shown(self, package: Package, folders: Iterable[str]) -> list[str]:
        """Folders of a package, each with the one in which rules make what would lie in it."""
        where, made = self.run.rules.place(package), package.stubs.made_folders
        found = []
        for folder in folders:
            found.append(_below(where, folder))
            found += [_made_in(where)(each) for each in made if folder in (each, ".")]
        return found


def _below(where: Place, folder: str) -> str:
    return where.own if folder == "." else folder if where.own == "." else f"{where.own}/{folder}"


def _made_in(where: Place) -> Callable[[str], str]:
    """Where a folder of the package is among what is made."""
    return lambda folder: where.made if folder == "." else where.made_path(folder)


def _source(target: Nodes, source: Nodes, env: Environment, for_signature: bool) -> Literals:
    return literals([source[0].get_internal_path()])


def _is_standard_of(word: str, cxx: bool, c: bool) -> bool:
    """Whether a word chooses a standard of C++, or of C."""
    found = _STANDARD.match(word)
    return found is not None and (cxx if found[2] else c)


def _is_value(node: Node) -> bool:
    return not isinstance(node, SCons.Node.FS.Base)
