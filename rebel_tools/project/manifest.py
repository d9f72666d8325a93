"""Reads and checks one package.json."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from rebel_tools.project.document import TYPE_NAMES, Document, Part, Path, quoted, read_document
from rebel_tools.project.keys import DEPENDENCIES, TOP
from rebel_tools.project.model import Flags, Package
from rebel_tools.project.names import MAX_MODULE, MAX_PACKAGE, findlib_name, is_module, is_package, package_module
from rebel_tools.project.selection import DEFAULT, Selection, is_wider
from rebel_tools.project.shapes import Reader
from rebel_tools.project.specs import (
    Choice,
    Command,
    Dependency,
    Generating,
    Grammar,
    Manifest,
    StubsSpec,
    TargetSpec,
    Tests,
    TestSpec,
)
from rebel_tools.text import quote


def read_manifest(document: Document, default_name: str, is_root: bool = False) -> Manifest:
    """The manifest in `document`; `default_name` is used if the file has no `name`.

    The root package is built even without the key `rebel`: all settings have defaults.
    Unknown keys under `rebel` are errors, but only warnings in a node_modules folder: users cannot fix those files.
    Other packages, without that key, are ignored.
    """
    reader = Reader(document, strict="node_modules" not in os.path.dirname(document.path).split(os.sep))
    if not isinstance(document.value, dict):
        raise reader.wrong_type((), TYPE_NAMES[dict])
    if "rebel" not in document.value and not is_root:
        return Manifest(document, default_name)
    document.check_duplicates(TOP.keys)
    top = TOP.read(reader, document.value, ())
    rebel: Mapping[str, Any] = top.get("rebel", {})
    name = top.get("name", default_name)
    tests = _tests(rebel) if is_root else Tests()
    is_program = is_root and rebel.get("targets") != () and not tests.programs
    if not is_root or tests.programs:
        check_name(document, name)
    _check_visibility(document, rebel)
    _check_libraries(document, name, rebel)
    _check_module_flags(document, rebel)
    return Manifest(
        document=document,
        name=name,
        version=top.get("version", ""),
        module=rebel.get("module") or _module(document, name, is_program),
        has_rebel=True,
        targets=_targets(document, rebel) if is_root else (),
        sources=_sources(rebel),
        libraries=tuple(rebel.get("libraries", ())),
        uses=rebel.get("uses"),
        select=tuple(_choices(document, path, said) for path, said in rebel.get("select", {}).items()),
        ocamlfind=rebel.get("ocamlfindDependencies", ()),
        dependencies=_dependencies(top),
        development=_development(document.value),
        public_module=rebel.get("publicModule", False),
        private=rebel.get("private", ()),
        wrapped=rebel.get("wrapped", True),
        link_all=rebel.get("linkAll", False),
        flags=Flags(**rebel.get("flags", {})),
        profiles=tuple((name, Flags(**flags)) for name, flags in rebel.get("profiles", {}).items()),
        module_flags=tuple(rebel.get("moduleFlags", {}).items()),
        generating=_generating(document, rebel),
        package_programs=rebel.get("packagePrograms", ()),
        linker=rebel.get("linker", ""),
        findlib=rebel.get("findlibName", "") or findlib_name(name),
        stubs=_stubs(rebel),
        tests=tests,
        ppx=_ppx(rebel.get("ppx", ())),
        ppx_runtime=rebel.get("ppxRuntime", ()),
        warnings=tuple(reader.warnings),
    )


def library_name(package: str, library: str) -> str:
    """The name of a library of a package for its users."""
    return f"{package}.{library}"


def library_document(document: Document, package: str, library: str) -> Document:
    """The part of a package.json about one of its libraries, as a document of its own."""
    return Part(document, library_name(package, library), ("rebel", "libraries", library))


def document_of(package: Package) -> Document:
    """The package.json of a package, or its part about a library; for errors."""
    document = read_document(os.path.join(package.root, "package.json"))
    return library_document(document, package.library_of, package.part) if package.library_of else document


def manifest_of_library(manifest: Manifest, library: str) -> Manifest:
    """One of the libraries of a package, as a package of its own."""
    name = library_name(manifest.name, library)
    found = read_manifest(library_document(manifest.document, manifest.name, library), name)
    return found._replace(
        library_of=manifest.name,
        libraries=manifest.libraries,
        sources=_without(found.sources, manifest.tests.sources if manifest.tests.has_sources else ()),
        uses=found.uses or (),
        findlib=found.findlib if found.findlib != findlib_name(name) else f"{manifest.findlib}.{library}",
        warnings=(),  # those of the whole package.json are there
    )


def check_name(document: Document, name: str) -> None:
    """Errors: ProjectError for a name that a package with users cannot have."""
    if name == "src":
        expected = "another name: _build/<target>/src belongs to the root package"
        raise document.error(("name",), "a package cannot have the name src", expected=expected)


def _check_visibility(document: Document, rebel: Mapping[str, Any]) -> None:
    """Errors: ProjectError for other keys about visibility beside a public interface, which is all that users see."""
    if not rebel.get("publicModule", False):
        return
    for key, is_said in (("wrapped", not rebel.get("wrapped", True)), ("private", "private" in rebel)):
        if is_said:
            message = f'"{key}" has no meaning beside "publicModule": users see only what that file defines'
            raise document.error(("rebel", key), message, key=True, hint="remove one of the two")


def _check_libraries(document: Document, package: str, rebel: Mapping[str, Any]) -> None:
    for name, said in rebel.get("libraries", {}).items():
        keys: Path = ("rebel", "libraries", name)
        if "sources" not in said:
            raise document.error(keys, f'{quoted(keys)} has no "sources"', expected='such as "sources": ["lib/unix"]')
        if not is_package(library_name(package, name)):
            message = f"the name {quote(library_name(package, name))} is too long"
            raise document.error(keys, message, key=True, expected=f"at most {MAX_PACKAGE} characters")


def _check_module_flags(document: Document, rebel: Mapping[str, Any]) -> None:
    """Errors: ProjectError for -I: modules of a package share one search path, as ocamldep handles them together."""
    for module, words in rebel.get("moduleFlags", {}).items():
        if "-I" in words:
            message = "-I is not allowed in the flags of a single module"
            raise document.error(("rebel", "moduleFlags", module), message, hint='move it to "flags": {"compile": []}')


def _sources(rebel: Mapping[str, Any]) -> tuple[str, ...]:
    """The patterns of a package's sources, without the sources of its tests."""
    sources: tuple[str, ...] = rebel.get("sources", DEFAULT)
    tests = rebel["tests"].get("sources", Tests().sources) if "tests" in rebel else ()
    libraries = [pattern for library in rebel.get("libraries", {}).values() for pattern in library["sources"]]
    narrower = (pattern for pattern in libraries if not any(is_wider(pattern, each) for each in sources))
    return _without(sources, [*tests, *narrower])


def _without(sources: tuple[str, ...], others: Iterable[str]) -> tuple[str, ...]:
    """Patterns that do not select what more specific patterns of others select."""
    selection = Selection(sources)
    own = (pattern for pattern in others if not pattern.startswith("!"))
    inside = (pattern for pattern in own if any(map(selection.enters, Selection([pattern]).folders)))
    return (*sources, *(f"!{pattern}" for pattern in inside if pattern != "."))


def _tests(rebel: Mapping[str, Any]) -> Tests:
    said, keys = rebel.get("tests", {}), ("rebel", "tests", "programs")
    programs = [dict(each) for each in said.get("programs", ())]
    specs = [TestSpec((*keys, at), exit_status=each.pop("exitStatus", 0), **each) for at, each in enumerate(programs)]
    return Tests(tuple(specs), said.get("sources", Tests().sources), said.get("ocamlfindDependencies", ()))


def _generating(document: Document, rebel: Mapping[str, Any]) -> Generating:
    grammars, preprocessor = rebel.get("grammars", {}), rebel.get("preprocessor", ())
    by_module = isinstance(grammars, dict)
    of_modules = isinstance(preprocessor, dict)
    return Generating(
        parser_generator="" if by_module else grammars,
        grammars=tuple((name, Grammar(**said)) for name, said in grammars.items()) if by_module else (),
        preprocessor=() if of_modules else preprocessor,
        preprocessors=tuple(preprocessor.items()) if of_modules else (),
        preprocessor_dependencies=rebel.get("preprocessorDependencies", ()),
        rules=tuple(_command(document, said, ("rebel", "rules", at)) for at, said in enumerate(rebel.get("rules", ()))),
    )


def _ppx(said: tuple[str, ...] | Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The rewriters, each with its arguments."""
    return tuple(said.items()) if isinstance(said, Mapping) else tuple((name, ()) for name in said)


def _stubs(rebel: Mapping[str, Any]) -> StubsSpec | None:
    said = dict(rebel.get("stubs", {}))
    said["pkg_config"] = said.pop("pkgConfig", ())
    return StubsSpec(**said) if "stubs" in rebel else None


def _choices(document: Document, path: str, said: tuple[Mapping[str, Any], ...]) -> tuple[str, tuple[Choice, ...]]:
    keys: Path = ("rebel", "select", path)
    missing = next((at for at, each in enumerate(said) if "source" not in each), None)
    if missing is not None:
        at = (*keys, missing)
        raise document.error(at, f'{quoted(at)} has no "source"', expected="the file that is selected")
    return path, tuple(_choice(each["source"], each.get("if", ())) for each in said)


def _choice(source: str, names: tuple[str, ...]) -> Choice:
    """names: of libraries, after a `!` of those that must not be installed."""
    wanted = tuple(name for name in names if not name.startswith("!"))
    return Choice(source, wanted, tuple(name[1:] for name in names if name.startswith("!")))


def _command(document: Document, said: Mapping[str, Any], keys: Path) -> Command:
    if "command" not in said:
        raise document.error(keys, f'{quoted(keys)} has no "command"', expected='"command": ["program", "argument"]')
    if not (said.get("targets") or "stdout" in said):
        raise document.error(keys, f'{quoted(keys)} has no "targets"', expected='the files that it makes, or "stdout"')
    return Command(at=int(keys[-1]), **said)


def _module(document: Document, name: str, is_program: bool) -> str:
    """The module for a package's name. For a package of programs it may be anything: no source can name it."""
    module = package_module(name)
    if not is_program and not (is_module(module) and len(module) <= MAX_MODULE):
        what = "is too long" if is_module(module) else "OCaml does not allow"
        raise document.error(
            ("name",),
            f"the name {quote(name)} gives the module {module}, which {what}",
            hint='choose one: "rebel": {"module": "Name"}',
        )
    return module


def _dependencies(top: Mapping[str, Any]) -> tuple[Dependency, ...]:
    """Each name once. As in npm, optional dependencies override others, and required ones override peers."""
    found: dict[str, Dependency] = {}
    for key in DEPENDENCIES:
        for name, wanted in top.get(key, {}).items():
            if name not in found or key == "optionalDependencies":
                found[name] = Dependency(name, wanted, key)
    return tuple(found.values())


def _development(top: Mapping[str, object]) -> tuple[str, ...]:
    """The names in `devDependencies`, which are only used for hints, so nothing in them is an error."""
    given = top.get("devDependencies")
    return tuple(name for name in given if is_package(name)) if isinstance(given, dict) else ()


def _targets(document: Document, rebel: Mapping[str, Any]) -> tuple[TargetSpec, ...]:
    keys = ("rebel", "targets")
    if "targets" not in rebel:
        return (TargetSpec("default", "native", None, Flags(), keys),)
    targets = tuple(_target(document, given, (*keys, index)) for index, given in enumerate(rebel["targets"]))
    first: dict[str, TargetSpec] = {}
    for target in targets:
        other = first.setdefault(target.name.lower(), target)
        if other is not target:
            line = document.place(*other.keys, "target").line
            raise document.error(
                (*target.keys, "target"),
                f'the target "{target.name}" occurs twice',
                expected="one name per target, unique even if case is ignored, because it is the name of a folder",
                hint=f'"{other.name}" at line {line} is the other one',
            )
    return targets


def _target(document: Document, given: Mapping[str, Any], keys: Path) -> TargetSpec:
    flags = dict(given.get("unstable_flags", {}))
    if "envvars" in flags:
        at = (*keys, "unstable_flags", "envvars")
        flags["envvars"] = tuple(_variable(document, at, word) for word in flags["envvars"])
    return TargetSpec(
        name=given.get("target", "default"),
        engine=given.get("engine", "native"),
        entry=given.get("entry"),
        unstable_flags=Flags(**flags),
        keys=keys,
        plugin=given.get("plugin", ""),
    )


def _variable(document: Document, keys: Path, word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals or not name:
        raise document.error(keys, f"{quote(word)} sets no environment variable", expected="NAME=value")
    return name, value
