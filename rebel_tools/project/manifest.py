"""What one package.json says: the schema of the key `rebel`, checked, as plain data.

docs/packages.md is the reference of these keys for users.
"""

from __future__ import annotations

import os
import shlex
from typing import NamedTuple

from rebel_tools.nearest import did_you_mean
from rebel_tools.project.document import TYPE_NAMES, Document, quoted
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.model import ENGINES, Flags
from rebel_tools.project.names import is_module, is_package, package_module, target_module

REBEL_KEYS = ("targets", "ocamlfindDependencies", "publicModule", "module", "flags")
TARGET_KEYS = ("target", "engine", "entry", "unstable_flags")
TARGET_FLAGS = ("dep", "compile", "link", "jsoo", "envvars")
PACKAGE_FLAGS = ("dep", "compile", "link")


class TargetSpec(NamedTuple):
    """A target as it is written; `entry` is None when package.json leaves it out, `keys` is where it stands."""

    name: str
    engine: str
    entry: str | None
    unstable_flags: Flags
    keys: tuple


class Manifest(NamedTuple):
    """One package.json. `has_rebel` tells a package of ours from any other npm package, whose rest is empty then."""

    document: Document
    name: str
    module: str
    has_rebel: bool
    targets: tuple[TargetSpec, ...]
    ocamlfind: tuple[str, ...]
    dependencies: tuple[str, ...]
    public_module: bool
    flags: Flags
    warnings: tuple[str, ...]


def read_manifest(document: Document, default_name: str, is_root: bool = False) -> Manifest:
    """The manifest in `document`; `default_name` counts when the file has no `name`.

    The root package is one of ours even without the key `rebel`: all its settings have defaults.
    Unknown keys under `rebel` are errors, but only warnings in what lies in a node_modules folder: users cannot
    mend those files.
    """
    reader = _Reader(document)
    top = reader.get((), dict, {})
    name = reader.get(("name",), str, default_name)
    ours = "rebel" in top or is_root
    if not ours:
        return Manifest(document, name, "", False, (), (), (), False, Flags(), ())
    reader.get(("rebel",), dict, {})
    reader.known_keys(("rebel",), REBEL_KEYS)
    return Manifest(
        document=document,
        name=name if is_root and "name" not in top else _checked_name(reader, name, is_root),
        module=_module(reader, name, is_root),
        has_rebel=True,
        targets=_targets(reader) if is_root else (),
        ocamlfind=reader.names(("rebel", "ocamlfindDependencies")),
        dependencies=_dependencies(reader),
        public_module=reader.get(("rebel", "publicModule"), bool, False),
        flags=_flags(reader, ("rebel", "flags"), PACKAGE_FLAGS),
        warnings=tuple(reader.warnings),
    )


class _Reader:
    """Typed access to a document by paths of keys; what is wrong becomes an error at that key."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.warnings: list[str] = []
        self.strict = "node_modules" not in os.path.dirname(document.path).split(os.sep)

    def get(self, keys: tuple, kind, default):
        """The value at `keys`, `default` where the last key is missing; an error when it is no `kind`."""
        value = self.document.value
        for key in keys:
            if isinstance(value, dict) and key not in value:
                return default
            value = value[key]
        if not isinstance(value, kind):
            raise self.wrong_type(keys, TYPE_NAMES[kind])
        return value

    def wrong_type(self, keys: tuple, expected: str) -> ProjectError:
        message = f"{quoted(keys)} is not {expected}" if keys else f"the file is not {expected}"
        return ProjectError(message, place=self.document.place(*keys), expected=expected)

    def error(self, keys: tuple, message: str, **details) -> ProjectError:
        return ProjectError(message, place=self.document.place(*keys), **details)

    def known_keys(self, keys: tuple, known: tuple[str, ...]) -> None:
        """Complain about a key of the object at `keys` that is not in `known`; "//" is a comment, as in npm."""
        for key in self.get(keys, dict, {}):
            if key in known or key == "//":
                continue
            error = ProjectError(
                f"unknown key {quoted((*keys, key))}",
                place=self.document.key_place(*keys, key),
                expected=" or ".join(known),
                hint=did_you_mean(key, known),
            )
            if self.strict:
                raise error
            self.warnings.append(f"{error.place}: {error.message} is ignored")

    def names(self, keys: tuple) -> tuple[str, ...]:
        """A list of strings, or an object whose keys count."""
        if self._is_a(keys, dict):
            return tuple(self.get(keys, dict, {}))
        value = self.get(keys, list, [])
        for index, name in enumerate(value):
            if not isinstance(name, str) or not name.strip():
                raise self.wrong_type((*keys, index), "a name")
        return tuple(dict.fromkeys(value))

    def words(self, keys: tuple) -> tuple[str, ...]:
        """Words of a command line: a string that is split as a shell does, or a list of words."""
        if self._is_a(keys, list):
            value = self.get(keys, list, [])
            for index in range(len(value)):
                self.get((*keys, index), str, "")
            return tuple(value)
        try:
            return tuple(shlex.split(self.get(keys, str, "")))
        except ValueError as error:
            raise self.error(keys, f"{quoted(keys)}: {str(error).lower()}", hint="close the quotation mark") from None

    def _is_a(self, keys: tuple, kind) -> bool:
        value = self.document.value
        for key in keys:
            if isinstance(value, dict) and key not in value:
                return False
            value = value[key]
        return isinstance(value, kind)


def _checked_name(reader: _Reader, name: str, is_root: bool) -> str:
    if not is_package(name):
        raise reader.error(
            ("name",),
            f'"{name}" cannot be the name of a package',
            expected="letters, digits, -, _ and . with an optional @scope/ before them",
        )
    if name == "src" and not is_root:
        raise reader.error(
            ("name",),
            "a package cannot be called src",
            expected="another name: _build/<target>/src belongs to the root package",
        )
    return name


def _module(reader: _Reader, name: str, is_root: bool) -> str:
    given = reader.get(("rebel", "module"), str, None)
    if given is not None and not is_module(given):
        raise reader.error(
            ("rebel", "module"),
            f'"{given}" cannot be the name of a module',
            expected="letters, digits, _ and ', starting with an upper-case letter",
        )
    module = given or package_module(name)
    if not is_module(module) and not is_root:  # nobody can name the root package, so that its module does not matter
        raise reader.error(
            ("name",),
            f'the name "{name}" gives the module {module}, which OCaml does not allow',
            hint='choose one: "rebel": {"module": "Name"}',
        )
    return module


def _dependencies(reader: _Reader) -> tuple[str, ...]:
    names = tuple(reader.get(("dependencies",), dict, {}))
    for name in names:
        if not is_package(name):
            place = reader.document.key_place("dependencies", name)
            raise ProjectError(f'"{name}" cannot be the name of a package', place=place)
    return names


def _flags(reader: _Reader, keys: tuple, known: tuple[str, ...]) -> Flags:
    reader.known_keys(keys, known)
    given = {key: reader.words((*keys, key)) for key in known if key in reader.get(keys, dict, {})}
    if "envvars" in given:
        given["envvars"] = tuple(_variable(reader, (*keys, "envvars"), word) for word in given["envvars"])
    return Flags(**given)


def _variable(reader: _Reader, keys: tuple, word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals or not name:
        raise reader.error(keys, f'"{word}" sets no environment variable', expected="NAME=value")
    return name, value


def _targets(reader: _Reader) -> tuple[TargetSpec, ...]:
    keys = ("rebel", "targets")
    given = reader.get(keys, list, None)
    if given is None:
        return (TargetSpec("default", "native", None, Flags(), keys),)
    targets = tuple(_target(reader, (*keys, index)) for index in range(len(given)))
    first: dict[str, TargetSpec] = {}
    for target in targets:
        other = first.setdefault(target_module(target.name).lower(), target)
        if other is not target:
            line = reader.document.place(*other.keys, "target").line
            raise reader.error(
                (*target.keys, "target"),
                f'the target "{target.name}" is there twice',
                expected="one name per target, different when case and - do not count",
                hint=f'"{other.name}" at line {line} is the other one',
            )
    return targets


def _target(reader: _Reader, keys: tuple) -> TargetSpec:
    reader.get(keys, dict, {})
    reader.known_keys(keys, TARGET_KEYS)
    name = reader.get((*keys, "target"), str, "default")
    if "/" in name or not is_package(name) or not is_module(target_module(name)):
        raise reader.error(
            (*keys, "target"),
            f'"{name}" cannot be the name of a target',
            expected="letters, digits, -, _ and ., starting with a letter",
        )
    engine = reader.get((*keys, "engine"), str, "native")
    if engine not in ENGINES:
        raise reader.error(
            (*keys, "engine"),
            f'unknown engine "{engine}"',
            expected=" or ".join(ENGINES),
            hint=did_you_mean(engine, ENGINES),
        )
    entry = reader.get((*keys, "entry"), str, None)
    return TargetSpec(name, engine, entry, _flags(reader, (*keys, "unstable_flags"), TARGET_FLAGS), keys)
