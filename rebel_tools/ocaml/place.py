"""The folder in which a build runs; outputs must not depend on it, because a tree may be copied, moved or mounted.

Compilers write it into debugging information and .cmt files, unless BUILD_PATH_PREFIX_MAP replaces it. The replacement
`.` is right for readers that join it with the path of a source, starting in the folder of the project.

Source: https://reproducible-builds.org/specs/build-path-prefix-map/ (encoding, order, prefixes of texts).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

VARIABLE = "BUILD_PATH_PREFIX_MAP"
_CODES = {"%": "%#", "=": "%+", ":": "%."}


def mapped(environ: Mapping[str, object], root: str) -> dict[str, str]:
    """The variable for compilers that run in the folder `root`: none if the user has set it, or if it has no effect."""
    if VARIABLE in environ or not _can_be_mapped(root):
        return {}
    roots = [root]
    shown = str(environ.get("PWD", ""))  # used by the assembler, if it is another path of the same folder
    if shown != root and os.path.isabs(shown) and _can_be_mapped(shown) and _is_same(shown, root):
        roots.insert(0, shown)
    return {VARIABLE: ":".join(f".={_encoded(path)}" for path in roots)}


def can_move(environ: Mapping[str, object], root: str) -> bool:
    """Whether outputs in the folder `root` are the same as in any other folder for which this is true."""
    return VARIABLE not in environ and _can_be_mapped(root) and sys.platform != "darwin"


def place(environ: Mapping[str, object], root: str) -> str:
    """The part of `root` and the variable that affects the outputs of compilers."""
    pairs = [pair for pair in map(_decoded, str(environ.get(VARIABLE, "")).split(":")) if pair]
    shown = environ.get("PWD")
    others = [f"{target}={source}" for target, source in pairs if not root.startswith(source) and source != shown]
    seen = next((target + root[len(source) :] for target, source in reversed(pairs) if root.startswith(source)), root)
    return "\n".join([root if sys.platform == "darwin" else seen, *dict.fromkeys(others)])


def _can_be_mapped(root: str) -> bool:
    """GNU as does not accept a `=` in the folder, and `/` is a prefix of everything."""
    return "=" not in root and root != os.sep


def _is_same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _encoded(path: str) -> str:
    return "".join(_CODES.get(letter, letter) for letter in path)


def _decoded(item: str) -> tuple[str, str] | None:
    target, equals, source = item.partition("=")
    if not equals:
        return None
    for code in ("%.", "%+", "%#"):
        letter = next(letter for letter, known in _CODES.items() if known == code)
        target, source = target.replace(code, letter), source.replace(code, letter)
    return target, source
