"""The edits of a project before a timed build."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable


@dataclass(frozen=True)
class Places:
    """The sources that are edited, below the project.

    bottom: a module without an interface, in the leaf-most library, on which nearly everything depends.
    base: the same with an interface, by its path without suffix; None leaves out edits that compile nearly everything.
    middle: a module with an interface in the middle of the graph, by its path without suffix.
    top: the entry of the program. body, top_text: the text that an edit appends to `middle`, `top`; `{}` is a number.
    """

    bottom: str
    middle: str
    top: str
    base: str | None = None
    body: str = "let value x = if x < 0 then {} else value x\n"
    top_text: str = 'let () = prerr_string "{}"\n'


def _append(path: Path, text: str) -> None:
    """Append a text that did not occur before: its number is the length of the file."""
    number = path.stat().st_size
    with open(path, "a") as f:
        f.write(text.replace("{}", str(number)))


def _comment(folder: Path, places: Places) -> None:
    _append(folder / places.bottom, "(* edit {} *)\n")


def _comment_above(folder: Path, places: Places) -> None:
    path = folder / places.bottom
    path.write_text(f"(* edit {path.stat().st_size} *)\n" + path.read_text())


def _body(folder: Path, places: Places) -> None:
    _append(folder / f"{places.middle}.ml", places.body)


def _body_at_base(folder: Path, places: Places) -> None:
    _append(folder / f"{places.base}.ml", places.body)


def _interface(folder: Path, places: Places) -> None:
    number = (folder / f"{places.middle}.ml").stat().st_size
    _append(folder / f"{places.middle}.ml", f"let extra_{number} = {number}\n")
    _append(folder / f"{places.middle}.mli", f"val extra_{number} : int\n")


def _top(folder: Path, places: Places) -> None:
    _append(folder / places.top, places.top_text)


Edit = Callable[[Path, Places], None]

EDITS: dict[str, Edit] = {
    "full": lambda folder, places: None,
    "null": lambda folder, places: None,
    "comment": _comment,
    "top": _top,
    "body": _body,
    "interface": _interface,
    "comment-above": _comment_above,
    "body-at-base": _body_at_base,
}

AT_THE_BASE = ("comment-above", "body-at-base")

WORDS = {
    "full": "full build",
    "null": "null build",
    "comment": "comment, at the bottom",
    "top": "top file",
    "body": "body, in the middle",
    "interface": "interface, in the middle",
    "comment-above": "comment above code, at the bottom",
    "body-at-base": "body, at the base",
}
