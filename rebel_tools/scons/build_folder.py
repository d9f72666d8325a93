"""`--build-dir`: a folder for everything that is made, in place of `_build`, so that sources need not be writable.

It is ours as `_build` is: what is unknown in it may be removed, and `scons -c` removes all of it. So it has to be new,
empty, or that of an earlier build of the same project, which a file in it tells.
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

# Below it are the folders of projects that are not in the folder of the SConstruct; no target is called so.
_INNER = ".projects"


OPTION = Option(
    BUILD_OPTION,
    "build_dir",
    f"the folder for all that is built of OCaml, in place of {BUILD_FOLDER}; or the environment variable "
    f"{BUILD_ENVIRON}",
    metavar="DIR",
)


def chosen() -> str:
    """The real path of the folder that the user has named, '' for none."""
    given = value(OPTION) or os.environ.get(BUILD_ENVIRON)
    return os.path.realpath(os.path.join(top_folder(), given)) if given else ""


def folder_of(root: str) -> str:
    """The absolute path of the folder for what is made of the project in the folder `root`."""
    elsewhere = chosen()
    if not elsewhere:
        return os.path.join(root, BUILD_FOLDER)
    inner = os.path.relpath(root, top_folder())
    return elsewhere if inner == "." else os.path.join(elsewhere, _INNER, inner.replace("..", "__"))


def from_here(path: str) -> str:
    """A path as seen from the folder of the SConstruct; SCons knows what lies outside of it by absolute paths."""
    found = os.path.relpath(path, top_folder())
    elsewhere = chosen()
    outside = elsewhere and f"{path}{os.sep}".startswith(f"{elsewhere}{os.sep}") and found.startswith("..")
    return path if outside else found.replace(os.sep, "/")


def check(project: Project) -> None:
    """Errors: RebelError where the folder cannot be that of a build."""
    folder = chosen()
    if not folder:
        return
    place = Place(folder)
    among = next((p for p in project.packages if p.has_place_for(os.path.join(folder, "x.ml"))), None)
    if among:
        message = f"this cannot be the folder for what is built: it lies among the sources of the package {among.name}"
        raise RebelError(message, place=place, expected=f"with {BUILD_OPTION}, a folder apart from all sources")
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RebelError(f"the folder for what is built cannot be used: {error.strerror}", place=place) from None
    owner = os.fsdecode(read_regular(os.path.join(folder, MARK)) or b"").strip()
    if names and not owner:
        message = "this cannot be the folder for what is built: there are files in it that are none of a build"
        raise RebelError(message, place=place, expected=f"with {BUILD_OPTION}, a new or an empty folder")
    if owner and owner != top_folder() and os.path.isdir(owner):
        message = f"this is the folder for what is built of another project, {owner}"
        raise RebelError(message, place=place, expected=f"with {BUILD_OPTION}, a folder for each project")


def claim() -> None:
    """Note whose the folder is, and have SCons keep its own notes in it, too. It is there, and nobody else builds."""
    folder = chosen()
    if not folder:
        return
    mark = os.path.join(folder, MARK)
    text = os.fsencode(top_folder()) + b"\n"
    if read_regular(mark) != text:
        write_atomically(mark, text)


def keep_notes() -> None:
    """Let SCons keep its database in the folder, unless the SConstruct has said where it is."""
    folder = chosen()
    looks = any(map(option, ("no_exec", "question", "help", "clean")))
    if folder and database() is None and os.path.isdir(folder) and not looks:
        use_database(os.path.join(folder, ".sconsign"))
