"""`--build-dir`: an output folder instead of `_build`, so that sources need not be writable.

Like `_build`, it belongs to rebel: unknown files in it may be removed, and `scons -c` removes all of it. So it must be
new, empty, or from an earlier build of the same project, which is recorded in a file in it.
"""

from __future__ import annotations

import os

from rebel_tools.errors import Place, RebelError
from rebel_tools.memory.atomic import read_regular, write_atomically
from rebel_tools.project.model import Project
from rebel_tools.scons.compat import database, top_folder, use_database
from rebel_tools.scons.interactive import option
from rebel_tools.scons.options import Option, value
from rebel_tools.sconstruct import BUILD_ENVIRON, BUILD_FOLDER, BUILD_OPTION

MARK = ".rebel-tools.build"

# The folders of projects outside the folder of the SConstruct are below it; no target can have this name.
_INNER = ".projects"


OPTION = Option(
    BUILD_OPTION,
    "build_dir",
    f"the output folder for OCaml, instead of {BUILD_FOLDER}; or set the environment variable {BUILD_ENVIRON}",
    metavar="DIR",
)


def chosen() -> str:
    """The real path of the folder that the user has named, '' for none."""
    given = value(OPTION) or os.environ.get(BUILD_ENVIRON)
    return os.path.realpath(os.path.join(top_folder(), given)) if given else ""


def folder_of(root: str) -> str:
    """The absolute path of the output folder of the project in the folder `root`."""
    elsewhere = chosen()
    if not elsewhere:
        return os.path.join(root, BUILD_FOLDER)
    inner = os.path.relpath(root, top_folder())
    return elsewhere if inner == "." else os.path.join(elsewhere, _INNER, inner.replace("..", "__"))


def from_here(path: str) -> str:
    """A path relative to the folder of the SConstruct, or absolute if it is outside that, as SCons expects it."""
    found = os.path.relpath(path, top_folder())
    elsewhere = chosen()
    outside = elsewhere and f"{path}{os.sep}".startswith(f"{elsewhere}{os.sep}") and found.startswith("..")
    return path if outside else found.replace(os.sep, "/")


def check(project: Project) -> None:
    """Errors: RebelError if the folder cannot be an output folder."""
    folder = chosen()
    if not folder:
        _check_link(os.path.join(project.root.root, BUILD_FOLDER))
        return
    place = Place(folder)
    among = next((p for p in project.packages if p.has_place_for(os.path.join(folder, "x.ml"))), None)
    if among:
        message = f"this cannot be the output folder: it is among the sources of the package {among.name}"
        raise RebelError(message, place=place, expected=f"with {BUILD_OPTION}, a folder outside all source folders")
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RebelError(f"the output folder cannot be used: {error.strerror}", place=place) from None
    owner = os.fsdecode(read_regular(os.path.join(folder, MARK)) or b"").strip()
    if names and not owner:
        message = "this cannot be the output folder: it contains files that are not from a build"
        raise RebelError(message, place=place, expected=f"with {BUILD_OPTION}, a new or an empty folder")
    if owner and owner != top_folder() and os.path.isdir(owner):
        message = f"this is the output folder of another project, {owner}"
        raise RebelError(message, place=place, expected=f"with {BUILD_OPTION}, a separate folder for each project")


def _check_link(folder: str) -> None:
    """A link may come with the sources and lead anywhere."""
    if os.path.islink(folder):
        message = "the output folder is a symbolic link, through which nothing is written"
        raise RebelError(message, place=Place(folder), hint=f"remove it; for outputs elsewhere, use {BUILD_OPTION}=DIR")


def claim() -> None:
    """Record the owner of the folder, and put SCons' database into it. The folder exists and is locked."""
    folder = chosen()
    if not folder:
        return
    mark = os.path.join(folder, MARK)
    text = os.fsencode(top_folder()) + b"\n"
    if read_regular(mark) != text:
        write_atomically(mark, text)


def keep_notes() -> None:
    """Put SCons' database into the folder, unless the SConstruct has chosen another place."""
    folder = chosen()
    looks = any(map(option, ("no_exec", "question", "help", "clean")))
    if folder and database() is None and os.path.isdir(folder) and not looks:
        use_database(os.path.join(folder, ".sconsign"))
