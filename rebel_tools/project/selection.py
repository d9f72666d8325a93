"""Which files of a package are its sources: the key `rebel.sources`, folders and patterns like those of .gitignore."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cached_property

DEFAULT = ("src",)

# Folders for outputs in a package's own folder: those of builds, and of the package managers opam and esy.
_MADE = ("_build", "_opam", "_esy")
_MAGIC = frozenset("*?[")


class Selection:
    """The sources that a list of patterns selects, by paths relative to the package, with `/`.

    A pattern is a path in which `*`, `?` and `[...]` stand for characters other than `/`, and `**` for any folders. It
    selects what it matches and everything below. With a `!` before it, it excludes files, whatever the order.
    Names that start with a dot, folders called node_modules, and folders for outputs are always excluded.
    """

    def __init__(self, patterns: Sequence[str] = DEFAULT) -> None:
        self.patterns = tuple(patterns)
        self._wanted = [_Pattern(pattern) for pattern in patterns if not pattern.startswith("!")]
        self._excluded = [_Pattern(pattern[1:]) for pattern in patterns if pattern.startswith("!")]

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The folders that contain the sources; none is below another one. '.' is the package itself."""
        found = {pattern.folder for pattern in self._wanted}
        return tuple(sorted(path for path in found if not any(_is_below(path, other) for other in found - {path})))

    @cached_property
    def is_simple(self) -> bool:
        """Whether everything below `folders` is selected; never for the package's own folder."""
        return not self._excluded and "." not in self.folders and all(pattern.is_plain for pattern in self._wanted)

    def takes(self, path: str) -> bool:
        """Whether a file is selected."""
        parts = path.split("/")
        return _may_count(parts) and self._is_wanted(parts) and not self._is_excluded(parts)

    def enters(self, folder: str) -> bool:
        """Whether something below a folder can be selected."""
        parts = folder.split("/")
        wanted = any(pattern.reaches(parts) for pattern in self._wanted)
        return wanted and _may_count(parts) and not self._is_excluded(parts)

    def _is_wanted(self, parts: Sequence[str]) -> bool:
        return any(pattern.matches(parts) for pattern in self._wanted)

    def _is_excluded(self, parts: Sequence[str]) -> bool:
        return any(pattern.matches(parts) for pattern in self._excluded)


class _Pattern:
    """The parts of one pattern between its slashes; none for the package itself."""

    def __init__(self, text: str) -> None:
        self.parts = [part for part in text.split("/") if part not in ("", ".")]
        self.is_plain = not any(map(_is_magic, self.parts))

    @property
    def folder(self) -> str:
        """The folder that contains everything that it can match: for a path without wildcards, that path itself."""
        fixed = next((at for at, part in enumerate(self.parts) if _is_magic(part)), len(self.parts))
        return "/".join(self.parts[:fixed]) or "."

    def matches(self, path: Sequence[str]) -> bool:
        """Whether it matches a path, or a folder that contains the path."""
        return self._follow(path)[0]

    def reaches(self, path: Sequence[str]) -> bool:
        """Whether it matches the folder, or something below it."""
        matched, states = self._follow(path)
        return matched or bool(states)

    def _follow(self, path: Sequence[str]) -> tuple[bool, set[int]]:
        """Whether all parts were matched along `path`, and which parts can follow at its end."""
        states = self._skip({0})
        for name in path:
            if len(self.parts) in states:
                return True, states
            stay = {at for at in states if self.parts[at] == "**"}
            states = self._skip(stay | {at + 1 for at in states - stay if fnmatchcase(name, self.parts[at])})
        return len(self.parts) in states, states

    def _skip(self, states: set[int]) -> set[int]:
        """`**` also stands for no folder at all."""
        found = set(states)
        for at, part in enumerate(self.parts):
            if at in found and part == "**":
                found.add(at + 1)
        return found


def is_wider(pattern: str, other: str) -> bool:
    """Whether a pattern matches a folder that contains all that the other one matches."""
    outer, inner = _Pattern(pattern), _Pattern(other)
    return len(outer.parts) < len(inner.parts) and outer.matches(inner.parts)


def _is_magic(part: str) -> bool:
    return not _MAGIC.isdisjoint(part)


def _is_below(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/")


def _may_count(parts: Sequence[str]) -> bool:
    return parts[0] not in _MADE and not any(part.startswith(".") or part == "node_modules" for part in parts)
