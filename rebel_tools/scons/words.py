"""Words of command lines.

Words from packages (flags, names of files and folders) and from findlib are literal: SCons does not expand them, and no
shell sees them unquoted. Words from construction variables of an SConstruct are for SCons and the shell, as usual. Both
kinds occur in one command line: SCons passes the literal words to $ESCAPE, which is `escape` below, and all words to
$SPAWN, where `argument_vector` distinguishes them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, Union

import SCons.Util

from rebel_tools.scons.compat import SUBST_CMD, SUBST_SIG, Literal, escape_list

_PLAIN = re.compile(r"[\w@%+=:,./-]+\Z")
_SHELL = re.compile(r"[|&;<>()$`*?\[\]#~%!{}\n]")
# A word with spaces as SCons quotes it, and a word that needs no quotes.
_QUOTED = re.compile(r'"[^"\\]*"|[^\s"\'\\]+')


class Word(str):
    """A literal word, quoted for a shell; `text` is the word itself."""

    text: str


def escape(text: str) -> Word:
    """A literal word, for $ESCAPE. SCons' own function leaves backquotes to the shell."""
    word = Word(shlex.quote(text))
    word.text = text
    return word


# Words for a construction variable: a text that SCons splits, or a list.
Literals = Union[str, list[Any]]


class _Meant(Literal):
    """A word that means itself, in signatures, too, where SCons would take `$(` in it for a mark of its own."""

    def for_signature(self) -> str:
        return str(self).replace("%", "%25").replace("$", "%24")


class _Expanded(Literal):
    """A word of an SConstruct that SCons has expanded; a shell may still see it."""

    def is_literal(self) -> bool:
        return False


def literal(word: str) -> str | Literal:
    """A literal word, for a construction variable or its expansion."""
    return word if _PLAIN.match(word) else _Meant(word)


def literals(words: Iterable[str]) -> Literals:
    """Literal words. If none has special characters they are one text, which SCons splits in a third of the time that a
    list takes.
    """
    words = list(words)
    return " ".join(words) if all(map(_PLAIN.match, words)) else list(map(literal, words))


def extended(value: Any, words: Iterable[str]) -> list[Any]:
    """The value of a construction variable, a text or a list, followed by literal words."""
    return [*SCons.Util.CLVar(value), *map(literal, words)]


def expanded(env: Any, variable: str, target: Any = None, source: Any = None) -> list[str]:
    """The words of a construction variable as a program gets them."""
    lines = env.subst_list(f"${variable}", SUBST_CMD, target, source)
    arguments = escape_list([word for line in lines for word in line], escape)
    try:
        return _unquoted(arguments)
    except ValueError:  # an unclosed quotation mark, which the shell reports when the command runs
        return [str(getattr(word, "text", word)) for word in arguments]


def signature_words(env: Any, variable: str, target: Any = None, source: Any = None) -> list[str]:
    """The command line in a construction variable without the parts between $( and $), as in signatures."""
    lines = env.subst_list(f"${variable}", SUBST_SIG, target, source)
    return [word for line in lines for word in ("\n", *map(str, line))]


def without(env: Any, variable: str, word: str) -> dict[str, Any]:
    """Construction variables that remove a word from `variable`."""
    items = [item for item in SCons.Util.CLVar(env[variable]) if item != word]
    texts = [str(item) for item in items]
    if all(map(_PLAIN.match, texts)):
        return {variable: " ".join(texts)}
    if not any("$" in item for item in items if isinstance(item, str)):
        return {variable: items}
    return {variable: _expander(f"_{variable}_GIVEN", word), f"_{variable}_GIVEN": items}


def _expander(variable: str, word: str) -> Callable[..., list[Any]]:
    """A function that expands like `variable`, which may depend on the target, without one word."""

    def expand(target: Any, source: Any, env: Any, for_signature: bool) -> list[Any]:
        mode = SUBST_SIG if for_signature else SUBST_CMD
        words = [w for line in env.subst_list(f"${variable}", mode, target, source) for w in line if w != word]
        return [_Meant(str(w)) if w.is_literal() else _Expanded(str(w)) for w in words]

    return expand


def argument_vector(shell: str, arguments: Sequence[str]) -> list[str]:
    """The argument vector for the words that $SPAWN gets; uses a shell if a word of an SConstruct needs one."""
    own = [word for word in arguments if not isinstance(word, Word)]
    if not _SHELL.search(" ".join(own)):
        try:
            return _unquoted(arguments)
        except ValueError:  # an unclosed quotation mark, which the shell will report
            pass
    return [shell, "-c", " ".join(arguments)]


def _unquoted(arguments: Iterable[str]) -> list[str]:
    """What a shell would make of words in which only blanks, quotes and backslashes are special."""
    words: list[str] = []
    for means_itself, group in groupby(arguments, lambda word: isinstance(word, Word)):
        if means_itself:
            words += [word.text for word in group if isinstance(word, Word)]
        else:
            words += _split(list(group))
    return words


def _split(arguments: list[str]) -> list[str]:
    if all(map(_QUOTED.fullmatch, arguments)):
        return [word.strip('"') for word in arguments]
    return shlex.split(" ".join(arguments))
