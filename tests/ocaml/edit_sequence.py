#!/usr/bin/env python3
"""Edit random projects at random; after each edit the build must equal a clean one, and a second build do nothing.

    python tests/ocaml/edit_sequence.py [--seed 1] [--sequences 5] [--edits 20]

After every edit the project is built incrementally, then built from nothing *at the same path* (paths are in .cmt files
and debugging information), and both results are compared byte for byte; where the clean build fails the incremental
one must fail, too. Then it is built again, which must write no file. Outputs are also deleted and damaged, sources
touched, files written with old time stamps, and builds killed. Some projects are built by package.json, some by an
SConstruct with the tool `ocaml`. The first difference stops the run, shows the history, and leaves both trees to look
at.
"""

from __future__ import annotations

import argparse
import copy
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT / "tests"), str(ROOT)]

import random_edits  # noqa: E402
import random_project  # noqa: E402

COMMAND = [sys.executable, "-m", "SCons"]
SCONSTRUCT = ROOT / "rebel_tools" / "scons" / "SConstruct"


class Difference(AssertionError):
    """An incremental build that is not what it should be."""


@dataclass
class Built:
    rc: int
    text: str


@dataclass
class Sequence:
    """One project in the folder `work`/project, and what was done to it so far."""

    work: Path
    rng: random.Random
    command: list = field(default_factory=lambda: COMMAND)
    history: list = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder = self.work / "project"
        self.with_cache = False
        self.folder.mkdir(parents=True)
        self.project = random_project.random_project(self.rng)
        self.past: list = []
        self.project.scripted = self.rng.random() < 0.35
        if self.rng.random() < 0.3:
            self.project.targets.append("byte")
        if not self.project.scripted:
            self.with_cache = self.rng.random() < 0.5
            profile = f"--build-profile={self.rng.choice(('dev', 'release'))}"
            self.command = [*self.command, "-f", str(SCONSTRUCT), profile]
            if self.rng.random() < 0.4:
                random_edits.edit_targets(self.rng, self.project)

    def run(self, edits: int) -> None:
        self.step("new project")
        for _ in range(edits):
            self.step(self.edit())
        self.check_removed()

    def step(self, description: str) -> None:
        self.history.append(description)
        self.past.append(copy.deepcopy(self.project))
        before = stamps(self.folder)
        random_project.write(self.project, self.folder)
        if self.rng.random() < 0.1:
            self.history.append("with the old time stamps")
            self.set_back(before)
        if self.rng.random() < 0.1:
            self.history.append("a build that is killed")
            self.killed_build()
        incremental = self.build()
        self.meddle_with_cache()
        if incremental.rc == 0:
            self.check_null()
        elif not self.project.broken:
            raise Difference(f"a project without errors does not build:\n{incremental.text}")
        self.check_clean(incremental)

    def edit(self) -> str:
        """Edit the sources, once or twice, or meddle with files behind the build's back."""
        if self.rng.random() < 0.15:
            return self.meddle()
        if self.rng.random() < 0.1:
            when = self.rng.randrange(len(self.past))
            self.project = copy.deepcopy(self.past[when])
            return f"back to the sources of step {when}"
        return "; ".join(random_edits.random_edit(self.rng, self.project) for _ in range(self.rng.choice((1, 1, 2))))

    def meddle(self) -> str:
        outputs = sorted(p for p in (self.folder / "_build").rglob("*") if is_output(p))
        sources = sorted(p for p in self.folder.rglob("src/**/*") if p.is_file())
        what = self.rng.choice(("delete", "damage", "touch", "touch output", "remove folder"))
        if what == "touch" or not outputs:
            path = self.rng.choice(sources)
            path.touch()
        elif what == "touch output":
            path = self.rng.choice(outputs)
            path.touch()
        elif what == "delete":
            path = self.rng.choice(outputs)
            path.unlink()
        elif what == "damage":
            before = stamps(self.folder)
            path = self.rng.choice(outputs)
            path.write_bytes(path.read_bytes()[:-1] + b"?")
            if self.rng.random() < 0.5:
                self.set_back(before)
        else:
            path = self.rng.choice(outputs).parent
            shutil.rmtree(path)
        return f"{what} {path.relative_to(self.folder)}"

    def meddle_with_cache(self) -> None:
        """Damage one file of the cache, now and then: what is made must not show it."""
        kept = sorted(path for path in (self.work / "cache").rglob("*") if path.is_file())
        if kept and self.rng.random() < 0.3:
            path = self.rng.choice(kept)
            data = path.read_bytes()
            where = self.rng.randrange(len(data))
            whole = data[:where] + bytes([data[where] ^ 1]) + data[where + 1 :]
            path.write_bytes(self.rng.choice((whole, data[:where])))
            self.history.append(f"damage {path.name} in the cache")

    def environment(self, is_clean: bool = False) -> dict:
        """A clean build, with which others are compared, does without what these have left."""
        return {**environment(), "REBEL_CACHE": str(self.work / "cache") if self.with_cache and not is_clean else "0"}

    def set_back(self, before: dict) -> None:
        """Give files the time stamps that they had, as who copies an older one does."""
        now = stamps(self.folder)
        for name in now.keys() & before.keys():
            if now[name] != before[name]:
                os.utime(self.folder / name, ns=(before[name], before[name]))

    def scons(self) -> list:
        """The command of the next build; -k has SCons see the whole graph."""
        options = [f"-j{self.rng.choice((1, 2, 4))}", *self.rng.choice(([], [], [], ["-k"]))]
        return [*self.command, *options, *self.project.asked]

    def build(self, is_clean: bool = False) -> Built:
        environ = self.environment(is_clean)
        done = subprocess.run(self.scons(), cwd=self.folder, env=environ, capture_output=True, text=True)
        if "Traceback" in done.stderr:
            raise Difference(f"a traceback:\n{done.stderr}")
        return Built(done.returncode, done.stdout + done.stderr)

    def killed_build(self) -> None:
        process = subprocess.Popen(
            self.scons(),
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(self.rng.uniform(0.2, 1.0))
        except subprocess.TimeoutExpired:
            # The whole group, as a terminal's Ctrl-C or the end of a session does: no compiler writes on.
            os.killpg(process.pid, self.rng.choice((signal.SIGINT, signal.SIGKILL)))
            process.wait()

    def check_null(self) -> None:
        before = stamps(self.folder)
        again = self.build()
        written = sorted(n for n, stamp in stamps(self.folder).items() if before.get(n) != stamp)
        if again.rc or written:
            raise Difference(f"a second build wrote {written} (exit status {again.rc}):\n{again.text}")

    def check_removed(self) -> None:
        """`scons -c` leaves the sources only."""
        subprocess.run([*self.command, "-c"], cwd=self.folder, env=environment(), capture_output=True, check=True)
        files = {p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if is_left_by_us(p)}
        left = files - self.project.files().keys() - {".sconsign.dblite"}
        if left:
            raise Difference(f"scons -c leaves {sorted(left)}")

    def check_clean(self, incremental: Built) -> None:
        kept = self.work / "incremental"
        self.folder.rename(kept)
        without = shutil.ignore_patterns("_build", ".scons*")
        for is_clean in (True, False) if self.with_cache else (True,):
            shutil.copytree(kept, self.folder, ignore=without, symlinks=True)
            compare(incremental, self.build(is_clean), kept, self.folder)
            shutil.rmtree(self.folder)
        kept.rename(self.folder)


def compare(incremental: Built, clean: Built, kept: Path, fresh: Path) -> None:
    """Raise Difference unless both builds ended alike, and after success with the same files."""
    if incremental.rc != clean.rc:
        texts = f"incremental:\n{incremental.text}\nclean:\n{clean.text}"
        raise Difference(f"exit status {incremental.rc}, but {clean.rc} from clean\n{texts}")
    if clean.rc:
        return
    old, new = contents(kept), contents(fresh)
    if old != new:
        rows = [f"  left over: {n}" for n in sorted(old.keys() - new.keys())]
        rows += [f"  missing: {n}" for n in sorted(new.keys() - old.keys())]
        rows += [f"  different: {n}" for n in sorted(old.keys() & new.keys()) if old[n] != new[n]]
        raise Difference("not as a clean build:\n" + "\n".join(rows) + f"\n{incremental.text}")


def is_left_by_us(path: Path) -> bool:
    """Whether it is a file, but not a temporary one of a killed compiler or `ar`, which nobody could know of."""
    return path.is_file() and not re.fullmatch(r"st\w{6}|.*\.cm\w+[0-9a-f]{6}\.tmp", path.name)


def is_output(path: Path) -> bool:
    """Whether the file belongs to the result of a build, and not to the memory of the build system."""
    return is_left_by_us(path) and not path.name.startswith(".")


def contents(folder: Path) -> dict:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if is_output(p)}


def stamps(folder: Path) -> dict:
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in folder.rglob("*") if is_output(p)}


def environment() -> dict:
    found = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
    return {**found, "REFMT": random_project.REFMT} if random_project.REFMT else found


def run_sequence(work: Path, seed: int, edits: int) -> None:
    """One random project with that many edits. Errors: Difference, with the seed and the history."""
    sequence = Sequence(work, random.Random(seed))
    try:
        sequence.run(edits)
    except Difference as error:
        history = "\n".join(f"  {n}. {what}" for n, what in enumerate(sequence.history))
        raise Difference(f"seed {seed}, after\n{history}\n{error}") from None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="of the first sequence; the others count on")
    parser.add_argument("--sequences", type=int, default=5)
    parser.add_argument("--edits", type=int, default=20, help="edits in each sequence")
    options = parser.parse_args()
    for seed in range(options.seed, options.seed + options.sequences):
        work = Path(tempfile.mkdtemp(prefix="edit_sequence"))
        try:
            run_sequence(work, seed, options.edits)
        except Difference as error:
            print(f"{error}\nthe trees are in {work}", file=sys.stderr)
            return 1
        shutil.rmtree(work)
        print(f"seed {seed}: {options.edits} edits, every build equal to a clean one", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
