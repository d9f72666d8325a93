"""Split DWARF: the units in .dwo and .dwp files that complete the skeletons in a linked file.

Source: DWARF 5, sections 3.1.2 and 7.3; "DebugFission" of the GCC wiki for DWARF 4.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from rebel_tools.binary.debug_files import DebugFile, DebugFiles, read_split
from rebel_tools.binary.debug_search import homes_of
from rebel_tools.binary.dwarf_constants import At
from rebel_tools.binary.dwarf_package import Package
from rebel_tools.binary.dwarf_reader import Dwarf
from rebel_tools.binary.dwarf_unit import Unit

NAMES = (At.DWO_NAME, At.GNU_DWO_NAME)


def may_be_split(file: DebugFile) -> bool:
    """Whether an abbreviation may have DW_AT_dwo_name. This is a quick test: True can be wrong, False cannot."""
    abbrevs = file.sections.get(".debug_abbrev", b"")
    return b"\x76" in abbrevs or b"\xb0\x42" in abbrevs


class SplitUnits:
    """Completes the units of one linked file `main`."""

    def __init__(self, files: DebugFiles, main: DebugFile) -> None:
        self._files = files
        self._main = main
        self._opened: dict[str, dict[int, Unit]] = {}

    def whole(self, unit: Unit) -> Unit | None:
        """The unit itself if it is not a skeleton; else the unit that completes it, None if its file is missing.

        Errors: UnreadableBinary if all its files are of another build.
        """
        name = _name(unit)
        if name is None:
            return unit
        identity = _identity(unit)
        wrong = None
        for path in self.places(unit):
            found = self._units(path).get(identity)
            if found is not None:
                found.skeleton = unit
                return found
            wrong = wrong or path
        if wrong is not None:
            message = f"{wrong} is of another build (it has no unit with the id {identity:016x})"
            raise unit.dwarf.error(message, unit.start, "the file of this build")
        self._files.missing.append(os.path.join(_folder(unit), name))
        return None

    def places(self, unit: Unit) -> Iterator[str]:
        """The existing files that may complete a skeleton: packages, then the file that it names."""
        name = _name(unit)
        if name is None:
            return
        candidates = [*self._packages(), os.path.join(_folder(unit), name)]
        homes = [home for file in (self._main, self._files.own) for home in homes_of(file.path)]
        for home in (*homes, *self._files.path.folders):
            candidates += [os.path.join(home, name), os.path.join(home, os.path.basename(name))]
        yield from (path for path in dict.fromkeys(candidates) if os.path.isfile(path))

    def _packages(self) -> Iterator[str]:
        for path in (self._files.own.path, self._main.path):
            if path is not None:
                yield from dict.fromkeys((f"{path}.dwp", f"{os.path.realpath(path)}.dwp"))
        name = os.path.basename(self._files.own.name)
        yield from (os.path.join(folder, f"{name}.dwp") for folder in self._files.path.folders)

    def _units(self, path: str) -> dict[int, Unit]:
        """The units of a .dwo or .dwp file by identity."""
        if path not in self._opened:
            sections = read_split(path)
            package = Package(sections, self._files.byteorder, path)
            dwarf = Dwarf(sections, self._files.byteorder, path, parts=package.parts)
            self._files.at_end(dwarf.close)
            self._opened[path] = _by_identity(dwarf, package)
        return self._opened[path]


def _by_identity(dwarf: Dwarf, package: Package) -> dict[int, Unit]:
    if package.units.offsets:
        at = {unit.start: unit for unit in dwarf.units}
        return {identity: at[start] for identity, start in package.units.offsets.items() if start in at}
    return {_identity(unit): unit for unit in dwarf.units if unit.signature is None}


def _name(unit: Unit) -> str | None:
    values = unit.top.values
    return next((unit.string(values[attribute]) for attribute in NAMES if attribute in values), None)


def _folder(unit: Unit) -> str:
    return unit.string(unit.top.values.get(At.COMP_DIR)) or ""


def _identity(unit: Unit) -> int:
    return unit.dwo_id if unit.dwo_id is not None else unit.top.number(At.GNU_DWO_ID) or 0
