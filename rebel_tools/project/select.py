"""Modules whose source depends on which libraries are installed: `rebel.select`."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator
from typing import NamedTuple

from rebel_tools.nearest import did_you_mean
from rebel_tools.project.document import Path
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.model import Source
from rebel_tools.project.selection import Selection
from rebel_tools.project.sources import KINDS, module_of
from rebel_tools.project.specs import Choice, Manifest
from rebel_tools.text import quote


class Chosen(NamedTuple):
    """The sources that were selected, and the libraries that they need."""

    sources: tuple[Source, ...] = ()
    libraries: tuple[str, ...] = ()


def names_in(manifest: Manifest) -> Iterator[str]:
    """The libraries that conditions name."""
    for _, choices in manifest.select:
        for choice in choices:
            yield from choice.wanted


def patterns_of(manifest: Manifest) -> tuple[str, ...]:
    """The sources of a package without the alternatives."""
    others = (choice.source for _, choices in manifest.select for choice in choices)
    return (*manifest.sources, *(f"!{posixpath.normpath(path)}" for path in dict.fromkeys(others)))


def choose(manifest: Manifest, root: str, has: Callable[[str], bool], consulted: set[str]) -> Chosen:
    """The sources of the package in `root`. has: whether a library is installed.

    Errors: ProjectError if no condition holds, and for files that do not exist or cannot be such a source.
    """
    found = [_Select(manifest, root, path, choices, consulted) for path, choices in manifest.select]
    chosen = [(each, each.choice(has)) for each in found]
    return Chosen(
        tuple(each.source(choice) for each, choice in chosen),
        tuple(dict.fromkeys(name for _, choice in chosen for name in choice.wanted)),
    )


class _Select(NamedTuple):
    """One file with alternatives."""

    manifest: Manifest
    root: str
    path: str
    choices: tuple[Choice, ...]
    consulted: set[str]

    @property
    def keys(self) -> Path:
        return ("rebel", "select", self.path)

    def choice(self, has: Callable[[str], bool]) -> Choice:
        """The first alternative whose condition holds. Errors: ProjectError."""
        self._check()
        for choice in self.choices:
            if all(map(has, choice.wanted)) and not any(map(has, choice.unwanted)):
                return choice
        wanted = dict.fromkeys(name for choice in self.choices for name in choice.wanted)
        missing = [name for name in wanted if not has(name)]
        raise self.manifest.document.error(
            self.keys,
            f"no source of {quote(self.path)} can be selected",
            key=True,
            expected='a last source without "if", or one whose condition holds',
            hint=f"install {' or '.join(missing)}" if missing else None,
        )

    def source(self, choice: Choice) -> Source:
        path = posixpath.normpath(self.path)
        stem, _, kind = posixpath.basename(path).rpartition(".")
        return Source(posixpath.normpath(choice.source), module_of(stem, os.path.join(self.root, path)), kind)

    def _check(self) -> None:
        kind = self.path.rpartition(".")[2]
        if kind not in KINDS or not Selection(self.manifest.sources).takes(posixpath.normpath(self.path)):
            raise self._error(
                (), f"{quote(self.path)} would not be a source", "an .ml, .mli, .re or .rei among `sources`"
            )
        if os.path.lexists(os.path.join(self.root, self.path)):
            raise self._error((), f"{quote(self.path)} exists, so it cannot be selected", "one of the two")
        for index, choice in enumerate(self.choices):
            self._check_file(choice.source, (index, "source"), kind)

    def _check_file(self, source: str, keys: Path, kind: str) -> None:
        path = os.path.join(self.root, source)
        self.consulted.add(path)
        suffix = source.rpartition(".")[2]
        is_other = kind == "ml" and suffix not in KINDS  # x.ml.lwt, as in older dune projects: only OCaml reads it
        if suffix != kind and not is_other:
            raise self._error(keys, f"{quote(source)} cannot be {quote(self.path)}", f"a file that ends in .{kind}")
        if not os.path.isfile(path):
            folder = os.path.dirname(path)
            there = os.listdir(folder) if os.path.isdir(folder) else ()
            near = did_you_mean(source, [posixpath.join(posixpath.dirname(source), name) for name in there])
            raise self._error(keys, f"{quote(source)} does not exist", "a file of this package", near)

    def _error(self, keys: Path, message: str, expected: str, hint: str | None = None) -> ProjectError:
        where = (*self.keys, *keys)
        return self.manifest.document.error(where, message, key=not keys, expected=expected, hint=hint)
