"""The data of a build for editors: for each scope, the folders and flags that merlin needs.

A build writes it to a file in its output folder; `rebel ocaml-merlin` answers from that file, without SCons.
"""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rebel_tools.memory.atomic import read_regular, write_atomically
from rebel_tools.memory.json_file import read_json
from rebel_tools.sconstruct import build_folder, is_of_this_user

FILE = ".rebel-tools.editors.json"
FORMAT = 2

_PACKAGES = f"{os.sep}node_modules{os.sep}"


class Area(NamedTuple):
    """One scope. Paths are absolute.

    units: source -> the unit that it is compiled to.
    build: the folder of its .cmi and .cmt files. installed: other folders that the compiler searches.
    flags: of the compiler.
    uses: the scopes whose modules are visible in it, as positions in the list that contains both.
    """

    units: Mapping[str, str]
    build: str
    installed: tuple[str, ...]
    flags: tuple[str, ...]
    uses: tuple[int, ...]

    @property
    def sources(self) -> Iterable[str]:
        """The folders of its sources."""
        return dict.fromkeys(map(os.path.dirname, self.units))


def save(path: str, areas: Iterable[Area], top: str) -> None:
    """Write the file, unless it is unchanged; paths below `top` are stored relative to it. Errors: OSError."""
    folder = os.path.dirname(path)

    def placed(file: str) -> str:
        return os.path.relpath(file, folder) if file.startswith(os.path.join(top, "")) else file

    data = {"format": FORMAT, "areas": [_moved(area, placed)._asdict() for area in areas]}
    text = json.dumps(data, indent=1, ensure_ascii=False).encode("utf-8", "surrogateescape")
    if read_regular(path) != text:
        os.makedirs(folder, exist_ok=True)
        write_atomically(path, text)


def load(path: str) -> list[Area] | None:
    """The contents of a file; None for one that is missing, damaged, of another version or of another user.

    Flags can name programs (`-ppx`) that an editor runs.
    """
    try:
        data: Any = read_json(path)
        if data["format"] != FORMAT or not is_of_this_user(path):
            return None
        areas = [Area(**{name: row[name] for name in Area._fields}) for row in data["areas"]]
        folder = os.path.dirname(path)
        return [_moved(area, lambda file: os.path.normpath(os.path.join(folder, file))) for area in areas]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _moved(area: Area, place: Callable[[str], str]) -> Area:
    units = {place(path): str(unit) for path, unit in area.units.items()}
    installed, flags = tuple(map(place, area.installed)), tuple(map(str, area.flags))
    return Area(units, place(area.build), installed, flags, tuple(map(int, area.uses)))


def visible(area: Area, areas: Sequence[Area]) -> list[Area]:
    """A scope and those that it uses, in the order in which the compiler searches them."""
    return [area, *(areas[position] for position in area.uses if 0 <= position < len(areas))]


def files(folder: str) -> Iterator[str]:
    """The possible files of builds of the projects in `folder` and its parent folders, nearest first.

    Files below node_modules are not used: a package could make editors run its programs.
    """
    folder = os.path.join(folder, "").partition(_PACKAGES)[0].rstrip(os.sep) or os.sep
    while True:
        yield os.path.join(folder, FILE)  # files of an SConstruct with builders of the tool `ocaml`
        output = glob.escape(os.path.join(folder, build_folder((), os.environ)))
        for inside in ("*", "*/*", "@*/*/*"):  # files of targets, also of members of a workspace
            yield from sorted(glob.glob(os.path.join(output, inside, FILE)))
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def area_of(source: str, areas: Sequence[Area]) -> Area | None:
    """The scope of a source, or the one that a new file beside its sources will belong to."""
    for area in areas:
        if source in area.units:
            return area
    real = os.path.realpath(source)
    folder = os.path.dirname(real)
    beside = None
    for area in areas:
        for path in area.units:
            if os.path.realpath(path) == real:
                return area
            if beside is None and os.path.dirname(os.path.realpath(path)) == folder:
                beside = area
    return beside


def unit_of(source: str, area: Area) -> str:
    """The unit that a source is compiled to, '' for an unknown source."""
    if source in area.units:
        return area.units[source]
    real = os.path.realpath(source)
    return next((unit for path, unit in area.units.items() if os.path.realpath(path) == real), "")
