"""C and C++ of a package: the settings in `rebel.stubs`, and the files that they select."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence

from rebel_tools.nearest import did_you_mean
from rebel_tools.project.document import Path
from rebel_tools.project.files import Files
from rebel_tools.project.model import COMMAND, Rule, Stubs
from rebel_tools.project.reading import check_file
from rebel_tools.project.selection import Selection
from rebel_tools.project.specs import Manifest
from rebel_tools.text import quote

C = (".c",)
CXX = (".cc", ".cpp", ".cxx", ".c++", ".C")
ASSEMBLER = (".S", ".s")
SOURCES = (*C, *CXX, *ASSEMBLER)
HEADERS = (".h", ".hh", ".hpp", ".hxx", ".inc", ".def", ".tbl")

_KEYS: Path = ("rebel", "stubs")


def stubs_of(manifest: Manifest, root: str, consulted: set[str], rules: Sequence[Rule]) -> Stubs:
    """The stubs of the package in `root`. rules: rules whose targets may be stubs, too.

    Errors: ProjectError for a pattern that selects nothing, and for a source that is not C, C++ or assembler.
    """
    said = manifest.stubs
    if said is None:
        return Stubs()
    files = Files(manifest.document, root, consulted)
    made = [path for rule in rules if rule.kind == COMMAND for path in rule.targets]
    sources = files.selected(said.sources, (*_KEYS, "sources"), made)
    _check(manifest, said.sources, sources)
    _check_names(manifest, said.sources, sources)
    files.selected(said.headers, (*_KEYS, "headers"), made)
    own, flags = _own_folders(said.flags)
    headers = tuple(dict.fromkeys(_folders(root, said.headers)))
    _check_headers(root, {*own, *headers, *(posixpath.dirname(path) or "." for path in sources)})
    return Stubs(
        sources=tuple(path for path in sources if path.endswith(SOURCES)),
        headers=headers,
        folders=own,
        made_folders=tuple(dict.fromkeys(posixpath.dirname(path) or "." for path in made if path.endswith(HEADERS))),
        flags=flags,
        pkg_config=said.pkg_config,
        libraries=said.libraries,
    )


def _check(manifest: Manifest, patterns: Sequence[str], files: Sequence[str]) -> None:
    """Check that a pattern selects code, and that a file which is named by its path is code."""
    for index, pattern in enumerate(patterns):
        selection = Selection([pattern])
        if not pattern.startswith("!") and not any(selection.takes(path) and path.endswith(SOURCES) for path in files):
            raise manifest.document.error(
                (*_KEYS, "sources", index),
                f"{quote(pattern)} is not a C or C++ source",
                expected=f"files with {', '.join(SOURCES)}",
                hint=did_you_mean(pattern, [path for path in files if path.endswith(SOURCES)])
                or "headers need not be listed; `headers` is for those that other packages include",
            )


def _check_names(manifest: Manifest, patterns: Sequence[str], sources: Sequence[str]) -> None:
    """A compiler would take a name that begins with a dash for an option."""
    odd = next((path for path in sources if path.startswith("-")), None)
    if odd:
        index = next((at for at, pattern in enumerate(patterns) if Selection([pattern]).takes(odd)), 0)
        message = f"the name {quote(odd)} begins with a dash, as options do"
        raise manifest.document.error((*_KEYS, "sources", index), message, hint="rename the file")


def _check_headers(root: str, folders: Iterable[str]) -> None:
    """Check that all is a file which `#include` can find in these folders or below. Errors: ProjectError."""
    for folder in folders:
        selection = Selection([folder])
        for top, inner, names in os.walk(os.path.join(root, folder)):
            below = posixpath.normpath(os.path.relpath(top, root).replace(os.sep, "/"))
            inner[:] = [name for name in inner if selection.enters(posixpath.normpath(f"{below}/{name}"))]
            for name in names:
                check_file(os.path.join(top, name))


def _folders(root: str, patterns: Sequence[str]) -> Iterator[str]:
    """The folders in which `#include` finds headers that are given as folders, files or patterns."""
    for pattern in (pattern for pattern in patterns if not pattern.startswith("!")):
        path = posixpath.normpath(pattern)
        if os.path.isdir(os.path.join(root, path)):
            yield path
        else:
            (folder,) = Selection([path]).folders
            yield (posixpath.dirname(path) or ".") if folder == path else folder


def _own_folders(flags: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The folders of the package that `-I` names, and the other flags."""
    folders: list[str] = []
    others: list[str] = []
    words = iter(flags)
    for word in words:
        folder = next(words, "") if word == "-I" else word[2:] if word.startswith("-I") else ""
        if folder:
            folders.append(posixpath.normpath(folder))
        else:
            others.append(word)
    return tuple(folders), tuple(others)
