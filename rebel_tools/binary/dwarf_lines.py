"""The file names of a unit's line table, which DW_AT_decl_file numbers. Source: DWARF 5, section 6.2.4; DWARF 4."""

from __future__ import annotations

from rebel_tools.binary.dwarf_constants import At, Form
from rebel_tools.binary.dwarf_tables import Cursor
from rebel_tools.binary.dwarf_unit import Unit

MAX_FILES = 400_000
"""The limit for the files of all tables that are read for one library."""
PATH, DIRECTORY = 1, 2


class FileTables:
    """The tables of a library. One that several units share is read once, and the total is limited."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, int], tuple[str, ...]] = {}
        self._left = MAX_FILES

    def of(self, unit: Unit) -> tuple[str, ...]:
        """Paths by number, as they were given to the compiler; those relative to its working folder stay relative."""
        unit = unit.skeleton or unit
        start = unit.top.number(At.STMT_LIST, None)
        if start is None or ".debug_line" not in unit.dwarf.sections:
            return ()
        start += unit.parts.line
        key = unit.dwarf, start
        if key not in self._known:
            self._known[key] = _read(unit, start)
            self._left -= len(self._known[key])
            if self._left < 0:
                raise unit.dwarf.error(".debug_line: too many files", start, f"at most {MAX_FILES}")
        return self._known[key]


def _read(unit: Unit, start: int) -> tuple[str, ...]:
    cursor = Cursor(unit.dwarf, ".debug_line", start)
    offset_size = 4
    if cursor.number(4) == 0xFFFFFFFF:
        offset_size = 8
        cursor.number(8)
    version = cursor.number(2)
    if version >= 5:
        cursor.number(2)
    cursor.number(offset_size)  # header_length: the tables follow anyway
    cursor.at += 5 if version >= 4 else 4
    opcodes = cursor.number(1)
    cursor.at += max(opcodes - 1, 0)  # standard_opcode_lengths
    return _modern(cursor, unit, offset_size) if version >= 5 else _old(cursor)


def _old(cursor: Cursor) -> tuple[str, ...]:
    folders = [""]
    while folder := _text(cursor):
        folders.append(folder)
    files = [""]
    while name := _text(cursor):
        index = cursor.uleb()
        cursor.uleb()  # the time of the last change
        cursor.uleb()  # the size
        files.append(_join(folders, index, name))
    return tuple(files)


def _modern(cursor: Cursor, unit: Unit, offset_size: int) -> tuple[str, ...]:
    folders = ["", *(name for name, _ in _entries(cursor, unit, offset_size)[1:])]  # the first is the working folder
    return tuple(_join(folders, folder, name) for name, folder in _entries(cursor, unit, offset_size))


def _entries(cursor: Cursor, unit: Unit, offset_size: int) -> list[tuple[str, int]]:
    formats = [(cursor.uleb(), cursor.uleb()) for _ in range(cursor.number(1))]
    count = cursor.uleb()
    if count > MAX_FILES or (count and not formats):
        raise unit.dwarf.error(f".debug_line: {count} files", cursor.at, f"at most {MAX_FILES}")
    entries = []
    for _ in range(count):
        row = {content: _value(cursor, unit, form, offset_size) for content, form in formats}
        folder = row.get(DIRECTORY)
        entries.append((str(row.get(PATH, "")), folder if isinstance(folder, int) else 0))
    return entries


def _value(cursor: Cursor, unit: Unit, form: int, offset_size: int) -> str | int | None:
    if form == Form.STRING:
        return _text(cursor)
    if form in (Form.LINE_STRP, Form.STRP):
        return unit.string((form, cursor.number(offset_size)))
    if form == Form.UDATA:
        return cursor.uleb()
    if form == Form.BLOCK:
        length = cursor.uleb()
        cursor.at += length
        return None
    size = {Form.DATA1: 1, Form.DATA2: 2, Form.DATA4: 4, Form.DATA8: 8, Form.DATA16: 16}.get(form)
    if size is None:
        raise unit.dwarf.error(f".debug_line: the form {form:#x} is unknown", cursor.at, "a form of DWARF 5")
    return cursor.number(size)


def _text(cursor: Cursor) -> str:
    end = cursor.data.find(b"\0", cursor.at, cursor.at + 4096)
    if end < 0:
        raise cursor.dwarf.error(".debug_line: a name has no end", cursor.at, "a NUL byte")
    text = cursor.data[cursor.at : end].decode("utf-8", "surrogateescape")
    cursor.at = end + 1
    return text


def _join(folders: list[str], index: int, name: str) -> str:
    folder = folders[index] if index < len(folders) else ""
    return name if not folder or name.startswith("/") else f"{folder}/{name}"
