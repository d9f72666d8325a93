"""How long does `symbol-audit exports` take for a package, compared with the libraries that are in it?

    python benchmarks/read_archive.py [PACKAGE.deb]

By default the package is Debian's libc6 with 273 libraries, which apt-get downloads. Processor time of whole processes,
which take turns; printed are medians, their ratio, and how long `dpkg-deb -x` takes to unpack the package. The output
of a run is in `measured/read_archive.txt`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 9
PACKAGE = "libc6"


def seconds(words: Sequence[str]) -> float:
    """The processor time of a command."""
    before = os.times()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)})
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def downloaded(folder: Path) -> Path:
    subprocess.run(["apt-get", "-q", "download", PACKAGE], cwd=folder, check=True, capture_output=True)
    return next(folder.glob("*.deb"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", nargs="?", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        package = arguments.package or downloaded(Path(folder))
        unpack = ["dpkg-deb", "-x", str(package), os.path.join(folder, "unpacked")]
        subprocess.run(unpack, check=True)
        files = [
            str(path)
            for path in sorted(Path(folder, "unpacked").rglob("*.so*"))
            if path.is_file() and not path.is_symlink()
        ]
        exports = [sys.executable, "-m", "rebel_tools.cli.symbol_audit", "exports"]
        commands = {"package": [*exports, str(package)], "files": [*exports, *files], "unpack": unpack}
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, words in commands.items():
                times[name].append(seconds(words))
    median = {name: statistics.median(found) for name, found in times.items()}
    print(f"{package.name}: {len(files)} libraries")
    print(f"package {median['package']:.2f} s, files {median['files']:.2f} s, dpkg-deb -x {median['unpack']:.2f} s")
    print(f"{median['package'] / median['files']:.2f} of the files (limit 2)")
    print(f"{median['package'] / (median['files'] + median['unpack']):.2f} of unpacking and reading them")


if __name__ == "__main__":
    main()
