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
    "camlzip": {
        "name": "camlzip",
        "rebel": {
            "sources": ["."],
            "wrapped": False,
            "targets": [],
            "ocamlfindDependencies": ["unix"],
            "stubs": {"sources": ["zlibstubs.c"], "pkgConfig": ["zlib"]},
        },
    },
    "ocaml-zarith": {
        "name": "ocaml-zarith",
        "rebel": {
            "sources": ["z.ml*", "q.ml*", "big_int_Z.ml*", "zarith_version.ml"],
            "wrapped": False,
            "targets": [],
            "rules": [{"command": ["echo", 'let version = "1.12" let backend = "gmp"'], "stdout": "zarith_version.ml"}],
            "stubs": {"sources": ["caml_z.c"], "headers": ["zarith.h"], "flags": "-DHAS_GMP", "libraries": ["gmp"]},
        },
    },
    "cryptokit": {
        "name": "cryptokit",
        "dependencies": {"ocaml-zarith": "*"},
        "rebel": {
            "sources": ["src/*.ml*", "!src/cryptokitBignumOld.*"],
            "wrapped": False,
            "targets": [],
            "ocamlfindDependencies": ["unix"],
            "stubs": {
                "sources": ["src/*.c"],
                "flags": ["-DHAVE_ZLIB", "-DHAVE_GETENTROPY", "-maes", "-mpclmul", "-DBLAKE3_NO_SSE2",
                          "-DBLAKE3_NO_SSE41", "-DBLAKE3_NO_AVX2", "-DBLAKE3_NO_AVX512", "-DBLAKE3_USE_NEON=0"],
                "libraries": ["z"],
            },
        },
    },
}  # fmt: skip

# What uses a package with C: a program, and what it prints. Its own package.json names the package, and nothing else.
PROGRAMS = {
    "camlzip": ('let () = print_int (Int32.to_int (Zlib.update_crc_string 0l "abc" 0 3) land 0xffff)', "16834"),
    "ocaml-zarith": (
        "let () = print_string Z.(to_string (pow (of_int 7) 50))",
        "1798465042647412146620280340569649349251249",
    ),
    "cryptokit": (
        'let () = print_string Cryptokit.(transform_string (Hexa.encode ()) (hash_string (Hash.sha1 ()) "abc"))',
        "a9993e364706816aba3e25717850c26c9cd0d89d",
    ),
}


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
        if name in PROGRAMS:
            use(work, name, folder)
    return 0


def use(work: Path, name: str, folder: Path) -> None:
    """Build and run a program that uses a package, with both engines."""
    place, (text, expected) = work / "programs" / name, PROGRAMS[name]
    (place / "src").mkdir(parents=True, exist_ok=True)
    (place / "node_modules").mkdir(exist_ok=True)
    (place / "src" / "index.ml").write_text(text + "\n")
    link = place / "node_modules" / name
    if not link.is_symlink():
        link.symlink_to(folder)
    targets = [{"target": engine, "engine": engine, "entry": "src/index.ml"} for engine in ("native", "byte")]
    package = {"name": "program", "dependencies": {name: "*"}, "rebel": {"targets": targets}}
    (place / "package.json").write_text(json.dumps(package) + "\n")
    build = [sys.executable, "-m", "rebel_tools", "build"]
    subprocess.run(build, cwd=place, check=True, stdout=subprocess.DEVNULL)
    for engine in ("native", "byte"):
        said = subprocess.run([f"_build/{engine}/src/app.out"], cwd=place, check=True, capture_output=True, text=True)
        print(f"  {engine}: {'right' if said.stdout == expected else f'wrong: {said.stdout}'}")
        if said.stdout != expected:
            sys.exit(1)


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
