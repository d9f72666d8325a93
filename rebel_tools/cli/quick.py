"""The fast path of `rebel build`: it reports that nothing has changed, or lets the resident server build.

A check without any change takes less time than Python needs to import `typing` or `json`. So this module and those that
it imports load almost nothing; in doubt, the command continues on the ordinary path (`cli/build.py`).
"""

from __future__ import annotations

import os

from rebel_tools.memory.atomic import write_all
from rebel_tools.memory.question import question
from rebel_tools.memory.quick_check import unchanged
from rebel_tools.sconstruct import BUILD_ENVIRON, BUILD_FOLDER, PACKAGE, PROFILE_OPTION, has_own_script, with_profile
from rebel_tools.server import is_wanted

TYPE_CHECKING = False
if TYPE_CHECKING:  # see above
    from collections.abc import Iterable, Sequence


def answer(words: Sequence[str]) -> int | None:
    """The exit status of `rebel words` if it was handled here; None: continue on the ordinary path."""
    if words and words[0] != "build" and not words[0].startswith("-"):
        return None
    arguments = with_profile(words[1:] if words[:1] == ["build"] else words)
    if not all(map(_is_simple, arguments)) or os.environ.get(BUILD_ENVIRON):
        return None
    try:
        if not os.path.isfile(PACKAGE) or has_own_script() or not os.path.isdir(BUILD_FOLDER):
            return None
        asked = question(arguments, os.environ)
        if asked is None:
            return None
        told = unchanged(BUILD_FOLDER, asked)
        if told is not None:
            result, _, messages = told
            return _print(result if "-Q" not in arguments else "", messages)
        return _build_by_server(arguments)
    except OSError:
        return None


def _is_simple(word: str) -> bool:
    """Whether an argument changes neither what is built into `BUILD_FOLDER` nor, apart from -Q, what is printed."""
    return word == "-Q" or word.startswith("-j") and word[2:].isdecimal() or word.startswith(f"{PROFILE_OPTION}=")


def _print(result: str, messages: Iterable[str]) -> int | None:
    """Print the messages and the result of a build; return the exit status, None if they are not plain ASCII or a
    stream is closed. Errors: OSError.
    """
    texts = [(2, text) for text in messages] + ([(1, result + "\n")] if result else [])
    if not all(text.isascii() and text.replace("\n", "").isprintable() for _, text in texts):
        return None
    if not all(map(_is_open, (0, 1, 2))):
        return None
    for stream, text in texts:
        write_all(stream, text.encode("ascii"))
    return 0


def _is_open(stream: int) -> bool:
    try:
        os.fstat(stream)
        return True
    except OSError:
        return False


def _build_by_server(arguments: Sequence[str]) -> int | None:
    """The exit status of a build by the resident server; None without one."""
    if not is_wanted(os.environ) or not all(map(_is_open, (0, 1, 2))):
        return None
    from rebel_tools.server import client

    return client.build(arguments)
