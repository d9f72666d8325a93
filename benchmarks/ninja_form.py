"""A build.ninja with the commands that another build printed."""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from pathlib import Path

OUTPUTS = {"-impl": (".cmx", ".o", ".cmi", ".cmt"), "-intf": (".cmi", ".cmti")}


def build_file(log: str, folder: Path) -> str:
    """The text of build.ninja, from the lines of `log` that run an OCaml compiler.

    A unit depends on the units of its own package whose names occur as capitalised words in its source, and on other
    packages as a whole. This is enough for a generated tree, in which such a word is always a module.
    """
    commands = [words for words in map(_words, log.splitlines()) if words]
    units = [_Unit(words, folder) for words in commands if "-c" in words]
    links = [words for words in commands if "-c" not in words]
    providers = {(unit.folder, unit.name): unit for unit in units}
    objects: dict[str, list] = {}
    for unit in providers.values():
        objects.setdefault(unit.folder, []).extend(_objects(unit.folder, unit.object))
    folders = {unit.folder: unit.namespace for unit in units if unit.namespace}
    lines = ["rule run", "  command = $c", "  description = $out", ""]
    for unit in units:
        lines += _statement(unit.outputs, [unit.source], unit.needs(providers, folders, objects), unit.words)
    for words in links:
        lines += _link(words)
    return "\n".join(lines) + "\n"


def _words(line: str) -> list[str]:
    """The command in a line such as `[3/9] ocamlopt -c -o ...`; empty for other lines."""
    command = re.sub(r"^\[\d+/\d+\] ", "", line)
    if not command.startswith(("ocaml", "/")):
        return []
    words = shlex.split(command)
    return words if "-o" in words else []


class _Unit:
    """One compilation, according to its command line."""

    def __init__(self, words: list[str], folder: Path):
        self.words = words
        kind = "-intf" if "-intf" in words else "-impl"
        self.interface = kind == "-intf"
        self.source = words[words.index(kind) + 1]
        self.base = posixpath.splitext(words[words.index("-o") + 1])[0]
        self.folder, self.object = posixpath.split(self.base)
        self.namespace = words[words.index("-open") + 1] if "-open" in words else ""
        self.name = self.object[len(self.namespace.rstrip("_")) :].lstrip("_") if self.namespace else self.object
        self.root = folder
        suffixes = OUTPUTS[kind]
        if self.has_interface and not self.interface:
            suffixes = tuple(s for s in suffixes if s != ".cmi")
        self.outputs = [self.base + s for s in suffixes if s not in (".cmt", ".cmti") or "-bin-annot" in words]

    @property
    def has_interface(self) -> bool:
        return (self.root / (posixpath.splitext(self.source)[0] + ".mli")).exists()

    def needs(self, providers: dict, folders: dict, objects: dict) -> list[str]:
        """The .cmi and .cmx files that this compilation reads: those of the units named in its source."""
        needed = []
        text = (self.root / self.source).read_text()
        words = set(re.findall(r"(?<![\w.])[A-Z]\w*", text))
        includes = [self.words[n + 1] for n, word in enumerate(self.words) if word == "-I"]
        if self.namespace:
            needed.append(f"{self.folder}/{self.namespace}.cmi")
            if self.has_interface and not self.interface:
                needed.append(self.base + ".cmi")
            for word in sorted(words):
                if (self.folder, word) in providers and word != self.name:
                    needed += _objects(self.folder, f"{self.object[: -len(self.name)]}{word}")
        for other in includes:
            if other != self.folder and folders.get(other) in words:
                needed += objects[other]
        suffixes = (".cmi",) if self.interface else (".cmi", ".cmx")
        return [path for path in dict.fromkeys(needed) if path.endswith(suffixes)]


def _objects(folder: str, name: str) -> list[str]:
    return [f"{folder}/{name}.cmi", f"{folder}/{name}.cmx"]


def _link(words: list[str]) -> list[str]:
    output = words[words.index("-o") + 1]
    inputs = [w for w in words if w.endswith((".cmx", ".cmxa")) and "/" in w and not os.path.isabs(w) and w != output]
    outputs = [output, posixpath.splitext(output)[0] + ".a"] if output.endswith(".cmxa") else [output]
    return _statement(outputs, inputs, [], words)


def _statement(outputs: list, inputs: list, implicit: list, words: list) -> list[str]:
    line = f"build {' '.join(outputs)}: run {' '.join(inputs)}"
    command = shlex.join(words).replace("$", "$$")
    return [line + (f" | {' '.join(implicit)}" if implicit else ""), f"  c = {command}"]
