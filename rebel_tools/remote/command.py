"""A command that is about to run, and the key of its result: the digest of an Action of the Remote Execution API."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from rebel_tools.remote.files import FileDigests
from rebel_tools.remote.messages import Action, Command, Digest, digest_of
from rebel_tools.remote.tree import Input, Tree, merkle_tree
from rebel_tools.sandbox.model import Declared, is_below
from rebel_tools.sandbox.toolchain import SYSTEM

_FORMAT = "rebel-tools command 2"  # changes when keys mean something else

_SHELL = frozenset(";|&<>()$`\n*?[]#~!{}")  # what may need a shell
# What has a compiler write something else in place of the folder: in a key it stands for any folder.
_MAPS = re.compile(r"-f(?:file|debug|macro)-prefix-map=")
# Compressed sections hide the name of a folder from who looks for it.
_HIDES = re.compile(r"-gz|compress-debug-sections")


class NotShared(Exception):
    """A command of which no result is kept or taken; the text says why, for a person."""


class Key(NamedTuple):
    """digest: of the action; action, command: the messages that it is made from."""

    digest: Digest
    action: bytes
    command: bytes


class Asked:
    """A command line before it runs.

    arguments: its words as a shell reads them; variables: its environment, all of it; folder: where it runs.
    Errors: NotShared.
    """

    def __init__(
        self,
        declared: Declared,
        shell: str,
        arguments: Sequence[str],
        variables: Mapping[str, str],
        folder: str,
        files: FileDigests,
        platform: Mapping[str, str],
    ) -> None:
        self.declared = declared
        self.root = declared.root
        self.target = declared.target
        self.missed = ""  # why a result that is there is none for this machine
        self.words = _words(shell, " ".join(arguments))
        self.variables = variables
        self.folder = self._relative(folder, "it runs outside of the project")
        self.platform = platform
        self.outputs = {self._output(path): path for path in declared.outputs}
        if not self.outputs or declared.output_folders:
            raise NotShared("it makes a folder" if declared.output_folders else "it makes no file")
        self.inside: dict[str, Input] = {}
        self.outside: dict[str, Input] = {}
        self.inputs: list[tuple[str, Input]] = []
        for path in _files(declared):
            found = files.input(path)
            if found is None:
                continue
            self.inputs.append((path, found))
            if is_below(path, [self.root]):
                self.inside[os.path.relpath(path, self.root)] = found
            else:
                self.outside[path] = found
        folders = {os.path.dirname(os.path.relpath(path, self.root)) for path in declared.outputs}
        try:
            self.tree: Tree = merkle_tree(self.inside, {*folders, self.folder})
            self.program = self._identity(files)
            self.is_bound = any(self.root in text for text in (*self._unmapped(), *variables.values()))
            self.free, self.bound = self._key(""), self._key(self.root)
        except UnicodeEncodeError:
            raise NotShared("one of its names is no text") from None

    def named_words(self) -> list[str]:
        """The words, with those that are in a file elsewhere."""
        return [*self._key_words(), *(word for text in self.named_files.values() for word in text.split())]

    def _key_words(self) -> list[str]:
        words = (word.replace(self.root, "", 1) if self._is_map(word) else word for word in self.words)
        return ["@" if word in self.named_files else word for word in words]

    def why_only_here(self) -> str:
        """Why a machine that has nothing but the input root and a system cannot run it; '' where it can."""
        if self.is_bound or any(map(self._is_map, self.words)):
            return "its command line, or its environment, names the folder of the project"
        if self.named_files:
            return "its command line is in a file elsewhere"
        strange = sorted(path for path in self.outside if not is_below(path, SYSTEM))
        if strange:
            return f"{strange[0]} lies outside of the project, and is no part of a system"
        program = shutil.which(self.words[0], path=self.variables.get("PATH", os.defpath))
        if program and os.path.isabs(program) and not is_below(program, (*SYSTEM, self.root)):
            return f"{program} lies outside of the project, and is no part of a system"
        return ""

    def mentions_folder(self, data: bytes) -> bool:
        """Whether something that the command made says, or may say, in which folder that was."""
        return os.fsencode(self.root) in data

    @cached_property
    def hides_folder(self) -> bool:
        return any(map(_HIDES.search, self.words))

    @cached_property
    def named_files(self) -> dict[str, str]:
        """The files elsewhere, with further words, that SCons makes for long command lines, and what stands in them."""
        return {word: _contents(word[1:]) for word in self.words if word.startswith("@") and os.path.isabs(word[1:])}

    def _relative(self, path: str, complaint: str) -> str:
        if not is_below(path, [self.root]):
            raise NotShared(complaint)
        found = os.path.relpath(path, self.root)
        return "" if found == os.curdir else found

    def _output(self, path: str) -> str:
        """The path of a target as the command has it."""
        within = self._relative(path, "it makes a file outside of the project")
        if self.folder and not within.startswith(self.folder + "/"):
            raise NotShared("it makes a file outside of the folder in which it runs")
        return within[len(self.folder) + 1 :] if self.folder else within

    def _unmapped(self) -> Iterator[str]:
        yield from (word for word in self.words if not self._is_map(word))
        yield from self.named_files.values()

    def _is_map(self, word: str) -> bool:
        found = _MAPS.match(word)
        return bool(found and word[found.end() :].startswith(self.root + "="))

    def _identity(self, files: FileDigests) -> str:
        """The program by its contents."""
        program = shutil.which(self.words[0], path=self.variables.get("PATH", os.defpath))
        found = files.input(program) if program else None
        return found.digest.hash if found else ""

    def _key(self, root: str) -> Key:
        """The key of the result in the folder `root`, or, without one, in any."""
        command = Command(self._key_words(), self.variables, list(self.outputs), self.folder, self.platform).encode()
        more = [f"{path}\0{self.outside[path]}" for path in sorted(self.outside)]
        salt = hashlib.sha256("\0\0".join([_FORMAT, self.program, root, *self.named_files.values(), *more]).encode())
        action = Action(digest_of(command), self.tree.root, salt.digest(), self.platform).encode()
        return Key(digest_of(action), action, command)


def _words(shell: str, text: str) -> list[str]:
    """What is executed for a command line: itself where that needs no shell."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    is_plain = words and not _SHELL.intersection(text) and "=" not in words[0]
    return words if is_plain else [shell, "-c", text]


def _files(declared: Declared) -> list[str]:
    """All that a command may read: targets among them, for one that is there the command may add to."""
    found = {*declared.inputs, *declared.extra, *declared.outputs}
    for folder in declared.input_folders:
        found.update(os.path.join(top, name) for top, _, names in os.walk(folder) for name in names)
    return sorted(found)


def _contents(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        raise NotShared(f"{path} cannot be read") from None
