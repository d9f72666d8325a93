"""The output of a build: each command's output in one piece, a status line, and a summary of failures at the end."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import SCons.Script

from rebel_tools.scons import profile
from rebel_tools.scons.captured import Captured, run_captured
from rebel_tools.scons.compat import Environment, Nodes
from rebel_tools.scons.terminal import TERMINAL
from rebel_tools.scons.words import argument_vector, escape
from rebel_tools.text import printable

# The file `caml_startup` belongs to the linker: an error there is about the target.
_ERROR = r'(?m)^File "(?!caml_startup")(?P<file>[^"]+)", lines? (?P<line>\d+)'
# An error, or a warning treated as one, with its continuation lines.
_MESSAGE = re.compile(r"^Error\b.*(?:\n[ \t]+\S.*)*", re.MULTILINE)
# What the linker prints instead of a file.
_NO_FILE = "_none_"


# Messages of commands by target: of failed ones, and of the others.
COMPLAINTS: dict[str, str] = {}
SAID: dict[str, str] = {}

# Each gets the messages of a failed command and its target, and returns a hint, a RebelError that replaces the
# messages, or None.
ADVISERS: list[Any] = []

# Path of a syntax tree, or of a preprocessor's output, or of a step's output -> path of the source.
SOURCES_OF_TREES: dict[str, str] = {}
SOURCES: dict[str, str] = {}
_NAMES_OF_TREES = (".ast", ".pp.ml")


def install_output(env: Environment) -> None:
    """Run the commands of `env` without a shell where possible, and print the output of each in one piece."""
    if env["SPAWN"].__module__.startswith("SCons.Platform"):  # otherwise it is the user's own
        env["SPAWN"] = spawn
    env["ESCAPE"] = escape
    if "PRINT_CMD_LINE_FUNC" not in env:
        env["PRINT_CMD_LINE_FUNC"] = _print_command
    if TERMINAL.colour:
        env["ENV"] = {"OCAML_COLOR": "always", **env["ENV"]}
    _install_summary()


def _print_command(text: str, targets: Nodes, sources: Nodes, env: Environment) -> None:
    """Print a command like SCons, in one line."""
    sys.stdout.write(printable(text, keep="\t") + "\n")


def short_messages(env: Environment) -> None:
    """Show an action and its file instead of the whole command; `verbose=1` shows commands."""
    if "PRINT_CMD_LINE_FUNC" not in env:  # otherwise it is the user's own
        env["PRINT_CMD_LINE_FUNC"] = lambda text, targets, sources, env: _listener.begins(text, targets)
    if SCons.Script.ARGUMENTS.get("verbose", "0") in ("0", "no", "false"):
        env.SetDefault(
            OCAMLALIASCOMSTR="alias $TARGET",
            OCAMLCOPYCOMSTR="copy $TARGET",
            REFMTCOMSTR="refmt $SOURCE",
            OCAMLOPTCOMSTR="ocamlopt $SOURCE",
            OCAMLCCOMSTR="ocamlc $SOURCE",
            OCAMLOPTARCHIVECOMSTR="archive $TARGET",
            OCAMLCARCHIVECOMSTR="archive $TARGET",
            OCAMLOPTLINKCOMSTR="link $TARGET",
            OCAMLCLINKCOMSTR="link $TARGET",
            OCAMLOPTPLUGINCOMSTR="link $TARGET",
            OCAMLCPLUGINCOMSTR="link $TARGET",
            JSOOCOMSTR="js_of_ocaml $TARGET",
        )


def spawn(
    shell: str,
    escape: Any,
    command: str,
    arguments: list[str],
    env: dict[str, str],
    clean: Callable[[str], str] | None = None,
) -> int:
    """Run a command like SCons' own SPAWN, without mixing its output with that of other commands.

    clean: a function applied to its messages before they are printed.
    """
    words = argument_vector(shell, arguments)
    program = which(words[0], env.get("PATH", ""))
    target = _output_of(words) or " ".join(arguments)
    if program is None:
        return pass_on(target, " ".join(arguments), "", f"{_listener.name}: {_missing(words[0])}\n", 127)
    with profile.span(target, "action"):
        done = run_captured(words, program, env)
    return ended(words, arguments, done, clean)


def ended(words: list[str], arguments: Sequence[str], done: Captured, clean: Callable[[str], str] | None = None) -> int:
    """Pass on the output of a command that has ended; return its status. words: what its program got of `arguments`."""
    command = " ".join(arguments)
    said = _with_plain_names((clean or compiler_output)(done.stderr), words)
    return pass_on(_output_of(words) or command, command, done.stdout, said, done.status)


def _missing(program: str) -> str:
    from rebel_tools import tools

    name = os.path.basename(program)
    found = str(tools.missing(name)) if name in tools.TOOLS else f"{program}: command not found"
    return printable(found, keep="\n")


def pass_on(target: str, command: str, stdout: str, stderr: str, status: int) -> int:
    """Pass on the output of the command for a target; return its status. command: the command line as one text."""
    hints = ""
    if status != 0:
        COMPLAINTS[target] = COMPLAINTS[command] = stderr
        found = [advise(target, stderr) for advise in ADVISERS]
        hints = "".join(
            f"  hint: {printable(hint)}\n" if isinstance(hint, str) else f"{hint}\n" for hint in found if hint
        )
    elif stdout or stderr:
        SAID[target] = stdout + stderr
    _listener.said(target, stdout, stderr + hints, status)
    return status


def _with_plain_names(text: str, words: list[str]) -> str:
    """A message with names from the command line escaped: a name with a newline could forge another message."""
    for word in words:
        if not word.isprintable():
            text = text.replace(word, printable(word))
    return text


def _output_of(words: list[str]) -> str:
    """The output file of a compiler (the last -o), '' if its command line does not have it."""
    return next((words[n] for n in range(len(words) - 1, 0, -1) if words[n - 1] == "-o"), "")


def compiler_output(text: str) -> str:
    """The messages of a compiler or of refmt, with generated files replaced by their sources."""
    trees = SOURCES_OF_TREES if any(name in text for name in _NAMES_OF_TREES) else {}
    for tree, source in trees.items():
        text = text.replace(tree, source)
    if '.re"' not in text and '.rei"' not in text:
        return text
    from rebel_tools.ocaml.reason import add_excerpts

    return add_excerpts(text)


@cache
def which(name: str, path: str) -> str | None:
    """The absolute path of a program; None if there is none."""
    found = shutil.which(name, path=path)
    return os.path.abspath(found) if found else None


class Listener:
    """Receives the output of commands. This class prints it immediately, and a summary of failures at the end."""

    name = "scons"

    def begins(self, text: str, targets: Sequence[Any]) -> None:
        """A step for these nodes starts."""
        TERMINAL.step(text)

    def said(self, target: str, stdout: str, stderr: str, status: int) -> None:
        """Take the output of the command for a target; called in the thread that ran it."""
        TERMINAL.say(sys.stdout, stdout)
        TERMINAL.say(sys.stderr, stderr)

    def end(self) -> None:
        """The process ends."""
        _print_summary()


_listener = Listener()


def listen(listener: Listener) -> None:
    """Replace the listener."""
    global _listener
    _listener = listener


@cache
def _install_summary() -> None:
    atexit.register(lambda: _listener.end())


def _print_summary() -> None:
    """Print one line for each failure, if there are so many that the first may have scrolled off the screen."""
    TERMINAL.clear()
    failures = SCons.Script.GetBuildFailures()
    # SCons' own errors have the targets as a list.
    failed = [(str(f.node[0] if isinstance(f.node, list) else f.node), str(f.errstr)) for f in failures]
    lines = [short_failure(name, COMPLAINTS.get(name, ""), reason) for name, reason in failed]
    if lines:
        what = "1 step failed" if len(lines) == 1 else f"{len(lines)} steps failed"
        TERMINAL.say(sys.stderr, "\n".join([f"{what}:", *(f"  {printable(line)}" for line in lines)]) + "\n")


def short_failure(target: str, complaint: str, reason: str = "") -> str:
    """One line for a failed step: the place and the whole error, if the compiler printed them.

    reason: SCons' message, which is only `Error 2` if a command failed.
    """
    plain = re.sub(r"\x1b\[[0-9;]*m", "", complaint)
    found = _MESSAGE.search(plain)
    if found is None:
        return f"{target}: {reason.partition(chr(10))[0] or 'failed'}"
    error = " ".join(line.strip() for line in found[0].splitlines())
    places = list(re.finditer(_ERROR, plain[: found.start()]))
    if places and places[-1]["file"] != _NO_FILE:  # the error belongs to the last place before it
        return f"{places[-1]['file']}:{places[-1]['line']}: {error}"
    return f"{target}: {error}"
