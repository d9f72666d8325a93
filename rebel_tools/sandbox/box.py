"""One command in its sandbox: files are provided before it runs, accesses are checked afterwards."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from rebel_tools.sandbox import bubblewrap, trace
from rebel_tools.sandbox.model import Declared, Finding, Kind, Mode, is_below, judge
from rebel_tools.sandbox.stage import Stage, Stamp
from rebel_tools.sandbox.toolchain import SYSTEM, toolchain

FOLDER = ".rebel-sandbox"
"""The folder of all stages, beside the SConstruct: on the same file system, so that outputs only have to be renamed. It
exists only while scons runs.
"""

_LOG_INSIDE = "/run/rebel-trace"  # the path of the trace file inside the sandbox
_thread = threading.local()
_own_folders: list[str] = []
_SHELL = frozenset(";|&<>()$`\n*?[]#~!{}")  # characters that may need a shell


class Box:
    """The sandbox of one command.

    declared: what the command may access. mode: FULL, REPORT, FAST or TRACE. folders: of tools, besides those that are
    found automatically.

    Call `wrap` for each command line of an action, then `finish` once. Errors: those of bubblewrap and strace.
    """

    def __init__(self, declared: Declared, mode: Mode, folders: Sequence[str] = ()) -> None:
        self.declared = declared
        self.traces = mode is not Mode.FAST
        self.hides = mode is not Mode.TRACE
        self._folders = tuple(folders)
        self._goes_on = mode is Mode.REPORT
        self._stage = _stage(declared.root)
        self._log = self._stage.folder + ".trace"
        self._findings: dict[Finding, None] = {}
        self._toolchain: tuple[str, ...] = ()
        self._expected: set[str] = set()
        self._before: dict[str, Stamp | None] = {}
        self._is_filled = False
        self._read: set[str] = set()  # outside of the project
        self._written: set[str] = set()

    def wrap(self, shell: str, arguments: Sequence[str], variables: Mapping[str, str]) -> list[str]:
        """The command line, a list of words for a shell, prefixed so that it runs in the sandbox."""
        text = " ".join(arguments)
        try:
            words = shlex.split(text)
        except ValueError:
            words = text.split()
        self._toolchain = (*toolchain(words, variables, self.declared.root), *self._folders)
        before: list[str] = []
        if self.hides:
            self._fill(words)
            before += self._root(words)
        if self.traces:
            self._empty_log()
            before += trace.wrapper(_LOG_INSIDE if self.hides else self._log)
        program = shutil.which(words[0], path=variables.get("PATH", "")) if words else None
        is_plain = program and not _SHELL.intersection(text)  # no assignment before it, nothing for a shell
        command = list(arguments) if is_plain else [shell, "-c", shlex.quote(text)]
        return [*map(shlex.quote, before), *command]

    def ran(self) -> None:
        """Record the accesses of the command line that has just ended."""
        if self.traces:
            with open(self._log, encoding="ascii", errors="surrogateescape") as stream:
                seen = list(trace.accesses(stream.read(), os.getcwd()))
            others = [access for access in seen if not is_below(access.path, [self.declared.root])]
            self._read.update(access.path for access in others if not access.writes)
            self._written.update(access.path for access in others if access.writes)
            found = judge(self.declared, seen, self._toolchain)
            # An input that was opened for writing may be unchanged; in a stage, `finish` compares its stamp.
            self._note(each for each in found if not (self.hides and each.kind is Kind.WRITTEN))

    def consulted(self) -> list[str]:
        """The paths outside of the project that the command looked up, existing or not, sorted.

        Paths that another run would not find again are left out: files that the command wrote itself, and what is
        private to a process or to this machine.
        """
        seen = (*self._toolchain, *SYSTEM) if self.hides else ("/",)
        found = self._read - self._written
        return sorted(path for path in found if is_below(path, seen) and not _is_private(path))

    def finish(self, succeeded: bool) -> list[Finding]:
        """The undeclared accesses. If there are none, or if they are only reported, outputs are moved into the project.

        succeeded: whether the command did. Call this once, at the end of the action.
        """
        if not self._is_filled:
            return list(self._findings)
        made = [path for path in self._stage.files() if path not in self._expected]
        made = [path for path in made if not self.declared.makes(path) and "/__pycache__/" not in path]
        self._note(self._finding(Kind.OUTPUT, path) for path in made)
        changed = [path for path, stamp in self._before.items() if self._stage.stamp(path) != stamp]
        self._note(self._finding(Kind.WRITTEN, path) for path in changed)
        if succeeded and (self._goes_on or not self._findings):
            for path in (*self.declared.outputs, *self.declared.output_folders):
                if is_below(path, [self.declared.root]):
                    self._stage.take(path)
            for path in (*made, *changed):
                self._stage.take(path)
        return list(self._findings)

    def _note(self, findings: Iterable[Finding]) -> None:
        self._findings.update(dict.fromkeys(findings))

    def _finding(self, kind: Kind, path: str) -> Finding:
        return Finding(kind, self.declared.target, os.path.relpath(path, self.declared.root))

    def _fill(self, words: Sequence[str]) -> None:
        """Provide the files that the command may see. Outputs of an earlier command line of the action stay."""
        if self._is_filled:
            return
        self._is_filled = True
        declared, root = self.declared, self.declared.root
        files = {*declared.inputs, *declared.extra, *declared.outputs}
        for folder in (*declared.input_folders, *declared.output_folders):
            files.update(os.path.join(top, name) for top, _, names in os.walk(folder) for name in names)
        files |= {os.path.realpath(path) for path in files if os.path.islink(path)}
        files = {path for path in files if is_below(path, [root])}
        outputs = [os.path.dirname(path) for path in declared.outputs if is_below(path, [root])]
        folders = {os.getcwd(), *outputs, *declared.output_folders, *_folders(words)}
        folders = {path for path in folders if is_below(path, [root])}
        if self.traces:
            files |= _neighbours({*folders, *map(os.path.dirname, files)})
        self._stage.fill(files, folders)
        self._expected = files
        self._before = {path: self._stage.stamp(path) for path in declared.inputs if path in files}
        self._before = {path: stamp for path, stamp in self._before.items() if stamp and not declared.makes(path)}

    def _root(self, words: Sequence[str]) -> list[str]:
        declared = self.declared
        known = (declared.root, *self._toolchain, *SYSTEM)
        others = {*declared.inputs, *declared.extra, *declared.input_folders, *_response_files(words)}
        files = sorted(path for path in others if not is_below(path, known) and os.path.exists(path))
        outside = (os.path.dirname(path) for path in declared.outputs if not is_below(path, [declared.root]))
        written = dict.fromkeys(path for path in outside if os.path.isdir(path))
        bound = {path: path for path in written}
        if self.traces:
            bound[self._log] = _LOG_INSIDE
        return bubblewrap.wrapper(self._stage.folder, declared.root, os.getcwd(), self._toolchain, files, bound)

    def _empty_log(self) -> None:
        with open(self._log, "wb"):
            pass


# Different on each machine. The libraries that ld.so.cache lists count if a program loads them.
_PRIVATE = ("/proc", "/sys", "/dev", "/run", "/etc/ld.so.cache")
_TEMPORARY = ("/tmp", "/var/tmp")


def _is_private(path: str) -> bool:
    if is_below(path, _TEMPORARY) and not os.path.isfile(path):
        return True
    return is_below(path, _PRIVATE) or "/__pycache__" in path or not path.isprintable()


def _neighbours(folders: set[str]) -> set[str]:
    """The files in these folders. They are provided, too, so that a tool that lists a folder gets the same names as
    without a sandbox; whether it opens them is in the trace.
    """
    found: set[str] = set()
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            found.update(entry.path for entry in entries if not entry.is_dir(follow_symlinks=False))
    return found


def _folders(words: Sequence[str]) -> set[str]:
    """The folders that a command names. They have to exist, because compilers silently ignore a missing folder."""
    parts = {part for word in words for part in (word, word[2:], word.partition("=")[2]) if part}
    return {os.path.abspath(part) for part in parts if os.path.isdir(part)}


def _response_files(words: Sequence[str]) -> list[str]:
    """The response files that SCons writes for long command lines, by default in /tmp."""
    return [os.path.abspath(word[1:]) for word in words if word.startswith("@") and os.path.isfile(word[1:])]


# ---------------------------------------------------------------- the folders of stages


def _stage(root: str) -> Stage:
    """The stage of this thread."""
    stages: dict[str, Stage] = _thread.__dict__.setdefault("stages", {})
    if root not in stages:
        stages[root] = Stage(os.path.realpath(tempfile.mkdtemp(dir=_own_folder(root))), root)
    return stages[root]


@cache
def _own_folder(root: str) -> str:
    """The folder of this process; those of killed processes are removed."""
    above = os.path.join(root, FOLDER)
    os.makedirs(above, exist_ok=True)
    for name in os.listdir(above):
        if not name.isdigit() or not os.path.exists(f"/proc/{name}"):
            shutil.rmtree(os.path.join(above, name), ignore_errors=True)
    own = os.path.join(above, str(os.getpid()))
    os.makedirs(own, exist_ok=True)
    _own_folders.append(own)
    return own


def remove_stages() -> None:
    """Remove all files of the sandbox at the end of the build."""
    for own in _own_folders:
        shutil.rmtree(own, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(own))
