"""Formats sources with ocamlformat and refmt, or checks whether they are formatted."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

from rebel_tools import tools
from rebel_tools.errors import Place, RebelError
from rebel_tools.memory.atomic import first_link, read_regular, write_atomically
from rebel_tools.project.model import Package, Project

_REASON = ("re", "rei")


def format_sources(project: Project, only_look: bool) -> list[str]:
    """Format all sources that are not generated; return the paths of those that were not formatted.

    Errors: MissingTool; RebelError for a source that a formatter rejects, and for one that is behind a link.
    """
    changed = []
    for root, name in sorted({*_sources(project)}):
        path, link = os.path.join(root, name), first_link(root, name)
        before = read_regular(path)
        after = _formatted(path, project)
        if before == after:
            continue
        if not only_look:
            if link:
                raise RebelError("this is a link, and rebel does not write through links", place=Place(link))
            mode = os.stat(path).st_mode & 0o777
            write_atomically(path, after)
            os.chmod(path, mode)
        changed.append(os.path.relpath(path))
    return changed


def _sources(project: Project) -> Iterator[tuple[str, str]]:
    """The folder of the package, and the path in it, of each source that is a file."""
    for package in project.packages:
        if not _is_installed(package, project):
            yield from ((package.root, source.path) for source in package.sources if not _is_made(source.path, package))


def _is_made(path: str, package: Package) -> bool:
    """Whether a rule makes a source; a source that a preprocessor reads is not generated."""
    return not os.path.isfile(os.path.join(package.root, path))


def _is_installed(package: Package, project: Project) -> bool:
    below = os.path.relpath(package.root, project.folder)
    return below.startswith("..") or "node_modules" in below.split(os.sep)


def _formatted(path: str, project: Project) -> bytes:
    if path.rpartition(".")[2] in _REASON:
        command = [tools.require("refmt", root=project.folder), path]
    else:
        command = [tools.require("ocamlformat", root=project.folder), path]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        details = done.stderr.decode("utf-8", "replace").splitlines()[:20]
        raise RebelError(f"{os.path.basename(command[0])} rejects this source", place=Place(path), details=details)
    return done.stdout
