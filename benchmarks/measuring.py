"""One command with its time and memory, and rounds in which several contestants take turns."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MB = 1024 * 1024


@dataclass(frozen=True)
class Sample:
    """Seconds of wall time and processor time, and peak memory in megabytes.

    The memory is that of the largest process, and of all at once: the second is a sum of resident sizes that is sampled
    ten times a second, in which pages that processes share are counted for each. stopped: the command was stopped
    before its end, and would have taken more.
    """

    wall: float
    cpu: float
    peak: float
    peak_sum: float
    stopped: bool = False


@dataclass(frozen=True)
class Result:
    """One scenario of one subject with one tool: medians over the rounds, and the compiler runs of the last round.

    stopped: the number of rounds in which the tool was stopped before its end; if it is not 0, the medians are lower
    bounds.
    """

    subject: str
    scenario: str
    tool: str
    wall: float
    cpu: float
    peak: float
    peak_sum: float
    runs: int
    rounds: int
    stopped: int = 0


def environment() -> dict:
    """An environment without caches, because building is measured."""
    without = {"DUNE_CACHE": "disabled", "REBEL_CACHE": "0"}
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "", **without}


@dataclass(frozen=True)
class Most:
    """Limits for wall and processor time. A command that exceeds both is stopped, as by Ctrl-C."""

    wall: float
    cpu: float


def timed(
    command: list,
    cwd: Path,
    log: Path | None = None,
    most: Most | None = None,
    environ: Mapping[str, str] | None = None,
) -> Sample:
    """Run one command, which must succeed; its output goes to `log` if that is given.

    environ: variables in addition to those of `environment()`.
    """
    with open(log, "w+b") if log else tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**environment(), **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        with _Watch(process.pid, most) as watch:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode and not watch.stopped:
            output.seek(0)
            sys.exit(f"{' '.join(command)} failed in {cwd}:\n{output.read().decode(errors='replace')[-4000:]}")
    peak = usage.ru_maxrss * 1024 / MB  # of the process and its children, whichever is largest
    return Sample(wall, usage.ru_utime + usage.ru_stime, peak, max(peak, watch.peak / MB), watch.stopped)


class _Watch:
    """Samples the resident sizes of a process and all its descendants while it runs, and interrupts it at the limit."""

    def __init__(self, pid: int, most: Most | None):
        self.pid, self.most, self.peak, self.stopped = pid, most, 0, False
        self.start = time.monotonic()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._look)

    def __enter__(self) -> _Watch:
        self.thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self.done.set()
        self.thread.join()

    def _look(self) -> None:
        while not self.done.wait(0.1):
            self.peak = max(self.peak, sum(map(_resident, _family(self.pid))))
            if self.most and not self.stopped and time.monotonic() - self.start > self.most.wall:
                self._stop_beyond(self.most.cpu)

    def _stop_beyond(self, cpu: float) -> None:
        if _cpu(self.pid) > cpu:
            self.stopped = True
            os.kill(self.pid, signal.SIGINT)


def _family(pid: int) -> Iterable[int]:
    yield pid
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                yield from _family(int(child))
    except OSError:
        return  # it has ended, or there is no /proc


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _cpu(pid: int) -> float:
    """The processor seconds of a process and of all its children that have ended, as wait4() counts them."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")  # utime, stime, cutime, cstime


def cpu_of_servers(folder: Path) -> dict[int, float]:
    """The processor seconds of each resident server of a project, including its children, by process id."""
    servers = {pid for pid in _processes_in(folder) if b"rebel_tools.scons.server" in _command(pid)}
    children = {child for pid in servers for child in _family(pid) if child != pid}
    return {pid: sum(map(_cpu, _family(pid))) for pid in servers - children}


def _processes_in(folder: Path) -> Iterable[int]:
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.path.samefile(f"/proc/{name}/cwd", folder):
                yield int(name)
        except OSError:  # it has ended, or belongs to another user
            continue


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def rounds(contestants: Mapping[str, Callable[[int], Sample]], count: int, budget: float) -> dict[str, list[Sample]]:
    """Let each contestant run once in every round, so that disturbances affect all of them alike.

    budget: seconds after which no further round begins.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in contestants}
    start = time.monotonic()
    for number in range(count):
        for name, run in contestants.items():
            samples[name].append(run(number))
        if time.monotonic() - start > budget:
            break
    return samples


def result(subject: str, scenario: str, tool: str, samples: list[Sample], runs: int = 0) -> Result:
    """The medians of the samples; they are also printed."""
    wall, cpu = (statistics.median(getattr(s, name) for s in samples) for name in ("wall", "cpu"))
    peak, peak_sum = (max(getattr(s, name) for s in samples) for name in ("peak", "peak_sum"))
    stopped = sum(s.stopped for s in samples)
    print(
        f"{subject:16} {scenario:18} {tool:12} {wall:8.2f} s  cpu {cpu:8.2f} s  {peak:5.0f} MB  "
        f"runs {runs}  rounds {len(samples)}  stopped {stopped}",
        flush=True,
    )
    return Result(subject, scenario, tool, wall, cpu, peak, peak_sum, runs, len(samples), stopped)
