"""Free module names of sources, from the compiler's own `ocamldep -modules`.

The alias files of the visible packages go in with `-map`, so that the names come out as compilation units: `B.x` after
`open Tp` is `Tp__B` and not the first-party module `B` (which would be a false cycle). Many files share one process,
whose start takes as long as some 30 files.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from rebel_tools.ocaml.names import is_interface

# The answer of one process: free module names by file.
Found = dict[str, tuple[str, ...]]

# The approximate maximal and minimal number of files for one process.
MOST, FEWEST = 150, 30


class Question(NamedTuple):
    """What to ask ocamldep about the sources of one namespace.

    command: the program with its own flags, for example `("ocamldep.opt", "-ppx", "...")`.
    maps: text of each visible alias file by module name.
    opened: the alias modules that the compiler opens with `-open`.
    environ: the environment of the process; None for that of this one.
    """

    command: tuple[str, ...]
    maps: Mapping[str, str]
    opened: tuple[str, ...]
    environ: Mapping[str, str] | None = None


class Batch(NamedTuple):
    """Files for one process.

    convert: the files that `converter` first converts to syntax trees.
    trees: the paths of the trees, which are kept, and which ocamldep reads instead of files; other trees are temporary.
    """

    question: Question
    files: tuple[str, ...]
    converter: tuple[str, ...] = ()
    convert: tuple[str, ...] = ()
    trees: Mapping[str, str] = MappingProxyType({})


def batch_size(files: int, jobs: int) -> int:
    """The approximate number of files for one process, out of `files`, if `jobs` processes run at once."""
    return min(MOST, max(FEWEST, -(-files // jobs)))


def batches(
    question: Question,
    files: Iterable[str],
    size: int,
    converter: tuple[str, ...] = (),
    trees: Mapping[str, str] = MappingProxyType({}),
    current: Collection[str] = (),
) -> list[Batch]:
    """`files` in equal portions of about `size` for one process each; Reason sources in `current` need no new trees."""
    every = tuple(files)
    number = min(len(every), max(1, round(len(every) / size)))
    portions = [every[len(every) * i // number : len(every) * (i + 1) // number] for i in range(number)]
    return [
        Batch(question, rows, converter, tuple(s for s in rows if converter and s not in current), trees)
        for rows in portions
    ]


def free_modules(work: Sequence[Batch], jobs: int, cwd: str) -> list[dict[str, tuple[str, ...]]]:
    """Free module names by file, for each batch.

    A file that does not parse is left out: its compilation reports why.
    """
    folder = tempfile.mkdtemp(prefix="ocamldep-")
    try:
        map_files: dict[int, list[str]] = {}
        for batch in work:
            key = id(batch.question.maps)
            if key not in map_files:
                map_files[key] = _write_maps(os.path.join(folder, str(len(map_files))), batch.question.maps)
        return _in_parallel(lambda b: _run(b, map_files[id(b.question.maps)], folder, cwd), work, jobs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_parallel(function: Callable[[Batch], Found], work: Sequence[Batch], jobs: int) -> list[Found]:
    if len(work) == 1 or jobs < 2:
        return list(map(function, work))
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        return list(pool.map(function, work))


def _write_maps(folder: str, maps: Mapping[str, str]) -> list[str]:
    os.mkdir(folder)
    paths = []
    for name, text in maps.items():
        path = os.path.join(folder, name + ".ml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        paths.append(path)
    return paths


def _run(batch: Batch, map_files: Sequence[str], folder: str, cwd: str) -> dict[str, tuple[str, ...]]:
    trees = _make_trees(batch, folder, cwd)
    command = [*batch.question.command, "-modules"]
    for path in map_files:
        command += ["-map", path]
    for name in batch.question.opened:
        command += ["-open", name]
    for path in batch.files:
        command += ["-intf" if is_interface(path) else "-impl", trees.get(path, path)]
    # A syntax error is reported by the compiler, with its excerpt, so ocamldep's copy of it is not shown.
    quiet = subprocess.DEVNULL
    done = subprocess.run(
        command, cwd=cwd, env=batch.question.environ, check=False, stdout=subprocess.PIPE, stderr=quiet
    )
    sources = {trees.get(source, source): source for source in batch.files}
    found = parse(done.stdout.decode("utf-8", "surrogateescape"), sources)
    answer = {sources.get(name, name): modules for name, modules in found.items()}
    if done.returncode != 0:  # an empty answer may now mean a syntax error as well
        answer = {name: modules for name, modules in answer.items() if modules}
    return answer


def _make_trees(batch: Batch, folder: str, cwd: str) -> Mapping[str, str]:
    """Make the trees of all files to convert; one that cannot be converted has none, and its build reports why."""
    if not batch.converter:
        return {}
    temporary = os.path.join(folder, str(id(batch)))
    trees = {source: batch.trees.get(source, f"{temporary}.{n}") for n, source in enumerate(batch.files)}
    for path in {os.path.dirname(os.path.join(cwd, tree)) for tree in trees.values()}:
        os.makedirs(path, exist_ok=True)
    command = [*batch.converter, *(word for source in batch.convert for word in (source, "-o", trees[source]))]
    if batch.convert:
        subprocess.run(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return trees


def parse(text: str, files: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The output of `ocamldep -modules` for `files`: a line `file: A B C` for each file that it can parse.

    It puts a backslash before spaces of a name and leaves everything else unchanged. So a name with line breaks, one of
    whose lines may look like an answer about another file, is searched as a whole, and first.
    """
    answer: dict[str, tuple[str, ...]] = {}
    rest = f"\n{text}"
    for name in sorted((file for file in files if "\n" in file), key=len, reverse=True):
        before, found, after = rest.partition(f"\n{name}:".replace(" ", "\\ "))
        if found:
            modules, _, after = after.partition("\n")
            answer[name], rest = tuple(modules.split()), f"{before}\n{after}"
    rows = (line.rpartition(":") for line in rest.split("\n") if line)
    return {**{name.replace("\\ ", " "): tuple(modules.split()) for name, _, modules in rows}, **answer}
