"""A core with --thread: the GIL, a shadow stack for each thread, and calls of C functions, during which others run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import HERE, once

SOURCES = HERE / "threads"
LOAD = """
import ctypes, os, sys, threading
core = ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
ext = ctypes.CDLL(sys.argv[2])
core.sepcomp_last_error.restype = ctypes.c_char_p
long = ctypes.c_long
for function in (core.c_start, ext.work, ext.await_byte, ext.sort, ext.call, ext.start):
    function.restype = long
assert ext.init_module() == 0

def weight(seed, n):
    return n * (n - 1) // 2 + sum(seed + i % 7 for i in range(n))

def in_threads(count, work):
    wrong = []

    def run(number):
        found, expected = work(number)
        if found != expected:
            wrong.append((number, found, expected, core.sepcomp_last_error()))
    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    return threads, wrong

def join(started):
    threads, wrong = started
    for thread in threads:
        thread.join()
    assert not wrong, wrong
"""
SCRIPTS = {
    "one entry point from eight threads": """
def many(number):
    found = [ext.work(long(number + i), long(100)) for i in range(60)]
    return found, [weight(number + i, 100) for i in range(60)]

for _ in range(3):      # threads end, and others come
    join(in_threads(8, many))
""",
    "a call of C lets others in": """
reading, writing = os.pipe()

def waiting(number):
    return ext.await_byte(long(reading), long(500)), 500 * 499 // 2 + 5

started = in_threads(4, waiting)
join(in_threads(8, lambda number: (ext.work(long(number), long(300)), weight(number, 300))))
assert all(thread.is_alive() for thread in started[0])
for _ in range(4):
    assert ext.send_byte(long(writing)) == 0
join(started)
""",
    "callbacks": """
join(in_threads(8, lambda number: (ext.sort(long(200 + number)), 199 + number)))
again = ctypes.CFUNCTYPE(long, long)(lambda n: ext.work(long(n), long(50)))
address = long(ctypes.cast(again, ctypes.c_void_p).value)
join(in_threads(8, lambda n: (ext.call(address, long(100 + n)), weight(100 + n, 50) + (100 + n) * (99 + n) // 2)))
""",
    "threads of rthread": """
join(in_threads(2, lambda number: (ext.work(long(number), long(300)), weight(number, 300))))
assert core.c_start(long(8)) == 8 * 1000 * 999 // 2 + 4950
assert ext.start(long(8)) == 400
assert core.c_start(long(2)) == 2 * 1000 * 999 // 2 + 4950
""",
}


@pytest.fixture(scope="module")
def threads(toolchain, shared) -> Path:
    def make(folder: Path) -> None:
        shutil.copytree(SOURCES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.pyc", "out"))
        toolchain.core(folder, "core", "--thread", "--debug")
        toolchain.extension(folder, "ext")

    return once(shared / "threads", make)


@pytest.mark.parametrize("env", [{}, {"PYPY_GC_NURSERY": "32k", "PYPY_GC_MIN": "256k", "PYPY_GC_DEBUG": "2"}], ids=len)
@pytest.mark.parametrize("what", SCRIPTS)
def test_threads(threads, what, env):
    command = [sys.executable, "-c", LOAD + SCRIPTS[what], threads / "out" / "libcore.so", threads / "out" / "ext.so"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env}, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
