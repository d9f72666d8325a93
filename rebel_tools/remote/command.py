"""A command before it runs, and the key of its result: the digest of an Action of the Remote Execution API."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from rebel_tools.remote.files import FileDigests
from rebel_tools.remote.messages import Action, Command, Digest, digest_of
from rebel_tools.remote.tree import Input, Tree, merkle_tree
from rebel_tools.sandbox.model import Declared, is_below
from rebel_tools.sandbox.toolchain import SYSTEM

_FORMAT = "rebel-tools command 3"  # changed whenever the meaning of keys changes

# The folder of the project in the input root. A worker may mount its toolchain over folders of the root, such as lib.
_PROJECT = "project"

_SHELL = frozenset(";|&<>()$`\n*?[]#~!{}")  # characters that may need a shell
# These options replace the project's folder in outputs, so the folder that they name is left out of the key.
_MAPS = re.compile(r"-f(?:file|debug|macro)-prefix-map=")
# An absolute path that is a word, or follows an option such as -I or --sysroot=.
_PATH = re.compile(r"^(?:-{1,2}\w[\w-]*=|-[A-Za-z]|[A-Z]=|@)?(/[^:,]*)")
# In compressed sections, the name of the project's folder cannot be found by a search.
_HIDES = re.compile(r"-gz|compress-debug-sections")


class NotShared(Exception):
    """The result of a command is neither stored nor looked up; the text says why, for people."""


class Key(NamedTuple):
    """digest: of the action; action, command: the encoded messages."""

    digest: Digest
    action: bytes
    command: bytes


class Asked:
    """A command before it runs.

    words: its arguments, see `words_of`; variables: its whole environment; folder: its working directory.
    program: the file whose contents identify it, if it is not the first word. appends: whether it may read targets that
    exist already. moved: absolute folders -> where a worker finds them, relative to the project; on the command line,
    paths in them are written like that. toolchain: folders that workers have besides those of the system.
    Errors: NotShared.
    """

    def __init__(
        self,
        declared: Declared,
        words: Sequence[str],
        variables: Mapping[str, str],
        folder: str,
        files: FileDigests,
        platform: Mapping[str, str],
        program: str = "",
        appends: bool = True,
        moved: Mapping[str, str] = MappingProxyType({}),
        toolchain: Sequence[str] = (),
    ) -> None:
        self.declared = declared
        self.root = declared.root
        self.target = declared.target
        self.missed = ""  # why a result was found but does not hold for this machine
        self._moved = sorted(moved.items(), reverse=True)  # inner folders first
        self._toolchain = (*SYSTEM, "/dev", declared.root, *toolchain)
        self.words = [self._there(word) for word in words]
        self.variables = variables
        self._program = shutil.which(program or self.words[0], path=variables.get("PATH", os.defpath))
        self.folder = self._relative(folder, "it runs outside the project")
        self.platform = platform
        self.outputs = {self._output(path): path for path in declared.outputs}
        if not self.outputs or declared.output_folders:
            raise NotShared("it makes a folder" if declared.output_folders else "it makes no files")
        self.inside: dict[str, Input] = {}
        self.outside: dict[str, Input] = {}
        self.inputs: list[tuple[str, Input]] = []
        for path in _files(declared, appends):
            found = files.input(path)
            if found is None:
                continue
            self.inputs.append((path, found))
            there = self._there(path)
            if there != path or is_below(path, [self.root]):
                self.inside[os.path.relpath(path, self.root) if there == path else there] = found
            else:
                self.outside[path] = found
        folders = {os.path.dirname(os.path.relpath(path, self.root)) for path in declared.outputs}
        try:
            files_there = {os.path.normpath(f"{_PROJECT}/{path}"): found for path, found in self.inside.items()}
            self.tree: Tree = merkle_tree(files_there, {f"{_PROJECT}/{each}" for each in (*folders, self.folder)})
            identity = files.input(self._program) if self._program else None
            self.program = identity.digest.hash if identity else ""
            self.is_bound = any(self.root in text for text in (*self._unmapped(), *variables.values()))
            self.free, self.bound = self._key(""), self._key(self.root)
        except UnicodeEncodeError:
            raise NotShared("one of its file names is not valid text") from None

    @property
    def program_name(self) -> str:
        """The name of its program; '' for a command of a shell, which can be anything."""
        is_of_shell = self.words[1:2] == ["-c"] and self._program and self._program.endswith("sh")
        return "" if is_of_shell else os.path.basename(self._program or self.words[0])

    def named_words(self) -> list[str]:
        """The words of the command line, including those in response files outside the project."""
        return [*self._key_words(), *(word for text in self.named_files.values() for word in text.split())]

    def _key_words(self) -> list[str]:
        words = (word.replace(self.root, "", 1) if self._is_map(word) else word for word in self.words)
        return ["@" if word in self.named_files else word for word in words]

    def why_only_here(self) -> str:
        """Why a machine with only the input root and a toolchain cannot run it; '' if it can."""
        if self.is_bound or any(map(self._is_map, self.words)):
            return "its command line or its environment contains the path of the project"
        if self.named_files:
            return "its command line is in a response file outside the project"
        parts = (part for word in self.words for part in (word, *word.split()))
        named = (path for part in parts for path in _PATH.findall(part) if os.path.exists(path))
        strange = [path for path in (*sorted(self.outside), self._program, *named) if path and self._is_strange(path)]
        return f"{strange[0]} belongs neither to the project nor to the system" if strange else ""

    def _is_strange(self, path: str) -> bool:
        return os.path.isabs(path) and path != os.sep and not is_below(path, self._toolchain)

    def _there(self, path: str) -> str:
        """Where a worker finds a path, if it is in a folder that is moved."""
        for folder, place in self._moved:
            if is_below(path, [folder]):
                return os.path.normpath(place + path[len(folder) :])
        return path

    def mentions_folder(self, data: bytes) -> bool:
        """Whether an output or a message of the command contains the path of the project."""
        return os.fsencode(self.root) in data

    @cached_property
    def hides_folder(self) -> bool:
        return any(map(_HIDES.search, self.words))

    @cached_property
    def named_files(self) -> dict[str, str]:
        """The response files (`@FILE`) that SCons writes for long command lines, outside the project: word -> text."""
        return {word: _contents(word[1:]) for word in self.words if word.startswith("@") and os.path.isabs(word[1:])}

    def _relative(self, path: str, complaint: str) -> str:
        if not is_below(path, [self.root]):
            raise NotShared(complaint)
        found = os.path.relpath(path, self.root)
        return "" if found == os.curdir else found

    def _output(self, path: str) -> str:
        """The path of a target, relative to the working directory of the command."""
        within = self._relative(path, "it makes a file outside the project")
        if self.folder and not within.startswith(self.folder + "/"):
            raise NotShared("it makes a file outside its working directory")
        return within[len(self.folder) + 1 :] if self.folder else within

    def _unmapped(self) -> Iterator[str]:
        yield from (word for word in self.words if not self._is_map(word))
        yield from self.named_files.values()

    def _is_map(self, word: str) -> bool:
        found = _MAPS.match(word)
        return bool(found and word[found.end() :].startswith(self.root + "="))

    def _key(self, root: str) -> Key:
        """The key of a result that is valid in the folder `root`; if that is '', in any folder."""
        folder = os.path.join(_PROJECT, self.folder).rstrip("/")
        command = Command(self._key_words(), self.variables, list(self.outputs), folder, self.platform).encode()
        more = [f"{path}\0{self.outside[path]}" for path in sorted(self.outside)]
        salt = hashlib.sha256("\0\0".join([_FORMAT, self.program, root, *self.named_files.values(), *more]).encode())
        action = Action(digest_of(command), self.tree.root, salt.digest(), self.platform).encode()
        return Key(digest_of(action), action, command)


def words_of(shell: str, arguments: Iterable[str]) -> list[str]:
    """The words to execute for a command line in the syntax of a shell, which runs it only if it may need one."""
    text = " ".join(arguments)
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    is_plain = words and not _SHELL.intersection(text) and "=" not in words[0]
    return words if is_plain else [shell, "-c", text]


def _files(declared: Declared, appends: bool) -> list[str]:
    """All files that a command may read; appends: including existing targets."""
    found = {*declared.inputs, *declared.extra, *(declared.outputs if appends else ())}
    for folder in declared.input_folders:
        found.update(os.path.join(top, name) for top, _, names in os.walk(folder) for name in names)
    return sorted(found)


def _contents(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        raise NotShared(f"{path} cannot be read") from None
