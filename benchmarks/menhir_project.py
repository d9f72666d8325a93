"""A real project, menhir (a parser generator, 160 modules in 5 packages), in the forms of rebel-tools and of dune.

The sources come from Debian's archive with `apt-get source`, through a sources list of its own, without root
and without changing the system. The modules that menhir generates from its own .mll and .mly files are generated once,
for both, with ocamllex and ocamlyacc (menhir's own first stage of two).

Nearly all modules have an interface, and for these dune leaves out -bin-annot when it builds native code only. Here,
both get it, so that both write a .cmt file for each module.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import debian_source
from ocaml_edits import Places

# Folder in menhir's sources -> name of the package; each may use those before it.
LIBRARIES = {"fix/src": "vendored_fix", "pprint/src": "vendored_pprint", "lib": "menhirLib", "sdk": "menhirSdk"}
VERSION = "20220210"

# Without the program's own effects: a top-level effect only changes the implementation.
PLACES = Places(
    bottom="node_modules/vendored_fix/src/Gensym.ml",
    middle="src/codeBits",
    top="src/main.ml",
    base="node_modules/vendored_fix/src/Gensym",
    body="let () = ignore (Sys.opaque_identity {})\n",
    top_text="let () = ignore (Sys.opaque_identity {})\n",
)


def fetch(work: Path) -> Path:
    """The folder with the unpacked sources below `work`, which are downloaded if necessary."""
    return debian_source.fetch(work, "menhir")


def arrange(source: Path, folder: Path) -> None:
    """Write menhir's sources into `folder`, with a package.json and a dune file for each package."""
    for place, name in LIBRARIES.items():
        _copy(folder / "node_modules" / name / "src", source / place)
    # In dune, this package is unwrapped, and one module is left out.
    (folder / "node_modules/vendored_pprint/src/PPrintMini.ml").unlink()
    (folder / "node_modules/menhirLib/src/StaticVersion.mli").write_text(f"val require_{VERSION}: unit\n")
    (folder / "node_modules/menhirLib/src/StaticVersion.ml").write_text(f"let require_{VERSION} = ()\n")
    (folder / "node_modules/menhirSdk/src/version.ml").write_text(f'let version = "{VERSION}"\n')
    _copy(folder / "src", source / "src", source / "src/StackLang", source / "src/stage1")
    _generate(folder / "src", source / "src")
    for name in LIBRARIES.values():
        _package(folder / "node_modules" / name, name, f"(library (name {name}) (modes native) {_flags()})")
    uses = " ".join(LIBRARIES.values())
    _package(
        folder,
        "menhir",
        f"(executable (name main) (modes exe) {_flags('-open MenhirSdk')} (libraries unix {uses}))",
        dependencies=dict.fromkeys(LIBRARIES.values(), "*"),
        rebel={
            "ocamlfindDependencies": ["unix"],
            "flags": {"compile": "-open MenhirSdk"},
            "targets": [{"target": "default", "engine": "native", "entry": "src/main.ml"}],
        },
    )
    (folder / "dune-project").write_text("(lang dune 2.0)\n")


def _copy(to: Path, *folders: Path) -> None:
    to.mkdir(parents=True)
    for path in (path for folder in folders for path in folder.iterdir()):
        if path.suffix in (".ml", ".mli"):
            shutil.copy(path, to)


def _generate(to: Path, source: Path) -> None:
    for path in source.glob("*.mll"):
        subprocess.run(["ocamllex", "-q", "-o", to / f"{path.stem}.ml", path], check=True)
    for path in (source / "sentenceParser.mly", source / "stage1/parser.mly"):
        subprocess.run(["ocamlyacc", f"-b{to / path.stem}", path], check=True)
    (to / "standard_mly.ml").write_text("let contents = {|" + (source / "standard.mly").read_text() + "|}\n")
    (to / "profile.ml").write_text("let release = true\n")


def _flags(more: str = "") -> str:
    return f"(flags (-w -a -g {more})) (ocamlopt_flags (-bin-annot))"


def _package(folder: Path, name: str, dune: str, dependencies: dict | None = None, rebel: dict | None = None) -> None:
    public = (folder / "src" / f"{name.capitalize()}.ml").exists()
    rebel = rebel or ({"publicModule": True} if public else {})
    data = {"name": name, "version": "1.0.0", "dependencies": dependencies or {}, "rebel": rebel}
    (folder / "package.json").write_text(json.dumps(data, indent=2) + "\n")
    (folder / "src" / "dune").write_text(dune + "\n")
