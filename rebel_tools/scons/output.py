"""What a user sees of a build: each command's output in one piece, a status line, and at the end the failures again."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import sys
import threading
from functools import cache

import SCons.Script

from rebel_tools.scons import profile
from rebel_tools.scons.captured import run_captured
from rebel_tools.scons.words import argument_vector, escape
from rebel_tools.text import columns, printable, screened

# The file `caml_startup` is the linker's own: what does not link is the target.
_ERROR = r'(?m)^File "(?!caml_startup")(?P<file>[^"]+)", lines? (?P<line>\d+)'
# An error, or a warning that counts as one, with the lines that go on with its sentence.
_MESSAGE = re.compile(r"^Error\b.*(?:\n[ \t]+\S.*)*", re.MULTILINE)
# What the linker says for "in no file".
_NO_FILE = "_none_"


class Terminal:
    """Standard output and error: whole messages, and below them one status line where this is a terminal."""

    def __init__(self):
        self.lock = threading.RLock()
        self.begin()

    def begin(self) -> None:
        """Nothing has been said yet, on the streams that the process has now."""
        self.out = sys.stdout
        self.fancy = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        # What others print, such as SCons, comes above the status line, too.
        sys.stdout, sys.stderr = _Stream(self, sys.stdout), _Stream(self, sys.stderr)
        self.shown = False
        self.started = 0
        self.total = 0

    @property
    def colour(self) -> bool:
        """Whether compilers shall colour their messages (NO_COLOR, no-color.org; FORCE_COLOR)."""
        if os.environ.get("NO_COLOR"):
            return False
        return bool(os.environ.get("FORCE_COLOR")) or (sys.stderr.isatty() and os.environ.get("TERM") != "dumb")

    def expect(self, steps: int) -> None:
        """So many more steps are going to run."""
        self.total += steps

    def step(self, text: str) -> None:
        """A step begins."""
        with self.lock:
            self.started += 1
            line = printable(f"[{self.started}/{max(self.total, self.started)}] {text}")
            if self.fancy:
                self.out.write("\r\x1b[K" + fitting(line, shutil.get_terminal_size().columns - 1))
                self.shown = True
            else:
                self.out.write(line + "\n")
            self.out.flush()

    def say(self, stream, text: str) -> None:
        """A message in one piece, above the status line."""
        if text:
            with self.lock:
                self.clear()
                stream.write(screened(text, self.colour))
                stream.flush()

    def clear(self) -> None:
        if self.shown:
            self.out.write("\r\x1b[K")
            self.out.flush()
            self.shown = False


# The messages of SCons, which holds names of files for text, and where they stand in them.
_OF_SCONS = re.compile(r"\s*scons: |(re)?building `|Removed |Retrieved `")
_OF_A_TREE = re.compile(r"[\[\] |A-Z]*\+-")
_NAME = re.compile(r"(?<=\*\*\* \[).+?(?=\] )|(?<=`).+?(?=')|(?<=' \().+?(?=\)\.)|(?<=^Removed ).+(?=\n)", re.DOTALL)


def _fit(text: str) -> str:
    """A message of SCons with its names escaped; everything else that somebody prints is theirs."""
    if _OF_A_TREE.match(text):
        return printable(text.rstrip("\n")) + text[len(text.rstrip("\n")) :]
    if _OF_SCONS.match(text) is None:
        return text
    return screened(_NAME.sub(lambda found: printable(found[0]), text))


class _Stream:
    """A stream of the process; the status line goes before anything is written to it."""

    def __init__(self, terminal: Terminal, stream):
        self._terminal = terminal
        self._stream = stream

    def write(self, text: str) -> int:
        with self._terminal.lock:
            self._terminal.clear()
            return self._stream.write(_fit(text))

    def __getattr__(self, name: str):
        return getattr(self._stream, name)


def fitting(line: str, width: int) -> str:
    """As much of a printable line as fits into so many columns of a terminal."""
    while columns(line) > width:
        line = line[: -max(1, (columns(line) - width) // 2)]
    return line


TERMINAL = Terminal()
_complaints: dict[str, str] = {}

# Each is asked about the complaint of the command that should have made a target, and answers with a hint or ''.
ADVISERS: list = []

# Path of a syntax tree -> path of its source.
SOURCES_OF_TREES: dict[str, str] = {}


def install_output(env) -> None:
    """Run the commands of `env` without a shell where none is needed, and print what they say in one piece."""
    if env["SPAWN"].__module__.startswith("SCons.Platform"):  # else it is the user's own
        env["SPAWN"] = spawn
    env["ESCAPE"] = escape
    if "PRINT_CMD_LINE_FUNC" not in env:
        env["PRINT_CMD_LINE_FUNC"] = _print_command
    if TERMINAL.colour:
        env["ENV"] = {"OCAML_COLOR": "always", **env["ENV"]}
    _install_summary()


def _print_command(text: str, targets, sources, env) -> None:
    """As SCons does, in one line."""
    sys.stdout.write(printable(text, keep="\t") + "\n")


def short_messages(env) -> None:
    """A status line that says what is done to which file, instead of the whole command; `verbose=1` shows commands."""
    env["PRINT_CMD_LINE_FUNC"] = lambda text, targets, sources, env: TERMINAL.step(text)
    if SCons.Script.ARGUMENTS.get("verbose", "0") in ("0", "no", "false"):
        env.SetDefault(
            OCAMLALIASCOMSTR="alias $TARGET",
            REFMTCOMSTR="refmt $SOURCE",
            OCAMLOPTCOMSTR="ocamlopt $SOURCE",
            OCAMLCCOMSTR="ocamlc $SOURCE",
            OCAMLOPTARCHIVECOMSTR="archive $TARGET",
            OCAMLCARCHIVECOMSTR="archive $TARGET",
            OCAMLOPTLINKCOMSTR="link $TARGET",
            OCAMLCLINKCOMSTR="link $TARGET",
            JSOOCOMSTR="js_of_ocaml $TARGET",
        )


def spawn(shell: str, escape, command: str, arguments: list[str], env: dict, clean=None) -> int:
    """Run a command as SCons' own SPAWN does; its output is not mixed with that of commands that run meanwhile.

    clean: what is done to its messages before they are printed.
    """
    words = argument_vector(shell, arguments)
    program = _which(words[0], env.get("PATH", ""))
    if program is None:
        from rebel_tools import tools

        known = os.path.basename(words[0]) in tools.TOOLS
        found_out = tools.missing(os.path.basename(words[0])) if known else f"{words[0]}: command not found"
        TERMINAL.say(sys.stderr, f"scons: {printable(str(found_out), keep=chr(10))}\n")
        return 127
    target = _output_of(words) or " ".join(arguments)
    with profile.span(target, "action"):
        done = run_captured(words, program, env)
    stderr = _with_plain_names((clean or compiler_output)(done.stderr), words)
    hints = ""
    if done.status != 0:
        _complaints[target] = stderr
        found = (advise(target, stderr) for advise in ADVISERS)
        hints = "".join(f"  hint: {printable(hint)}\n" for hint in found if hint)
    TERMINAL.say(sys.stdout, done.stdout)
    TERMINAL.say(sys.stderr, stderr + hints)
    return done.status


def _with_plain_names(text: str, words: list[str]) -> str:
    """A message with names of the command line escaped: one that has several lines would begin a message of its own."""
    for word in words:
        if not word.isprintable():
            text = text.replace(word, printable(word))
    return text


def _output_of(words: list[str]) -> str:
    """What a compiler makes, '' where its command line does not say so. Of two answers the last one counts."""
    return next((words[n] for n in range(len(words) - 1, 0, -1) if words[n - 1] == "-o"), "")


def compiler_output(text: str) -> str:
    """The messages of a compiler or of refmt, about sources and not about the trees that were made of them."""
    for tree, source in SOURCES_OF_TREES.items() if ".ast" in text else ():
        text = text.replace(tree, source)
    if '.re"' not in text and '.rei"' not in text:
        return text
    from rebel_tools.ocaml.reason import add_excerpts

    return add_excerpts(text)


@cache
def _which(name: str, path: str):
    found = shutil.which(name, path=path)
    return os.path.abspath(found) if found else None


@cache
def _install_summary() -> None:
    atexit.register(_print_summary)


def _print_summary() -> None:
    """The failures again, in a line each, when more than a screen may lie between the first of them and the end."""
    TERMINAL.clear()
    failures = SCons.Script.GetBuildFailures()
    # What SCons raises itself has the targets as a list.
    failed = [(str(f.node[0] if isinstance(f.node, list) else f.node), str(f.errstr)) for f in failures]
    lines = [short_failure(name, _complaints.get(name, ""), reason) for name, reason in failed]
    if lines:
        what = "1 step failed" if len(lines) == 1 else f"{len(lines)} steps failed"
        TERMINAL.say(sys.stderr, "\n".join([f"{what}:", *(f"  {printable(line)}" for line in lines)]) + "\n")


def short_failure(target: str, complaint: str, reason: str = "") -> str:
    """One line for a failed step: the place and the error, however many lines it has, where the compiler named them.

    reason: what SCons says, which is only `Error 2` where a command failed.
    """
    plain = re.sub(r"\x1b\[[0-9;]*m", "", complaint)
    found = _MESSAGE.search(plain)
    if found is None:
        return f"{target}: {reason.partition(chr(10))[0] or 'failed'}"
    error = " ".join(line.strip() for line in found[0].splitlines())
    places = list(re.finditer(_ERROR, plain[: found.start()]))
    if places and places[-1]["file"] != _NO_FILE:  # the last place before the error is the one that it is about
        return f"{places[-1]['file']}:{places[-1]['line']}: {error}"
    return f"{target}: {error}"
