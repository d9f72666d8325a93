"""What a build tells editors about its sources: for each scope the folders and flags with which merlin understands it.

A build writes it to a file in its output folder; `rebel ocaml-merlin` answers from that file, without SCons.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from rebel_tools.memory.atomic import read_regular, write_atomically

FILE = ".rebel-tools.editors.json"
FORMAT = 1


class Area(NamedTuple):
    """One scope. Paths are absolute.

    units: source -> the unit that it is compiled to.
    sources, builds: folders of sources and of .cmi and .cmt files, also those of the scopes that it uses.
    flags: of the compiler.
    """

    units: Mapping[str, str]
    sources: tuple[str, ...]
    builds: tuple[str, ...]
    flags: tuple[str, ...]


def save(path: str, areas: Iterable[Area], top: str) -> None:
    """Write the file, unless it says the same already; what lies below `top` moves with it. Errors: OSError."""
    folder = os.path.dirname(path)

    def placed(file: str) -> str:
        return os.path.relpath(file, folder) if file.startswith(os.path.join(top, "")) else file

    data = {"format": FORMAT, "areas": [_moved(area, placed)._asdict() for area in areas]}
    text = json.dumps(data, indent=1, ensure_ascii=False).encode("utf-8", "surrogateescape")
    if read_regular(path) != text:
        os.makedirs(folder, exist_ok=True)
        write_atomically(path, text)


def load(path: str) -> list[Area] | None:
    """What a file says; None for one that is missing, damaged or of another version."""
    try:
        data: Any = json.loads((read_regular(path) or b"").decode("utf-8", "surrogateescape"))
        if data["format"] != FORMAT:
            return None
        areas = [Area(**{name: row[name] for name in Area._fields}) for row in data["areas"]]
        folder = os.path.dirname(path)
        return [_moved(area, lambda file: os.path.normpath(os.path.join(folder, file))) for area in areas]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _moved(area: Area, place: Callable[[str], str]) -> Area:
    units = {place(path): str(unit) for path, unit in area.units.items()}
    return Area(units, tuple(map(place, area.sources)), tuple(map(place, area.builds)), tuple(map(str, area.flags)))


def files(folder: str) -> Iterator[str]:
    """The files that builds of the projects in `folder`, and of those around it, may have left, nearest first."""
    while True:
        yield os.path.join(folder, FILE)  # of an SConstruct with builders of the tool `ocaml`
        output = os.path.join(folder, "_build")
        with contextlib.suppress(OSError):
            for target in sorted(os.listdir(output)):
                yield os.path.join(output, target, FILE)
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def area_of(source: str, areas: Iterable[Area]) -> Area | None:
    """The scope of a source, or the one that a new file beside its sources will belong to."""
    real = os.path.realpath(source)
    folder = os.path.dirname(real)
    beside = None
    for area in areas:
        for path in area.units:
            if path == source or os.path.realpath(path) == real:
                return area
            if beside is None and os.path.dirname(os.path.realpath(path)) == folder:
                beside = area
    return beside


def unit_of(source: str, area: Area) -> str:
    """The unit that a source is compiled to, '' for one that no build has seen."""
    real = os.path.realpath(source)
    return next((unit for path, unit in area.units.items() if path == source or os.path.realpath(path) == real), "")
