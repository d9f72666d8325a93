"""The ways to build: commands, a session of `scons --interactive`, `rebel watch`; and how builds are killed."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import random_project
from random_project import Project
from user_interactive import PROMPT

ROOT = Path(__file__).resolve().parents[2]
SCONSTRUCT = ROOT / "rebel_tools" / "scons" / "SConstruct"
SCONS = [sys.executable, "-m", "SCons"]
REBEL = [sys.executable, "-m", "rebel_tools"]

COMMANDS = ("scons", "rebel", "rebel scons", "server")
SESSIONS = ("interactive", "watch")


SECONDS = 300
"""How long to wait for something that must happen."""


class Difference(AssertionError):
    """An incremental build with a wrong outcome."""


class Built(NamedTuple):
    rc: int
    text: str


def environment(way: str = "", cache: Path | None = None) -> dict[str, str]:
    """cache: the folder of the cache that builds share; None for no cache."""
    found = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
    found.pop("REBEL_PROFILE", None)
    found["REBEL_SERVER"] = "1" if way == "server" else "0"
    found["REBEL_CACHE"] = str(cache or "0")
    return {**found, "REFMT": random_project.REFMT} if random_project.REFMT else found


def ways(project: Project) -> list[str]:
    """The ways to build this project; the server is only used for projects without an SConstruct."""
    commands = ["scons", "rebel", "rebel scons"] if project.own_script else ["scons", "rebel", "server", "server"]
    return [*commands, *(SESSIONS if find_spec("watchfiles") else SESSIONS[:1])]


def options(project: Project) -> list[str]:
    return [] if project.scripted else [f"--build-profile={project.profile}"]


def command(way: str, project: Project, more: Sequence[str] = ()) -> list[str]:
    """The command line that builds a project. more: additional options."""
    words = [*options(project), *(more or ["-j2"]), *project.asked]
    if way == "rebel scons":
        return [*REBEL, "scons", *words]
    if way in ("rebel", "server"):
        return [*REBEL, "build", *words]
    return [*SCONS, *([] if project.own_script else ["-f", str(SCONSTRUCT)]), *words]


def checked(rc: int, text: str) -> Built:
    if "Traceback (most recent call last)" in text:
        raise Difference(f"a traceback:\n{text}")
    return Built(rc, text)


class Place(NamedTuple):
    """The folder of a project, and the folder of the cache that its builds share; None for no cache."""

    folder: Path
    cache: Path | None = None


def run(way: str, project: Project, place: Place, more: Sequence[str] = ()) -> Built:
    words = command(way, project, more)
    done = subprocess.run(
        words,
        cwd=place.folder,
        env=environment(way, place.cache),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="backslashreplace",
    )
    return checked(done.returncode, done.stdout + done.stderr)


def start(way: str, project: Project, place: Place) -> subprocess.Popen[bytes]:
    """Start a build in a process group of its own."""
    return subprocess.Popen(
        command(way, project),
        cwd=place.folder,
        env=environment(way, place.cache),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


# Sessions


class Session:
    """A process that builds more than once.

    It cannot continue after a change of the command line, the SConstruct or the place.
    """

    def __init__(self, project: Project, place: Place) -> None:
        self.folder, self.environ = place.folder, environment(cache=place.cache)
        self.lasts_for = self.signature(project, place.folder)
        self.process = self.begin(project)

    @classmethod
    def signature(cls, project: Project, folder: Path) -> object:
        return str(folder), options(project), project.asked, project.own_script, project.files().get("SConstruct")

    def begin(self, project: Project) -> subprocess.Popen[bytes]:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class Interactive(Session):
    """SCons reads an SConstruct only once, and therefore also package.json and the list of sources."""

    @classmethod
    def signature(cls, project: Project, folder: Path) -> object:
        files = project.files()
        manifests = {name: text for name, text in files.items() if name.endswith("package.json")}
        return super().signature(project, folder), manifests, sorted(files)

    def begin(self, project: Project) -> subprocess.Popen[bytes]:
        script = [] if project.own_script else ["-f", str(SCONSTRUCT)]
        process = subprocess.Popen(
            [*SCONS, *script, "--interactive", "-Q", "-j2", *options(project)],
            cwd=self.folder,
            env={**self.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._read(process)
        return process

    def build(self, project: Project) -> Built:
        assert self.process.stdin
        self.process.stdin.write(" ".join(["build", *project.asked]).encode() + b"\n")
        self.process.stdin.flush()
        text = self._read(self.process)
        return checked(2 if re.search(r"^scons: \*\*\*", text, re.M) else 0, text)

    def _read(self, process: subprocess.Popen[bytes]) -> str:
        """The output up to the next prompt."""
        assert process.stdout
        data = b""
        while not data.endswith(PROMPT.encode()):
            more = os.read(process.stdout.fileno(), 65536)
            data += more
            if not more:
                raise Difference(f"scons --interactive ended:\n{data.decode('utf-8', 'backslashreplace')}")
        return data.decode("utf-8", "backslashreplace")

    def close(self) -> None:
        self.process.communicate(b"exit\n", timeout=SECONDS)


class Watch(Session):
    WAITING = b"waiting for changes\n"

    def begin(self, project: Project) -> subprocess.Popen[bytes]:
        self.log = self.folder.with_name("watch.log")
        with open(self.log, "wb") as log:
            return subprocess.Popen(
                [*REBEL, "watch", "-j2", *options(project), *project.asked],
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def until(self, is_right: Callable[[bool], bool]) -> Built:
        """Wait until the last build is over and `is_right`, which gets whether it succeeded, returns true.

        Errors: Difference, if that does not happen within minutes, or the command ends.
        """
        last, begin = b"", time.monotonic()
        end = begin + SECONDS
        while time.monotonic() < end:
            data = self.log.read_bytes()
            if self.process.poll() is not None:
                raise Difference(f"rebel watch ended:\n{data.decode('utf-8', 'backslashreplace')}")
            if data.endswith(self.WAITING):
                went_well = b": failed; " not in data.splitlines()[-1]
                if (data != last or time.monotonic() > begin + 2) and is_right(went_well):
                    text = data.decode("utf-8", "backslashreplace")
                    return checked(0 if went_well else 2, text)
                last = data
            time.sleep(0.02 if time.monotonic() < begin + 2 else 0.5)
        raise Difference(f"rebel watch does not come to the right state:\n{self.log.read_text()}")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(SECONDS)


# The server


def server_process(folder: Path) -> int:
    """The id of the resident server's process; 0 if there is none."""
    words = [*REBEL, "server", "status", "--json"]
    done = subprocess.run(words, cwd=folder, env=environment(), capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout or "{}")
    return int(answer.get("process", 0))


def stop_server(folder: Path) -> None:
    subprocess.run([*REBEL, "server", "stop"], cwd=folder, env=environment(), capture_output=True, check=True)


# Kills


class Kill(NamedTuple):
    """whom: the way of the build, or "the server"; counted if a command of the build was running at that moment."""

    whom: str
    signal: str


def kill(rng: random.Random, way: str, project: Project, place: Place) -> Kill | None:
    """Kill a build while one of its commands runs; None if it ended before.

    Either the whole group gets the signal, as from a terminal or at the end of a session, or only the first process.
    SIGKILL always goes to all, because otherwise the compilers would continue to write.
    """
    server = server_process(place.folder) if way == "server" else 0
    process = start(way, project, place)
    victim = server if server and rng.random() < 0.5 else process.pid
    is_running = catch(rng, process, server or process.pid)
    number = rng.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
    if is_running:
        to_all = number == signal.SIGKILL or rng.random() < 0.5
        try:
            (os.killpg if to_all else os.kill)(victim, number)
        except ProcessLookupError:
            is_running = False
    process.wait(SECONDS)
    return Kill("the server" if victim == server else way, signal.Signals(number).name) if is_running else None


def catch(rng: random.Random, process: subprocess.Popen[bytes], root: int) -> bool:
    """Wait for one of the first commands of a build; return whether one is running."""
    wanted, seen = rng.choice((1, 2, 3, 5, 8, 12)), set()
    while process.poll() is None:
        running = set(commands_below(root))
        seen |= running
        if running and len(seen) >= wanted:
            time.sleep(rng.choice((0, 0.002, 0.008)))
            return any(_is_command(each) for each in running)
        time.sleep(0.001)
    return False


def commands_below(process: int) -> Iterator[int]:
    """The descendants of a process that are compilers or other commands (proc(5), on Linux)."""
    for child in _children(process):
        if _is_command(child):
            yield child
        else:
            yield from commands_below(child)


def _children(process: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{thread}/children", encoding="ascii") as file:
                found += map(int, file.read().split())
    except OSError:  # it has ended
        pass
    return found


def _is_command(process: int) -> bool:
    """Whether it is running, and is not Python."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            name, _, state = file.read().rpartition(")")
    except OSError:
        return False
    return "(python" not in name and state.split()[0] not in "ZX"
