"""Tells whether a grammar (.mly) is for ocamlyacc or for menhir, which accepts a superset."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Text that is not grammar for either of them: comments of both styles, strings, types, and the header, which is OCaml,
# like semantic actions.
_IGNORED = r'/\*.*?\*/|\(\*.*?\*\)|//[^\n]*|"(?:[^"\\\n]|\\.)*"|%\{.*?%\}'
_TOKEN = re.compile(rf"(?s)(?P<ignored>{_IGNORED})|(?P<word>%?[A-Za-z_][\w']*|%%)|(?P<other>\S)")

# OCaml inside braces: tokens that may contain a brace. A ' may also begin a type variable.
_OCAML = re.compile(
    r"""(?s)\(\*.*?\*\)|"(?:[^"\\]|\\.)*"|\{(?P<id>[a-z_]*)\|.*?\|(?P=id)\}|'(?:[^\\']|\\.[^']*)'|[{}]"""
)

_ONLY_MENHIR = frozenset(("%public", "%inline", "%parameter", "%on_error_reduce", "%attribute"))


def is_for_menhir(text: str) -> bool:
    """Whether a grammar uses features that only menhir has (menhir's manual, "Differences with ocamlyacc").

    These are a keyword of menhir; a type right after %start; or, in a rule, a name for a symbol (`x = expr`), a
    parameter (`list(x)`) or an operator (`?`, `+`, `*`, `:=`, `==`).
    """
    in_rules, before = False, ""
    for word in _words(text):
        if word in _ONLY_MENHIR or before == "%start" and word == "<":
            return True
        if in_rules and word in ("=", "(", "?", "+", "*"):
            return True
        if word == "%%":
            if in_rules:
                return False  # everything after it is OCaml
            in_rules = True
        before = word
    return False


def _words(text: str) -> Iterator[str]:
    """The tokens of a grammar, without OCaml code, types and comments."""
    at = 0
    while True:
        found = _TOKEN.search(text, at)
        if found is None:
            return
        at = found.end()
        if found["word"] or found["other"] not in (None, "{", "<"):
            yield found[0]
        elif found["other"] == "<":
            yield "<"
            at = text.find(">", at) + 1 or len(text)
        elif found["other"] == "{":
            at = _end_of_action(text, at)


def _end_of_action(text: str, at: int) -> int:
    depth = 1
    for found in _OCAML.finditer(text, at):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return found.end()
    return len(text)
