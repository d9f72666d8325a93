"""A random project on disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from random_project import Project

SUFFIXES = (".ml", ".mli", ".re", ".rei", ".mll", ".mly", ".txt", ".sh", ".c", ".h", ".json")
"""Suffixes of sources; the names of records of a build begin with a dot."""


def write(project: Project, folder: Path) -> None:
    """Update the sources in `folder` to those of the project, writing and removing only what differs."""
    wanted, links = project.files(), project.links()
    if not project.extra:
        shutil.rmtree(folder / "packages" / "extra", ignore_errors=True)  # including the files for editors
    for path in sources_in(folder):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() and links.get(name) != os.readlink(path) or not path.is_symlink() and name not in wanted:
            path.unlink()
    for name, contents in wanted.items():
        path, data = folder / name, contents.encode() if isinstance(contents, str) else contents
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    for name, target in links.items():
        path = folder / name
        if not path.is_symlink():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(target)


def sources_in(folder: Path) -> list[Path]:
    """The files that `write` may have written there, including links."""
    found = []
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if (top, name) != (str(folder), "_build")]
        every = (Path(top, name) for name in (*names, *folders) if not name.startswith("."))
        found += [path for path in every if path.is_symlink() or path.name == "SConstruct" or path.suffix in SUFFIXES]
    return [path for path in found if path.is_symlink() or path.is_file()]
