#!/usr/bin/env python3
"""Builds packages of other people from their unmodified sources, with nothing added but a package.json.

    python benchmarks/real_packages.py FOLDER [NAME ...]

The sources are downloaded from Debian's archive into FOLDER with `apt-get source`, through a sources list of its own,
without root and without changing the system. docs/real-packages.md has the results.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

MIRROR = "http://deb.debian.org/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


SUITES = {"obus": "trixie"}
"""The release of Debian that the sources of a package come from, if it is not bookworm (12)."""

PACKAGES = Path(__file__).resolve().parent / "package_json"
"""`<source package>.json` is the package.json of each package."""

# Programs that use a package: the source, its output, and additional keys for its package.json.
PROGRAMS: dict[str, tuple[str, str, dict[str, object]]] = {
    "camlzip": ('let () = print_int (Int32.to_int (Zlib.update_crc_string 0l "abc" 0 3) land 0xffff)', "16834", {}),
    "ocaml-zarith": (
        "let () = print_string Z.(to_string (pow (of_int 7) 50))",
        "1798465042647412146620280340569649349251249",
        {},
    ),
    "cryptokit": (
        'let () = print_string Cryptokit.(transform_string (Hexa.encode ()) (hash_string (Hash.sha1 ()) "abc"))',
        "a9993e364706816aba3e25717850c26c9cd0d89d",
        {},
    ),
    "lwt": (
        'let () = Lwt_main.run (let%lwt () = Lwt_unix.sleep 0.01 in Lwt_io.print "slept")',
        "slept",
        {"uses": ["lwt", "lwt.unix"], "ppx": ["lwt.ppx"]},
    ),
    "ppx-sexp-conv": (
        "type t = { a : int; b : string list } [@@deriving sexp]\n"
        'let () = print_string (Sexplib0.Sexp.to_string (sexp_of_t { a = 1; b = [ "x"; "y z" ] }))',
        '((a 1)(b(x"y z")))',
        {"ppx": ["ppx-sexp-conv"], "flags": {"compile": ["-open", "Sexplib0.Sexp_conv"]}},
    ),
    "dose3": (
        'let () = print_int (Dose_versioning.Debian.compare "1.0~rc1" "1.0")',
        "-1",
        {"uses": ["dose3.versioning"]},
    ),
    "ocplib-endian": (
        'let () = print_int (EndianString.BigEndian.get_uint16 "ab" 0)',
        "24930",
        {},
    ),
}


def main() -> int:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    work, names = Path(sys.argv[1]).resolve(), sys.argv[2:] or sorted(path.stem for path in PACKAGES.iterdir())
    for name in names:
        folder = prepared(work, name)
        run(folder, "build")
        if "tests" in json.loads((folder / "package.json").read_text())["rebel"]:
            run(folder, "test")
        if name in PROGRAMS:
            use(work, name, folder)
    return 0


def prepared(work: Path, name: str) -> Path:
    """The folder of a package, with its package.json, and with its dependencies in node_modules."""
    folder, text = fetch(work, name), (PACKAGES / f"{name}.json").read_text()
    (folder / "package.json").write_text(text)
    for used in json.loads(text).get("dependencies", ()):
        link = folder / "node_modules" / used
        link.parent.mkdir(exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(prepared(work, used))
    return folder


def run(folder: Path, command: str) -> None:
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "rebel_tools", command], cwd=folder, capture_output=True, text=True)
    result = done.stdout.strip().rpartition("\n")[2]
    print(f"{folder.name}: {command} {'ends well' if done.returncode == 0 else 'fails'}, "
          f"{time.monotonic() - started:.1f} s, {result}")  # fmt: skip
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def use(work: Path, name: str, folder: Path) -> None:
    """Build and run a program that uses a package, with both engines."""
    place, (text, expected, more) = work / "programs" / name, PROGRAMS[name]
    (place / "src").mkdir(parents=True, exist_ok=True)
    (place / "node_modules").mkdir(exist_ok=True)
    (place / "src" / "index.ml").write_text(text + "\n")
    link = place / "node_modules" / name
    if not link.is_symlink():
        link.symlink_to(folder)
    targets = [{"target": engine, "engine": engine, "entry": "src/index.ml"} for engine in ("native", "byte")]
    package = {"name": "program", "dependencies": {name: "*"}, "rebel": {"targets": targets, **more}}
    (place / "package.json").write_text(json.dumps(package) + "\n")
    run(place, "build")
    for engine in ("native", "byte"):
        said = subprocess.run([f"_build/{engine}/src/app.out"], cwd=place, check=True, capture_output=True, text=True)
        print(f"  {engine}: {'right' if said.stdout == expected else f'wrong: {said.stdout}'}")
        if said.stdout != expected:
            sys.exit(1)


def fetch(work: Path, name: str) -> Path:
    """The folder with the unpacked sources of a package below `work`, which are downloaded if necessary."""
    place, suite = work / name, SUITES.get(name, "bookworm")
    if not place.exists():
        lists, listed = work / suite, work / f"{suite}.list"
        (lists / "partial").mkdir(parents=True, exist_ok=True)
        place.mkdir()
        listed.write_text(f"deb-src [signed-by={KEYRING}] {MIRROR} {suite} main\n")
        options = {"Etc::sourcelist": listed, "Etc::sourceparts": "-", "State::lists": lists}
        words = [word for key, value in options.items() for word in ("-o", f"Dir::{key}={value}")]
        words += ["-o", f"Dir::Cache={work}", "-o", "APT::Sandbox::User="]
        if not any(lists.glob("*_Sources*")):
            subprocess.run(["apt-get", "-q", *words, "update"], cwd=place, check=True)
        # Debian's own part of the sources is not needed, and may be missing on the mirror.
        subprocess.run(["apt-get", "-q", *words, "source", "--download-only", name], cwd=place, check=False)
        archive = next(place.glob("*.orig.tar.*"), None)
        if archive is None:
            sys.exit(f"the sources of {name} cannot be fetched (is this Debian, and is {KEYRING} there?)")
        subprocess.run(["tar", "xf", archive.name], cwd=place, check=True)
    return next(path for path in place.iterdir() if path.is_dir())


if __name__ == "__main__":
    sys.exit(main())
