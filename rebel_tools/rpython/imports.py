"""Which modules an RPython source imports, found without running it. `ast` cannot parse these sources of Python 2.

Import statements are searched for in the text, line by line, also inside functions. Text in a string that looks like an
import can add a needless dependency, but only if the program's folders have a module of that name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

_IMPORT = re.compile(r"^[ \t]*import[ \t]+(.+?)[ \t]*(?:#.*)?$", re.M)
_FROM = re.compile(r"^[ \t]*from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]+)", re.M)
_NAME = re.compile(r"[A-Za-z_]\w*")


def imported_names(text: str) -> list[tuple[int, str]]:
    """(number of leading dots, dotted name) of everything imported; a name in a `from` import need not be a module."""
    text = text.replace("\\\n", " ")
    found = []
    for line in _IMPORT.findall(text):
        for part in line.split(";")[0].split(","):
            found.append((0, part.split(" as ")[0].strip()))
    for module, names in _FROM.findall(text):
        dots = len(module) - len(module.lstrip("."))
        base = module[dots:]
        found.append((dots, base))
        for part in names.strip("()").split(","):
            name = _NAME.match(part.strip())
            if name:
                found.append((dots, f"{base}.{name.group()}" if base else name.group()))
    return [(dots, name) for dots, name in found if name or dots]


def read_depfile(text: str) -> list[str]:
    """The paths that a depfile lists after its targets. A path with a slash at its end is a folder that was listed."""
    words = re.findall(r"(?:\\[^\n]|[^\s\\])+", text.replace("\\\n", " "))
    colon = next((i for i, word in enumerate(words) if word.endswith(":")), len(words))
    return [re.sub(r"\\(.)", r"\1", word.replace("$$", "$")) for word in words[colon + 1 :]]


def bodies_in(path: str) -> set[str]:
    """The lines of a list of bodies (each a digest and a name, see `sepcomp.shared.templates`). Without such a file,
    one line that no list contains.
    """
    try:
        with open(path) as file:
            return set(file)
    except OSError:
        return {path}


def names_in(folder: str) -> list[str]:
    """The names in a folder that a program may refer to: packages, and visible files that Python does not generate."""
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError:
        return []
    return [name for name in names if _may_be_read(os.path.join(folder, name))]


def _may_be_read(path: str) -> bool:
    if os.path.isdir(path):
        return os.path.isfile(os.path.join(path, "__init__.py"))
    return not path.endswith((".pyc", ".pyo", "~"))


def candidates(dots: int, name: str, importer: str, folders: Iterable[str]) -> Iterator[str]:
    """Files that may be the module: Python 2 looks beside the importer first, then in the folders of the program."""
    here = os.path.dirname(importer)
    for _ in range(dots - 1):
        here = os.path.dirname(here)
    parts = name.split(".") if name else []
    for folder in [here] if dots else [here, *folders]:
        for count in range(1, len(parts) + 1):
            base = os.path.join(folder, *parts[:count])
            yield os.path.join(base, "__init__.py")
            yield base + ".py"
        if not parts:
            yield os.path.join(folder, "__init__.py")
