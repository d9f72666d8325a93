"""Installs files below a prefix and removes them again, but only files that rebel has installed.

`share/rebel-tools/NAME.json` below the prefix lists the files that are installed under a name. A file that is in no
list belongs to somebody else, and is neither replaced nor removed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from rebel_tools.errors import Place, RebelError
from rebel_tools.memory.atomic import write_atomically
from rebel_tools.memory.json_file import read_json
from rebel_tools.ocaml.meta import FILE as META
from rebel_tools.outputs.library import Installed, Item

_LISTS = "share/rebel-tools"


class Prefix(NamedTuple):
    """A folder to install into. lib: the folder for libraries; both are absolute."""

    root: str
    lib: str

    def path(self, place: str) -> str:
        """The path of an item whose place is `lib/...`, `bin/...` or `share/...`."""
        top, _, inside = place.partition("/")
        return os.path.join(self.lib, inside) if top == "lib" else os.path.join(self.root, place)


def install(installed: Sequence[Installed], prefix: Prefix) -> None:
    """Replace what was installed under the same names. If one of the files cannot be written, nothing is changed.

    Errors: RebelError for a path that rebel did not install or that is not a file, and for a folder that is a link;
        OSError.
    """
    known = _lists(prefix)
    owners = {place: name for name, places in known.items() for place in places}
    for each in installed:
        for item in each.items:
            _check(item, each.name, owners, prefix)
    for each in installed:
        places = [item.place for item in each.items]
        before = known.get(each.name, [])
        _write_list(
            each.name, list(dict.fromkeys([*before, *places])), prefix
        )  # also if the installation is interrupted
        # META last, so that findlib sees only complete packages.
        for item in sorted(each.items, key=lambda item: item.place.endswith(f"/{META}")):
            _put(item, prefix.path(item.place))
        _remove([place for place in before if place not in places], prefix)
        _write_list(each.name, places, prefix)


def uninstall(names: Iterable[str], prefix: Prefix) -> list[str]:
    """Remove what is installed under these names; return those that were installed. Errors: RebelError for a folder
    that is a link, OSError.
    """
    known, done = _lists(prefix), []
    for name in names:
        if name in known:
            for place in known[name]:
                _check_folders(prefix.path(place), prefix)
            _remove(sorted(known[name], key=lambda place: not place.endswith(f"/{META}")), prefix)
            _remove([f"{_LISTS}/{name}.json"], prefix)
            done.append(name)
    return done


def _check(item: Item, name: str, owners: dict[str, str], prefix: Prefix) -> None:
    path = prefix.path(item.place)
    if item.source and not os.path.isfile(item.source):
        raise RebelError("a file to be installed does not exist", place=Place(item.source), hint="rebel build")
    _check_folders(path, prefix)
    owner = owners.get(item.place)
    if owner is not None and owner != name:
        message = f"rebel has installed this file for {owner}, and {name} has a file of the same name"
        raise RebelError(message, place=Place(path), hint="uninstall one of them: rebel install --remove")
    if owner is None and os.path.lexists(path):
        message = "this file already exists, and rebel has not installed it"
        raise RebelError(message, place=Place(path), hint="remove it, or choose another --prefix")
    if os.path.isdir(path) and not os.path.islink(path):
        raise RebelError("a file is to be installed here, but this is a folder", place=Place(path))


def _check_folders(path: str, prefix: Prefix) -> None:
    """Errors: RebelError when a folder below the prefix is a link, which may lead anywhere, or not a folder."""
    folder = os.path.dirname(path)
    while folder not in (prefix.root, prefix.lib, os.path.dirname(folder)):
        if os.path.islink(folder) or (os.path.lexists(folder) and not os.path.isdir(folder)):
            message = "this is a link to a folder" if os.path.islink(folder) else "this is not a folder"
            raise RebelError(message, place=Place(folder), expected="a folder to install into")
        folder = os.path.dirname(folder)


def _put(item: Item, path: str) -> None:
    """Write a new file; processes that have the old one open keep it. It gets the permissions of new files."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if item.source:
        temporary = f"{path}.{os.getpid()}"
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        shutil.copyfile(item.source, temporary)
        os.replace(temporary, path)
    else:
        write_atomically(path, item.text.encode("utf-8", "surrogateescape"))
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(path, (0o777 if item.is_program else 0o666) & ~umask)


def _remove(places: Iterable[str], prefix: Prefix) -> None:
    """Remove files, and folders that are empty afterwards."""
    folders = set()
    for path in map(prefix.path, places):
        with suppress(FileNotFoundError, IsADirectoryError, NotADirectoryError):
            os.unlink(path)
        folders.add(os.path.dirname(path))
    for folder in sorted(folders, reverse=True):  # what lies in another one comes before it
        with suppress(OSError):  # the folder is not empty
            os.rmdir(folder)


# The lists


def _lists(prefix: Prefix) -> dict[str, list[str]]:
    """What is installed: name -> places. A damaged list is ignored."""
    folder = prefix.path(_LISTS)
    _check_folders(os.path.join(folder, "x"), prefix)
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))
    except FileNotFoundError:
        return {}
    return {name[: -len(".json")]: list(_places(os.path.join(folder, name))) for name in names}


def _places(path: str) -> Iterator[str]:
    try:
        found = read_json(path)
    except ValueError:
        return
    for place in found if isinstance(found, list) else ():
        if isinstance(place, str) and ".." not in place.split("/") and place.startswith(("lib/", "bin/")):
            yield place


def _write_list(name: str, places: Sequence[str], prefix: Prefix) -> None:
    path = prefix.path(f"{_LISTS}/{name}.json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_atomically(path, (json.dumps(sorted(places), indent=1) + "\n").encode())
