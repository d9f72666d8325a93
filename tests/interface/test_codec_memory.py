"""The memory for reading an interface file; separate from the quick tests of the codec, because it takes seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rebel_tools.interface import codec

ROOT = Path(codec.__file__).parents[2]


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc to measure memory")
@pytest.mark.parametrize(
    "unit",
    [b"]", b"]Na", b"}h\x00Ns", b"X\x02\x00\x00\x00ab"],
)
def test_memory_stays_bounded_for_the_densest_data(unit, tmp_path):
    """A process that reads the largest allowed number of values stays below 256 MB plus the size of the file."""
    memo = b"X\x01\x00\x00\x00kq\x00" if b"h" in unit else b""
    data = b"\x80\x02](" + memo + unit * (15_000_000 // len(unit)) + b"e."
    path = tmp_path / "bomb"
    path.write_bytes(data)
    script = (
        "import re, sys; from rebel_tools.interface import codec\n"
        "def peak(): return int(re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1])\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "before = peak()\n"
        "try: codec.loads(data)\n"
        "except codec.CodecError as e: print(e)\n"
        "print(peak() - before)\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split("\n")
    assert "too many" in out[0]
    assert int(out[1]) < 256 << 10  # KiB
