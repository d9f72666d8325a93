"""`.merlin` files: how merlin and ocaml-lsp find the modules of a package.

Grammar: one directive a line, the rest of the line being its argument (merlin, src/dot-merlin/dot_merlin_reader.ml):
`S` and `B` are source and build folders relative to the file, `PKG` findlib packages, `FLG` compiler flags split as a
shell does, `#` a comment. For .re and .rei merlin starts `ocamlmerlin-reason` (opam package reason) by itself: a
`READER` line would send .ml files there, too, and a `-pp` flag does not replace it.
"""

from __future__ import annotations

import os
import shlex
from typing import NamedTuple

from rebel_tools.errors import Place, RebelError

BEGIN = "# BEGIN rebel-tools: generated, changes here are lost; your own lines go outside of this block"
END = "# END rebel-tools"
_BEGIN_MARK = "# BEGIN rebel-tools"


class BrokenBlock(RebelError):
    """The marks around the generated part of a .merlin file were damaged, so that we cannot tell whose a line is."""


class Merlin(NamedTuple):
    """What an editor must know of one folder: paths are absolute, or relative to the current folder.

    sources: folders of sources. builds: folders of .cmi and .cmt. packages: findlib names.
    flags: compiler arguments, e.g. ("-open", "Foo", "-w", "+a"), without `-pp`.
    """

    sources: tuple = ()
    builds: tuple = ()
    packages: tuple = ()
    flags: tuple = ()


def render(merlin: Merlin, folder: str) -> str:
    """The generated block, for a .merlin in `folder`; each folder and package once, in the order given."""
    lines = [BEGIN]
    lines += [f"S {_relative(path, folder)}" for path in dict.fromkeys(merlin.sources)]
    lines += [f"B {_relative(path, folder)}" for path in dict.fromkeys(merlin.builds)]
    lines += [f"PKG {name}" for name in dict.fromkeys(merlin.packages)]
    if merlin.flags:
        lines.append(f"FLG {shlex.join(merlin.flags)}")
    return "\n".join([*lines, END, ""])


def merge(existing: str, block: str, path: str = ".merlin") -> str:
    """`existing` with its generated part replaced by `block`; a file that has none gets it at its top.

    So the user's lines come last when they start from nothing, and later flags win.
    Errors: BrokenBlock, where one of the two marks is missing or the order is wrong.
    """
    lines = existing.splitlines(keepends=True)
    begins = [n for n, line in enumerate(lines) if line.startswith(_BEGIN_MARK)]
    ends = [n for n, line in enumerate(lines) if line.strip() == END]
    if not begins and not ends:
        return block + existing
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        raise BrokenBlock(
            "the generated part of this file has lost one of its two marks",
            place=Place(path, line=(begins + ends)[0] + 1),
            expected=f"one line {BEGIN!r}, and later one line {END!r}",
            hint="delete what is left of the generated part, or the file",
        )
    return "".join(lines[: begins[0]]) + block + "".join(lines[ends[0] + 1 :])


def write_merlin(folder: str, merlin: Merlin) -> bool:
    """Bring `folder`/.merlin up to date; whether it had to be written. Errors: BrokenBlock, OSError."""
    path = os.path.join(folder, ".merlin")
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            existing = file.read()
    except FileNotFoundError:
        existing = ""
    text = merge(existing, render(merlin, folder), path)
    if text == existing:
        return False
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)
    return True


def remove_merlin(folder: str) -> None:
    """Take the generated block out of `folder`/.merlin, and the file away when nothing of the user's is in it."""
    path = os.path.join(folder, ".merlin")
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            existing = file.read()
    except FileNotFoundError:
        return
    text = merge(existing, "", path) if _BEGIN_MARK in existing else existing
    if text == existing:
        return
    if not text.strip():
        os.unlink(path)
        return
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(text)


def _relative(path: str, folder: str) -> str:
    """`path` as seen from `folder`: a checkout can then be moved. The reader expands `+x` and `*`, not quotes."""
    relative = os.path.relpath(path, folder)
    return f"./{relative}" if relative.startswith("+") else relative
