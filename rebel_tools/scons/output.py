"""What a user sees of a build: each command's output in one piece, and at the end the failures again, in short."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from functools import cache

_LOCK = threading.Lock()
_SHELL = re.compile(r"[|&;<>()$`*?\[\]#~%!{}\n]")


def install_output(env) -> None:
    """Run the commands of `env` without a shell where none is needed, and print what they say in one piece."""
    env["SPAWN"] = spawn


def spawn(shell: str, escape, command: str, arguments: list[str], env: dict) -> int:
    """Run a command as SCons' own SPAWN does; its output is not mixed with that of commands that run meanwhile."""
    line = " ".join(arguments)
    words = [shell, "-c", line] if _SHELL.search(line) else shlex.split(line)
    program = _which(words[0], env.get("PATH", ""))
    if program is None:
        say(sys.stderr, f"scons: {words[0]}: command not found\n")
        return 127
    # With an absolute path and close_fds=False CPython uses posix_spawn, which does not copy the page tables of SCons.
    done = subprocess.run(words, executable=program, env=env, close_fds=False, capture_output=True, check=False)
    if done.stdout or done.stderr:
        say(sys.stdout, done.stdout.decode("utf-8", "replace"))
        say(sys.stderr, compiler_output(done.stderr.decode("utf-8", "replace")))
    return done.returncode


def compiler_output(text: str) -> str:
    """A compiler's messages, without what only says that refmt, which has said why itself, did not succeed."""
    if "preprocessor" not in text:
        return text
    from rebel_tools.ocaml.reason import filter_compiler_output

    return filter_compiler_output(text)


def say(stream, text: str) -> None:
    if text:
        with _LOCK:
            stream.write(text)
            stream.flush()


@cache
def _which(name: str, path: str):
    found = shutil.which(name, path=path)
    return os.path.abspath(found) if found else None
