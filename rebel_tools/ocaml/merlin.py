"""`.merlin` files: how merlin and ocaml-lsp find the modules of a package.

Grammar: one directive a line, the rest of the line being its argument (merlin, src/dot-merlin/dot_merlin_reader.ml):
`S` and `B` are source and build folders relative to the file, `PKG` findlib packages, `FLG` compiler flags, split as in
a shell, `#` a comment. For .re and .rei, merlin starts `ocamlmerlin-reason` (opam package reason) by itself: a
`READER` line would use it for .ml files, too, and a `-pp` flag does not replace it.
"""

from __future__ import annotations

import os
import shlex
import stat
from typing import NamedTuple

from rebel_tools.errors import Place, RebelError
from rebel_tools.memory.atomic import write_atomically

BEGIN = "# BEGIN rebel-tools: generated, changes here are lost; your own lines go outside of this block"
END = "# END rebel-tools"
_BEGIN_MARK = "# BEGIN rebel-tools"


class BrokenBlock(RebelError):
    """The marks around the generated part of a .merlin file are damaged, so generated lines cannot be identified."""


class Merlin(NamedTuple):
    """What an editor needs to know about one folder: paths are absolute, or relative to the current folder.

    sources: folders of sources. builds: folders of .cmi and .cmt. packages: findlib names.
    flags: compiler arguments, e.g. ("-open", "Foo", "-w", "+a"), without `-pp`.
    """

    sources: tuple[str, ...] = ()
    builds: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


def render(merlin: Merlin, folder: str) -> str:
    """The generated block, for a .merlin in `folder`; each folder and package once, in the order given.

    The grammar has no escapes: text with a newline, which could forge a directive, is left out.
    """
    lines = [f"S {_relative(path, folder)}" for path in dict.fromkeys(merlin.sources)]
    lines += [f"B {_relative(path, folder)}" for path in dict.fromkeys(merlin.builds)]
    lines += [f"PKG {name}" for name in dict.fromkeys(merlin.packages)]
    flags = [flag for flag in merlin.flags if _is_one_line(flag)]
    if flags:
        lines.append(f"FLG {shlex.join(flags)}")
    return "\n".join([BEGIN, *filter(_is_one_line, lines), END, ""])


def _is_one_line(text: str) -> bool:
    return "\n" not in text and "\r" not in text


def merge(existing: str, block: str, path: str = ".merlin") -> str:
    """`existing` with its generated part replaced by `block`; if it has none, the block is added at the top.

    So the user's own lines follow it in a new file, and later flags override earlier ones.
    Errors: BrokenBlock if one of the two marks is missing or their order is wrong.
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
    """Update `folder`/.merlin; return whether it had to be written. Errors: RebelError."""
    path = os.path.join(folder, ".merlin")
    existing = _read(path)
    text = merge(existing, render(merlin, folder), path)
    if text == existing:
        return False
    _write(path, text)
    return True


def remove_merlin(folder: str) -> None:
    """Remove the generated block from `folder`/.merlin, and the file if nothing else is in it.

    Errors: RebelError.
    """
    path = os.path.join(folder, ".merlin")
    existing = _read(path)
    if _BEGIN_MARK in existing:
        _write(path, merge(existing, "", path))


def _read(path: str) -> str:
    """The text of a file, '' if it does not exist."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise RebelError("this is not a regular file, and is not changed", place=Place(path))
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise RebelError(f"cannot be read: {error.strerror}", place=Place(path)) from None


def _write(path: str, text: str) -> None:
    """Replace the file, which is never written through a link; remove it when nothing is left."""
    try:
        if text.strip():
            write_atomically(path, text.encode("utf-8", "surrogateescape"))
        else:
            os.unlink(path)
    except OSError as error:
        raise RebelError(f"cannot be written: {error.strerror}", place=Place(path)) from None


def _relative(path: str, folder: str) -> str:
    """`path` as seen from `folder`: a checkout can then be moved. The reader expands `+x` and `*`, not quotes."""
    relative = os.path.relpath(path, folder)
    return f"./{relative}" if relative.startswith("+") else relative
