"""The input root of a command as a Merkle tree: a folder is named by the digest of its contents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rebel_tools.remote.messages import Digest, digest_of
from rebel_tools.remote.wire import encoded


class Input(NamedTuple):
    """The contents and the mode of a file."""

    digest: Digest
    is_executable: bool = False


class Tree(NamedTuple):
    """root: the digest of the outermost folder. folders: the encoded messages of all folders, by digest."""

    root: Digest
    folders: Mapping[Digest, bytes]


class _Folder:
    def __init__(self) -> None:
        self.files: dict[str, Input] = {}
        self.folders: dict[str, _Folder] = {}

    def below(self, parts: Iterable[str]) -> _Folder:
        found = self
        for part in parts:
            found = found.folders.setdefault(part, _Folder())
        return found


def merkle_tree(files: Mapping[str, Input], folders: Iterable[str] = ()) -> Tree:
    """files: by their paths below the root. folders: those that have to exist even if they are empty.

    Errors: UnicodeEncodeError for names that are not valid text.
    """
    root = _Folder()
    for path, file in files.items():
        *above, name = path.split("/")
        root.below(above).files[name] = file
    for path in folders:
        root.below(part for part in path.split("/") if part)
    found: dict[Digest, bytes] = {}
    return Tree(_encode(root, found), found)


def _encode(folder: _Folder, found: dict[Digest, bytes]) -> Digest:
    """Names are sorted by their bytes, as the API requires."""
    names = sorted(folder.folders, key=str.encode)
    inner = [(2, encoded((1, name), (2, _encode(folder.folders[name], found).encode()))) for name in names]
    files = [(1, _file(name, folder.files[name])) for name in sorted(folder.files, key=str.encode)]
    data = encoded(*files, *inner)
    digest = digest_of(data)
    found[digest] = data
    return digest


def _file(name: str, file: Input) -> bytes:
    return encoded((1, name), (2, file.digest.encode()), (4, file.is_executable))
