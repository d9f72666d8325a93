"""Whole builds: what the last build of a project has left in `_build`, to begin with where there is no such folder.

A seed holds what a build remembers (see `memory/`): the state of each group of targets, in which each step says what
its result is called in the cache, and what was looked at and told. From it the folder is made as that build left it,
and whatever comes next decides about it as about any earlier build: by digests. When all that the manifest knew is the
same by its contents, there is nothing else to do, and that is known before scons is loaded.

A seed is a pack. `about` is a `Seed` as a list, the pieces are the states and then the other files.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Optional

from rebel_tools.cache import results
from rebel_tools.cache.pack import Pack, packed, unpacked
from rebel_tools.cache.store import Store
from rebel_tools.memory.atomic import read_regular, write_atomically
from rebel_tools.memory.digests import text_digest
from rebel_tools.memory.disk import content_digest
from rebel_tools.memory.manifest import NAME as MANIFEST
from rebel_tools.memory.manifest import Written, manifest
from rebel_tools.memory.stamp import Stamp, is_settled, stamp
from rebel_tools.memory.state_file import NAME as STATE
from rebel_tools.memory.state_file import Contents, contents_of, whole
from rebel_tools.memory.up_to_date import Told, remember

KIND = "seeds"
FORMAT = "rebel-tools seed 1"

# The seeds of so many folders with the same project are kept.
MOST = 4

FILE, FOLDER = "file", "folder"

# The one file that builds write beside sources.
EDITORS = ".merlin"

# What a path inside of the project was: nothing, or FILE or FOLDER and a digest of its contents or of the names in it.
Seen = Optional[list[str]]


class Group(NamedTuple):
    """The targets that share a state. folder: where it lies, from the root; identity, answers: those of the manifest.

    steps: the paths that the manifest holds as those of steps.
    """

    folder: str
    identity: str
    answers: dict[str, str]
    steps: list[str]


class Seed(NamedTuple):
    """root: the folder of the project. build: `_build`. is_movable: whether results do not depend on the root.

    inside, outside: what the manifests hold of other paths than those of steps; the latter are absolute.
    files: the paths of small files that belong to a build. told: what a build says that has nothing to do.
    """

    format: str
    root: str
    build: str
    is_movable: bool
    groups: list[Group]
    inside: dict[str, Seen]
    outside: dict[str, Stamp]
    files: list[str]
    told: Told


def key(asked: str) -> str:
    """What seeds of the project in the current folder are called. asked: what a build of it depends on, without files.

    Errors: OSError, ValueError where there is no package.json with a name.
    """
    with open("package.json", encoding="utf-8") as file:
        name = json.load(file)["name"]
    return text_digest(FORMAT, asked, str(name))


# Keeping one


def keep(
    store: Store,
    asked: str,
    build: str,
    manifests: Mapping[str, Written],
    told: Told,
    is_movable: bool,
    made: Collection[str] = (),
) -> None:
    """Keep what a build in the current folder has left.

    manifests: by their folders, from there. made: the paths of small files that it writes beside the sources.
    """
    try:
        name = f"{key(asked)}-{text_digest(os.getcwd())}"
    except (OSError, ValueError, LookupError, TypeError):
        return
    groups = [Group(at, each.identity, dict(each.answers), list(each.steps)) for at, each in manifests.items()]
    others = {path: known for each in manifests.values() for path, known in each.others.items()}
    inside, outside, files = _others(others, build, made)
    pieces = [read_regular(path) for path in (*(os.path.join(at, STATE) for at in manifests), *files)]
    found = [each for each in pieces if each is not None]
    if len(found) == len(pieces):
        told_here = os.fsencode(os.getcwd()) in b"".join(found[len(groups) :])
        seed = Seed(FORMAT, os.getcwd(), build, is_movable and not told_here, groups, inside, outside, files, told)
        store.make_room(KIND, name.partition("-")[0], MOST)
        store.put(KIND, name, packed(Pack(seed, found)))


def _others(
    others: Mapping[str, Stamp], build: str, made: Collection[str]
) -> tuple[dict[str, Seen], dict[str, Stamp], list[str]]:
    """What a manifest holds of paths inside of the project, and of those outside, and the files of the build itself."""
    inside: dict[str, Seen] = {}
    outside: dict[str, Stamp] = {}
    files = []
    for path, known in others.items():
        place = _inside(path, os.getcwd())
        if place is None:
            outside[path] = known
        elif place.startswith(f"{build}/") or place in made:
            files += [place] if os.path.basename(place) != STATE else []
        else:
            inside[place] = _seen(place)
    return inside, outside, files


def _inside(path: str, root: str) -> str | None:
    """A path from the root, None for one that lies elsewhere."""
    if path == root or not os.path.isabs(path):
        return "." if path == root else path
    return path[len(root) + 1 :] if path.startswith(f"{root}/") else None


def _seen(path: str) -> Seen:
    if os.path.isdir(path):
        return [FOLDER, text_digest(*sorted(os.listdir(path)))]
    try:
        return [FILE, content_digest(path)]
    except OSError:
        return None


# Beginning with one


def are_there(store: Store, asked: str) -> bool:
    return bool(_names(store, asked))


def _names(store: Store, asked: str) -> list[str]:
    """The names of all seeds of the project, that of this folder first."""
    try:
        names = store.names(KIND, f"{key(asked)}-")
    except (OSError, ValueError, LookupError, TypeError):
        return []
    own = text_digest(os.getcwd())
    return sorted(names, key=lambda each: not each.endswith(own))


def begin(store: Store, asked: str, build: str, can_move: bool) -> Seed | None:
    """Make the folder `build`, which is there and empty, as a build of the same project has left it.

    can_move: whether results can be those of another folder, as far as this one is concerned.
    Returns the seed when that is all that there is to do; the next build finds what it would have found after that one.
    Errors: OSError.
    """
    for name in _names(store, asked):
        found = _read(store, name)
        if found is not None and found[0].build == build:
            return _Sown(store, *found).finish(can_move)
    return None


def _read(store: Store, name: str) -> tuple[Seed, Sequence[bytes]] | None:
    data = store.get(KIND, name)
    if data is None:
        return None
    pack = unpacked(data)
    if pack is None:
        store.discard(KIND, name)
        return None
    if pack.about[0] != FORMAT:
        return None
    seed = Seed(*pack.about)
    seed = seed._replace(groups=[Group(*each) for each in seed.groups], told=Told(*seed.told))
    folders = all(_is_below(f"{group.folder}/", seed.build) for group in seed.groups)
    beside = [path for path in seed.files if not _is_below(path, seed.build)]
    files = all(os.path.basename(path) == EDITORS and _is_below(f"./{path}", ".") for path in beside)
    return (seed, [bytes(piece) for piece in pack.pieces]) if folders and files else None


def _is_below(path: str, folder: str) -> bool:
    """Whether a path leads into a folder: nothing is written elsewhere."""
    return path.startswith(f"{folder}/") and ".." not in path.split("/")


class _Sown:
    """A seed in the current folder, of which all that can be had is written."""

    def __init__(self, store: Store, seed: Seed, pieces: Sequence[bytes]) -> None:
        self.store = store
        self.seed = seed
        self.is_same_root = seed.root == os.getcwd()
        self.started = time.time_ns()
        self.is_whole = True
        self.states = [self._sow(group, state) for group, state in zip(seed.groups, pieces)]
        for path, data in zip(seed.files, pieces[len(seed.groups) :]):
            there = None if _is_below(path, seed.build) else read_regular(path)
            self.is_whole &= there in (None, data)  # one beside the sources may have lines of the user
            if there is None:
                write_atomically(path, data)

    def _sow(self, group: Group, state: bytes) -> Contents:
        """The state of a group with the files as they are here."""
        contents, _ = contents_of(state)
        made: dict[str, list[Any]] = {}
        for text in contents.records.values():
            made.update(self._restored(text))
        files: dict[str, list[Any]] = {}
        for path, known in contents.files.items():
            if path in made:
                self.is_whole &= made[path][3] == known[3]
                files[path] = made[path]
            elif os.path.isabs(path) and not path.startswith(f"{self.seed.root}/"):
                files[path] = known
            elif os.path.isabs(path) and not self.is_same_root:
                self.is_whole = False  # it is a file of the other tree
            else:
                files.update(self._source(path, known))
        contents.files = files
        write_atomically(os.path.join(group.folder, STATE), whole(contents))
        return contents

    def _restored(self, record: str) -> Iterator[tuple[str, list[Any]]]:
        """Write the outputs of a step; they, and what is to be remembered of them."""
        # To read all of a record would take longer; in a text of JSON these quotes would have backslashes before them.
        name = record.partition('"entry":"')[2].partition('"')[0]
        result = results.read(self.store, name) if name else None
        if result is None:
            self.is_whole = False
            return
        for output in result.outputs:
            if not _is_below(output.path, self.seed.build):
                self.is_whole = False
                continue
            known = results.write_out(output) or []
            yield output.path, [*known, output.digest]

    def _source(self, path: str, known: list[Any]) -> Iterator[tuple[str, list[Any]]]:
        """What is remembered of a file that no step made, if its contents are what they were."""
        now = stamp(path)
        if now is not None and (now == known[:3] or (os.path.isfile(path) and content_digest(path) == known[3])):
            yield path, [now[0] if is_settled(now[0], self.started) else 0, *now[1:], known[3]]
        else:
            self.is_whole = False

    # Nothing else to do

    def finish(self, can_move: bool) -> Seed | None:
        """Let the next build see that there is nothing to do, if that is so."""
        if not self.is_whole or not self._is_in_place(can_move) or not self._are_others_the_same():
            return None
        for group, state in zip(self.seed.groups, self.states):
            steps = {path: state.files.get(path, [0])[:3] for path in group.steps}
            if not all(known[0] for known in steps.values()):
                return None
            others = {os.path.join(os.getcwd(), path): stamp(path) for path in self._looked_at(group)}
            answers = group.answers if self.is_same_root else _without(group.answers, self.seed.root)
            there = manifest(os.path.join(os.getcwd(), group.folder, MANIFEST), os.getcwd())
            there.write(group.identity, steps, {**self.seed.outside, **others}, answers)
        return self.seed

    def _looked_at(self, group: Group) -> list[str]:
        return [*self.seed.inside, *self.seed.files, os.path.join(group.folder, STATE)]

    def _is_in_place(self, can_move: bool) -> bool:
        """Whether results are the same in this folder: what is looked for above it is another thing elsewhere."""
        if self.is_same_root:
            return True
        above = [folder for folder in _above(self.seed.root) if folder != os.sep]
        kept = [f"{folder}/{name}" for folder in above for name in ("node_modules", "package.json")]
        looked = any(f"{path}/".startswith(f"{each}/") for path in self.seed.outside for each in kept)
        return can_move and self.seed.is_movable and not looked

    def _are_others_the_same(self) -> bool:
        if any(stamp(path) != known for path, known in self.seed.outside.items()):
            return False
        now = (stamp(path) for path in self.seed.inside)
        if any(each and not is_settled(each[0], self.started) for each in now):
            return False
        return all(_seen(path) == known for path, known in self.seed.inside.items())


def _without(answers: Mapping[str, str], root: str) -> dict[str, str]:
    """The answers that are about no folder."""
    return {asked: said for asked, said in answers.items() if root not in asked and root not in said}


def _above(folder: str) -> Iterator[str]:
    while folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
        yield folder


def tell_the_next(seed: Seed, asked: str) -> None:
    """Let the next build answer at once. asked: what it depends on, in this folder."""
    here = os.getcwd()
    known = {os.path.join(here, group.folder, MANIFEST): group.identity for group in seed.groups}
    remember(seed.build, asked, known, seed.told)
