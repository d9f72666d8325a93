"""HTML documentation of sources, made by odoc from the .cmti and .cmt files of compilations."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence

from rebel_tools.errors import Place, RebelError
from rebel_tools.memory.atomic import read_regular, write_atomically
from rebel_tools.outputs.library import libraries_of
from rebel_tools.outputs.naming import naming, top_level
from rebel_tools.outputs.places import Places
from rebel_tools.project.model import Package, Target

FOLDER = "_doc"
"""A folder below the output folder; no target can have this name."""

_STATE = ".rebel-tools.doc"


def make_documentation(places: Places, odoc: str) -> str:
    """Make the pages that are missing; return the path of the first page. Errors: RebelError with odoc's output."""
    folder = os.path.join(places.build, FOLDER)
    pages = os.path.join(folder, "html")
    files = [path for package, target in _packages(places) for path in _annotations(places, package, target)]
    asked = _digest(odoc, files)
    state = os.path.join(folder, _STATE)
    if read_regular(state) != asked.encode() or not os.path.isdir(pages):
        _remove(folder)
        _make(odoc, files, folder, pages)
        write_atomically(state, asked.encode())
    return os.path.join(pages, "index.html")


def _remove(folder: str) -> None:
    """Remove earlier pages, so that nothing is written through a link, and none is left of a removed module."""
    if os.path.islink(os.path.dirname(folder)):
        raise RebelError("the output folder is a symbolic link", place=Place(os.path.dirname(folder)))
    if os.path.islink(folder):
        os.unlink(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _packages(places: Places) -> list[tuple[Package, Target]]:
    """All packages of the default targets, each with a target that it is built for."""
    project = places.project
    found = {package.name: (package, target) for package, target in libraries_of(project)}
    for target in project.default_targets:
        own = project.package_of(target)
        for package in (*project.closure(own), own):
            found.setdefault(package.name, (package, target))
    return list(found.values())


def _annotations(places: Places, package: Package, target: Target) -> list[tuple[str, str]]:
    """(name of the package, path of the .cmti, or of the .cmt without an interface) for each unit."""
    own = places.project.package_of(target) is package and not target.is_library
    home = places.folder(places.group(target).home)
    folder = os.path.join(home, "src") if own else places.units(package, target)
    names = naming(top_level(package, target) if own else package)
    units = [names.namespace, names.face, *(names.unit(source.module) for source in package.sources)]
    found = []
    for unit in dict.fromkeys(filter(None, units)):
        paths = (os.path.join(folder, unit + ending) for ending in (".cmti", ".cmt"))
        found += [(package.name, path) for path in paths if os.path.isfile(path)][:1]
    return found


def _digest(odoc: str, files: Sequence[tuple[str, str]]) -> str:
    found = hashlib.blake2b(json.dumps([odoc, os.stat(odoc).st_mtime_ns, files]).encode(), digest_size=16)
    for _, path in files:
        found.update(hashlib.blake2b(read_regular(path) or b"").digest())
    return found.hexdigest()


def _make(odoc: str, files: Sequence[tuple[str, str]], folder: str, pages: str) -> None:
    compiled = [os.path.join(folder, "odoc", package, _base(path) + ".odoc") for package, path in files]
    includes = [word for each in dict.fromkeys(map(os.path.dirname, compiled)) for word in ("-I", each)]
    os.makedirs(pages, exist_ok=True)
    by_unit = {_base(path): (package, path, made) for (package, path), made in zip(files, compiled)}
    for unit in _in_order(odoc, by_unit):
        package, path, made = by_unit[unit]
        os.makedirs(os.path.dirname(made), exist_ok=True)
        _run(odoc, "compile", "--package", package.rpartition("/")[2], *includes, "-o", made, path)
    for made in compiled:
        linked = made[: -len(".odoc")] + ".odocl"
        _run(odoc, "link", *includes, "-o", linked, made)
        _run(odoc, "html-generate", "-o", pages, linked)
    _run(odoc, "support-files", "-o", pages)
    names = sorted({package.rpartition("/")[2] for package, _ in files})
    _write_index(
        os.path.join(pages, "index.html"), [name for name in names if os.path.isdir(os.path.join(pages, name))], pages
    )


def _base(path: str) -> str:
    return os.path.basename(path).partition(".")[0]


def _in_order(odoc: str, units: dict[str, tuple[str, str, str]]) -> list[str]:
    """Each unit after those that it refers to, as reported by `odoc compile-deps`."""
    needs = {}
    for unit, (_, path, _) in units.items():
        said = _run(odoc, "compile-deps", path)
        names = (line.split()[0] for line in said.splitlines() if line.strip())
        needs[unit] = [name for name in names if name in units and name != unit]
    done: dict[str, None] = {}
    for start in units:
        todo = [start]
        while todo:
            missing = [name for name in needs[todo[-1]] if name not in done and name not in todo]
            if missing:
                todo.append(missing[0])
            else:
                done[todo.pop()] = None
    return list(done)


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        details = (done.stderr or done.stdout).splitlines()
        raise RebelError(f"odoc {words[1]} failed", place=Place(words[-1]), details=details[:20])
    return done.stdout


def _write_index(path: str, packages: Sequence[str], pages: str) -> None:
    from html import escape
    from urllib.parse import quote

    rows = []
    for package in packages:
        for module in sorted(os.listdir(os.path.join(pages, package))):
            if os.path.isfile(os.path.join(pages, package, module, "index.html")) and "__" not in module:
                where = quote(f"{package}/{module}/index.html")
                rows.append(f'<li><a href="{where}">{escape(package)}: {escape(module)}</a></li>')
    head = '<!DOCTYPE html><meta charset="utf-8"><title>Documentation</title><link rel="stylesheet" href="odoc.css">'
    write_atomically(path, f"{head}<ul>{''.join(rows)}</ul>\n".encode())
