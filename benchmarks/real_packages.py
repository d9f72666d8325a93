#!/usr/bin/env python3
"""Builds packages that other people wrote, their sources untouched, with a package.json alone.

    python benchmarks/real_packages.py FOLDER [NAME ...]

The sources come from Debian's archive with `apt-get source` into FOLDER, from a list of sources of its own, so that
neither root nor a change of the system is needed. docs/real-packages.md has the results.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

MIRROR = "http://deb.debian.org/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def version(text: str) -> dict[str, object]:
    return {"command": ["echo", text], "stdout": "version.ml"}


# Name of the source package -> its package.json.
PACKAGES: dict[str, dict[str, object]] = {
    "ocamlgraph": {"name": "graph", "rebel": {"targets": []}},
    "psmt2-frontend": {
        "name": "psmt2-frontend",
        "rebel": {"module": "Psmt2Frontend", "sources": ["src/lib"], "targets": []},
    },
    "spamoracle": {
        "name": "spamoracle",
        "rebel": {
            "sources": ["."],
            "targets": [{"entry": "main.ml"}],
            "ocamlfindDependencies": ["str", "unix"],
            "rules": [
                {
                    "command": ["gcc", "-E", "-P", "-DFRENCH", "-x", "c", "wordsplit.mlp"],
                    "sources": ["wordsplit.mlp"],
                    "stdout": "wordsplit.mll",
                }
            ],
        },
    },
    "bibtex2html": {
        "name": "bibtex2html",
        "rebel": {
            "sources": ["."],
            "ocamlfindDependencies": ["str", "unix"],
            "targets": [{"target": name, "entry": f"{entry}.ml"} for name, entry in
                        (("bibtex2html", "main"), ("bib2bib", "bib2bib"))],
            "rules": [version('let version = "1.99" let date = "today"')],
        },
    },
    "extlib": {
        "name": "extlib",
        "rebel": {
            "targets": [],
            "sources": ["src", "!src/configure.ml", "!src/install.ml"],
            "wrapped": False,
            "preprocessor": ["cppo", "-D", "OCAML 413", "-D", "WITH_BYTES"],
        },
    },
    "cudf": {
        "name": "cudf",
        "dependencies": {"extlib": "*"},
        "rebel": {
            "sources": ["*.ml*", "!*.mllib", "!test*", "!main*", "!myocamlbuild.ml", "!cudf_c.ml"],
            "wrapped": False,
            "targets": [],
        },
    },
}  # fmt: skip


def main() -> int:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    work, names = Path(sys.argv[1]).resolve(), sys.argv[2:] or list(PACKAGES)
    for name in names:
        folder = fetch(work, name)
        (folder / "package.json").write_text(json.dumps(PACKAGES[name], indent=2) + "\n")
        uses = PACKAGES[name].get("dependencies", {})
        for used in uses if isinstance(uses, dict) else ():
            link = folder / "node_modules" / used
            link.parent.mkdir(exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(fetch(work, used))
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "rebel_tools", "build"], cwd=folder, capture_output=True, text=True
        )
        print(f"{folder.name}: {'built' if done.returncode == 0 else 'failed'}, {time.monotonic() - started:.1f} s")
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
    return 0


def fetch(work: Path, name: str) -> Path:
    """The folder with the unpacked sources of a package below `work`, fetched when they are not there."""
    place = work / name
    if not place.exists():
        (work / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        place.mkdir()
        (work / "sources.list").write_text(f"deb-src [signed-by={KEYRING}] {MIRROR} bookworm main\n")
        options = {"Etc::sourcelist": work / "sources.list", "Etc::sourceparts": "-", "State::lists": work / "lists"}
        words = [word for key, value in options.items() for word in ("-o", f"Dir::{key}={value}")]
        words += ["-o", f"Dir::Cache={work}", "-o", "APT::Sandbox::User="]
        if not any(work.glob("lists/*_Sources*")):
            subprocess.run(["apt-get", "-q", *words, "update"], cwd=place, check=True)
        # Debian's own part of the sources is not needed, and may be gone from the mirror.
        subprocess.run(["apt-get", "-q", *words, "source", "--download-only", name], cwd=place, check=False)
        archive = next(place.glob("*.orig.tar.*"), None)
        if archive is None:
            sys.exit(f"the sources of {name} cannot be fetched (is this Debian, and is {KEYRING} there?)")
        subprocess.run(["tar", "xf", archive.name], cwd=place, check=True)
    return next(path for path in place.iterdir() if path.is_dir())


if __name__ == "__main__":
    sys.exit(main())
