"""Seeds: what the last build of a project left in `_build`, from which a missing `_build` is restored.

A seed holds the records of a build (see `memory/`): the state of each group of targets, in which each step has the key
of its result in the cache, the files that were looked at, and the messages. The folder is restored from it, and the
build that follows uses it like the folder of any earlier build and compares digests. If all files in the manifests
have the same contents, there is nothing to do, and SCons need not be loaded to find that out.

A seed is a pack. `about` is a `Seed` as a list, the pieces are the states and then the other files.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Optional

from rebel_tools.cache import results
from rebel_tools.cache.pack import Pack, packed, unpacked
from rebel_tools.cache.store import Store
from rebel_tools.memory.atomic import read_regular, write_atomically
from rebel_tools.memory.disk import content_digest
from rebel_tools.memory.hashes import text_digest
from rebel_tools.memory.json_file import read_json
from rebel_tools.memory.manifest import NAME as MANIFEST
from rebel_tools.memory.manifest import Written, manifest
from rebel_tools.memory.stamp import Stamp, is_settled, stamp
from rebel_tools.memory.state_file import NAME as STATE
from rebel_tools.memory.state_file import Contents, contents_of, whole
from rebel_tools.memory.up_to_date import Summary, remember

KIND = "seeds"
FORMAT = "rebel-tools seed 1"

# For how many folders with the same project seeds are kept.
MOST = 4

FILE, FOLDER = "file", "folder"

# The only file that builds write beside sources.
EDITORS = ".merlin"

# What a path inside the project was: absent, or FILE or FOLDER with a digest of its contents or of the names in it.
Seen = Optional[list[str]]


class Group(NamedTuple):
    """Targets that share a state. folder: where it is, from the root; identity, answers: those of the manifest.

    steps: the paths that the manifest lists as files of steps.
    """

    folder: str
    identity: str
    answers: dict[str, str]
    steps: list[str]


class Seed(NamedTuple):
    """The records of one build.

    root: the folder of the project. build: `_build`. is_movable: whether the results do not depend on the root.

    inside, outside: the other paths in the manifests, inside and outside the project; the latter are absolute.
    files: the paths of small files that belong to a build. summary: what a build that has nothing to do prints.
    """

    format: str
    root: str
    build: str
    is_movable: bool
    groups: list[Group]
    inside: dict[str, Seen]
    outside: dict[str, Stamp]
    files: list[str]
    summary: Summary


def key(asked: str) -> str:
    """The name of seeds of the project in the current folder. asked: what a build of it depends on, apart from files.

    Errors: OSError, ValueError where there is no package.json with a name.
    """
    return text_digest(FORMAT, asked, str(read_json("package.json")["name"]))


# Storing a seed


def keep(
    store: Store,
    asked: str,
    build: str,
    manifests: Mapping[str, Written],
    summary: Summary,
    is_movable: bool,
    made: Collection[str] = (),
) -> None:
    """Store the outcome of the build in the current folder.

    manifests: by their folders, relative to it. made: the paths of small files that it writes beside the sources.
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
        names_root = os.fsencode(os.getcwd()) in b"".join(found[len(groups) :])
        seed = Seed(FORMAT, os.getcwd(), build, is_movable and not names_root, groups, inside, outside, files, summary)
        store.make_room(KIND, name.partition("-")[0], MOST)
        store.put(KIND, name, packed(Pack(seed, found)))


def _others(
    others: Mapping[str, Stamp], build: str, made: Collection[str]
) -> tuple[dict[str, Seen], dict[str, Stamp], list[str]]:
    """The paths in a manifest that are inside the project, outside it, and files of the build itself."""
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
    """A path relative to the root; None for one outside it."""
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


# Starting from a seed


def are_there(store: Store, asked: str) -> bool:
    """Whether there are seeds of the project in the current folder."""
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
    """Fill the folder `build`, which exists and is empty, as a build of the same project has left it.

    can_move: whether this folder allows results of another folder.
    Returns the seed if there is nothing else to do; the next build then finds the same as after the build of the seed.
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
    seed = seed._replace(groups=[Group(*each) for each in seed.groups], summary=Summary(*seed.summary))
    folders = all(_is_below(f"{group.folder}/", seed.build) for group in seed.groups)
    beside = [path for path in seed.files if not _is_below(path, seed.build)]
    files = all(os.path.basename(path) == EDITORS and _is_below(f"./{path}", ".") for path in beside)
    return (seed, [bytes(piece) for piece in pack.pieces]) if folders and files else None


def _is_below(path: str, folder: str) -> bool:
    """Whether a path leads into a folder; nothing is written elsewhere."""
    return path.startswith(f"{folder}/") and ".." not in path.split("/")


class _Sown:
    """A seed that is being restored in the current folder, as far as its results are available."""

    def __init__(self, store: Store, seed: Seed, pieces: Sequence[bytes]) -> None:
        self.store = store
        self.seed = seed
        self.is_same_root = seed.root == os.getcwd()
        self.started = time.time_ns()
        self.is_whole = True
        self.states = [self._sow(group, state) for group, state in zip(seed.groups, pieces)]
        for path, data in zip(seed.files, pieces[len(seed.groups) :]):
            there = None if _is_below(path, seed.build) else read_regular(path)
            self.is_whole &= there in (None, data)  # the user may have added lines to a file beside the sources
            if there is None:
                write_atomically(path, data)

    def _sow(self, group: Group, state: bytes) -> Contents:
        """The state of a group, adapted to the files of this folder."""
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
                self.is_whole = False  # it is a file of the other folder
            else:
                files.update(self._source(path, known))
        contents.files = files
        write_atomically(os.path.join(group.folder, STATE), whole(contents))
        return contents

    def _restored(self, record: str) -> Iterator[tuple[str, list[Any]]]:
        """Write the outputs of a step; yield each with its remembered digest."""
        # Parsing the whole record would take longer; inside a JSON string these quotes would be escaped.
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
        """The remembered digest of a file that no step made, if its contents are unchanged."""
        now = stamp(path)
        if now is not None and (now == known[:3] or (os.path.isfile(path) and content_digest(path) == known[3])):
            yield path, [now[0] if is_settled(now[0], self.started) else 0, *now[1:], known[3]]
        else:
            self.is_whole = False

    # Nothing else to do

    def finish(self, can_move: bool) -> Seed | None:
        """If there is nothing left to do, write the manifests with which the next build finds that out."""
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
        """Whether results are valid in this folder: files that are looked up in its parent folders may differ."""
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
    """The answers that do not depend on a folder."""
    return {asked: said for asked, said in answers.items() if root not in asked and root not in said}


def _above(folder: str) -> Iterator[str]:
    while folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
        yield folder


def record_as_built(seed: Seed, asked: str) -> None:
    """Record that this folder is up to date, for the next build. asked: its question, in this folder."""
    here = os.getcwd()
    known = {os.path.join(here, group.folder, MANIFEST): group.identity for group in seed.groups}
    remember(seed.build, asked, known, seed.summary)
