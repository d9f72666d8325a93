"""Reads JSON files that earlier builds have written, which may contain anything by now.

Importing `json` takes longer than a build without work, so only the scanner of `json` is used, if this Python has it
in C.
"""

from __future__ import annotations

from rebel_tools.memory.atomic import read_regular

TYPE_CHECKING = False
if TYPE_CHECKING:  # see above
    from collections.abc import Callable
    from typing import Any


def read_json(path: str) -> Any:
    """The value in a file. Errors: ValueError if there is no such file, or if it does not contain JSON."""
    data = read_regular(path)
    if data is None:
        raise ValueError(path)
    return json_value(data)


def json_value(data: bytes) -> Any:
    """The value that `data` describes. Errors: ValueError if it is not JSON, or nested too deeply."""
    text = data.decode("utf-8", "surrogateescape").strip()
    try:
        value, end = _scanner()(text, 0)
    except (StopIteration, RecursionError) as error:
        raise ValueError(str(error)) from None
    if end != len(text):
        raise ValueError(text[end : end + 20])
    return value


class _Options:
    """The attributes that the scanner of `json` in C reads: the defaults of json.JSONDecoder."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_int, parse_float, parse_constant = int, float, float


def _scanner() -> Callable[[str, int], tuple[Any, int]]:
    """A function that reads a value of JSON at a position in a text, and returns it with its end."""
    try:
        from _json import make_scanner
    except ImportError:  # not every Python has it in C
        from json import JSONDecoder

        return JSONDecoder().raw_decode
    return make_scanner(_Options)  # type: ignore[arg-type]
