"""Runs a command of a package in a folder of its own, in which only the files are that it said it reads.

It is run as a program by itself, `python -I -S -c`, and imports nothing of ours. Its arguments are: the number of
sources and for each its path in the folder and where it is; the same for targets; the target that gets the standard
output, or an empty word; the working directory in the folder, or an empty word; the path of the source that a
preprocessor prints, or an empty word; the path of the program, where it is not found by its name, or an empty word; the
command.

What the command makes goes to its place when the command has succeeded. In OCaml's line directives the names of sources
become the paths that everybody else knows them by.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile

DIRECTIVE = re.compile(rb'(?m)^(#(?:line)?[ \t]+[0-9]+[ \t]+")([^"\n]*)(")')


def main(words: list[str]) -> int:
    sources, words = take(words, 2)
    targets, words = take(words, 2)
    (printed, inside, origin, program), command = words[:4], words[4:]
    folder = tempfile.mkdtemp(prefix="rule-")
    if program:
        command[0] = os.path.abspath(program)
    elif inside and "/" in command[0]:
        command[0] = os.path.join(folder, command[0])
    try:
        for name, path in sources:
            shutil.copy(path, made_folder(os.path.join(folder, name)))
        for name, _ in targets:
            made_folder(os.path.join(folder, name))
        working = os.path.join(folder, inside)
        os.makedirs(working, exist_ok=True)
        status = run(command, working, os.path.join(folder, printed) if printed else os.devnull)
        if status == 0:
            known = {os.path.relpath(name, inside or "."): path for name, path in sources}
            for name, path in targets:
                deliver(os.path.join(folder, name), path, known, origin)
        return status
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def take(words: list[str], size: int) -> tuple[list[list[str]], list[str]]:
    count, rest = int(words[0]), words[1:]
    return [rest[size * n : size * (n + 1)] for n in range(count)], rest[size * count :]


def made_folder(path: str) -> str:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def run(command: list[str], folder: str, printed: str) -> int:
    """Run the command in a folder; `printed` is the file that gets its standard output, or the null device."""
    environment = {**os.environ, "PWD": folder}
    try:
        with open(printed, "wb") as file:
            output = None if printed == os.devnull else file
            done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return 127
    return done.returncode if done.returncode >= 0 else 128 - done.returncode


def deliver(made: str, path: str, sources: dict[str, str], origin: str) -> None:
    """Move a result to its place. What is not a regular file is left behind, and reported as missing."""
    if os.path.islink(made) or not os.path.isfile(made):
        return
    with open(made, "rb") as file:
        text = file.read()
    if path.endswith((".ml", ".mli", ".mll", ".mly")):
        if origin and not text.startswith(b"#"):
            text = b'# 1 "%s"\n%s' % (os.fsencode(origin), text)
        text = DIRECTIVE.sub(lambda found: renamed(found, sources), text)
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "xb") as file:
        file.write(text)
    shutil.copymode(made, path)


def renamed(found: re.Match[bytes], sources: dict[str, str]) -> bytes:
    place = sources.get(os.path.normpath(os.fsdecode(found[2])))
    return found[0] if place is None else found[1] + os.fsencode(place) + found[3]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
