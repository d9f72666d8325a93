"""What a grammar (.mly) is written for: ocamlyacc, or menhir, which reads all that ocamlyacc does and more."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What neither of them takes for a part of the grammar: comments of both styles, strings, types, and the header, which
# like semantic actions is OCaml.
_IGNORED = r'/\*.*?\*/|\(\*.*?\*\)|//[^\n]*|"(?:[^"\\\n]|\\.)*"|%\{.*?%\}'
_TOKEN = re.compile(rf"(?s)(?P<ignored>{_IGNORED})|(?P<word>%?[A-Za-z_][\w']*|%%)|(?P<other>\S)")

# OCaml inside of braces: what may hold a brace that is none. A ' may also begin a type variable.
_OCAML = re.compile(
    r"""(?s)\(\*.*?\*\)|"(?:[^"\\]|\\.)*"|\{(?P<id>[a-z_]*)\|.*?\|(?P=id)\}|'(?:[^\\']|\\.[^']*)'|[{}]"""
)

_ONLY_MENHIR = frozenset(("%public", "%inline", "%parameter", "%on_error_reduce", "%attribute"))


def is_for_menhir(text: str) -> bool:
    """Whether a grammar uses what only menhir knows (menhir's manual, "Differences with ocamlyacc").

    That is a keyword of menhir's; a type right after %start; or, in a rule, a name for a symbol (`x = expr`), a
    parameter (`list(x)`) or an operator (`?`, `+`, `*`, `:=`, `==`), none of which a rule of ocamlyacc can hold.
    """
    in_rules, before = False, ""
    for word in _words(text):
        if word in _ONLY_MENHIR or before == "%start" and word == "<":
            return True
        if in_rules and word in ("=", "(", "?", "+", "*"):
            return True
        if word == "%%":
            if in_rules:
                return False  # the rest is OCaml
            in_rules = True
        before = word
    return False


def _words(text: str) -> Iterator[str]:
    """The words and signs of a grammar, without its OCaml, types and comments."""
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
