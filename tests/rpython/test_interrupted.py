"""An interrupted translation leaves the target as it was, and nothing half-written beside it."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest
from conftest import SEPCOMP
from hang import SECONDS
from test_refused import copy_of

STAGES = {"annotating": "", "compiling": "Makefile"}  # a file in the working folder that shows the progress


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
@pytest.mark.parametrize("stage", STAGES)
def test_interrupted(toolchain, built, tmp_path, stage, number):
    folder = copy_of(built, tmp_path)
    out = folder / "out"
    before = contents(out)
    process = subprocess.Popen(
        [
            toolchain.python,
            "-B",
            SEPCOMP,
            "extension",
            "ext_b.py",
            "--core",
            "out/core.interface",
            "--core-library",
            "out/libcore.so",
            "--output-dir",
            "out",
            "--rpython",
            toolchain.rpython,
        ],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(out / "ext_b.sepcomp" / STAGES[stage], process)
    time.sleep(0.2)
    process.send_signal(number)
    said = process.communicate(timeout=SECONDS)[1]
    assert process.returncode != 0
    assert contents(out) == before
    if number != signal.SIGKILL:
        assert said == "ext_b: interrupted; nothing was written\n"
        assert not (out / "ext_b.sepcomp").exists()


def contents(folder):
    """The files except logs; a killed translation leaves files only in its own working folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.suffix != ".log"}


def wait_for(path, process):
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if path.exists():
            return
        assert process.poll() is None, "the translation ended before it could be interrupted"
        time.sleep(0.01)
    pytest.fail(f"{path} did not appear")
