"""Checks, with almost no imports, whether the last build is still valid; `up_to_date` finds out why it is not.

The record of a finished build, and a manifest for each group of targets that it names, are JSON. Importing `json` takes
longer than all of this, so only its scanner is used.
"""

from __future__ import annotations

import os

from rebel_tools import __version__
from rebel_tools.memory.atomic import read_regular
from rebel_tools.memory.stamp import differing

TYPE_CHECKING = False
if TYPE_CHECKING:  # a build without work does not load `typing`
    from collections.abc import Callable, Sequence
    from typing import Any

ANSWER = ".rebel-tools.up-to-date"
"""The name of the file about the last finished build, in the output folder."""

FORMAT = f"rebel-tools {__version__} manifest 4"
"""The format of a manifest."""


def glance(folder: str, asked: str) -> Sequence[Any] | None:
    """What to print (see `up_to_date.Told`) if the last build had this question and no file has changed since.

    None if something has changed, or in doubt.
    """
    try:
        known = _read(os.path.join(folder, ANSWER))
        if known["question"] == asked and all(map(_holds, known["manifests"].items())):
            result, made, messages = known["told"]
            return str(result), made, [str(text) for _, text in messages]
    except (ValueError, LookupError, TypeError, AttributeError):
        pass
    return None


def _holds(manifest: tuple[str, str]) -> bool:
    """Whether nothing that this manifest (a path and an identity) covers has changed."""
    path, identity = manifest
    data = _read(path)
    if data["format"] != FORMAT or data["identity"] != identity:
        return False
    here = os.getcwd()
    return not differing(data["others"], here) and not differing(data["steps"], here)


class _Options:
    """The attributes that the scanner of `json` in C reads: the defaults of json.JSONDecoder."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_int, parse_float, parse_constant = int, float, float


def _read(path: str) -> Any:
    """The value in a JSON file. Errors: ValueError, also if there is no such file."""
    data = read_regular(path)
    if data is None:
        raise ValueError(path)
    text = data.decode("utf-8", "surrogateescape")
    try:
        value, end = _scanner()(text, 0)
    except StopIteration:
        raise ValueError(path) from None
    if end != len(text):
        raise ValueError(path)
    return value


def _scanner() -> Callable[[str, int], tuple[Any, int]]:
    """A function that reads a value of JSON at a position in a text, and returns it with its end."""
    try:
        from _json import make_scanner
    except ImportError:  # not every Python has one in C
        from json import JSONDecoder

        return JSONDecoder().raw_decode
    return make_scanner(_Options)  # type: ignore[arg-type]
