"""Checks, with almost no imports, whether the last build is still valid; `up_to_date` finds out why it is not.

There is a record of the last finished build, and a manifest for each group of targets that it names.
"""

from __future__ import annotations

import os

from rebel_tools import __version__
from rebel_tools.memory.json_file import read_json
from rebel_tools.memory.stamp import differing

TYPE_CHECKING = False
if TYPE_CHECKING:  # a build without work does not load `typing`
    from collections.abc import Sequence
    from typing import Any

ANSWER = ".rebel-tools.up-to-date"
"""The name of the file about the last finished build, in the output folder."""

FORMAT = f"rebel-tools {__version__} manifest 4"
"""The format of a manifest."""


def unchanged(folder: str, asked: str) -> Sequence[Any] | None:
    """What to print if the last build had the question `asked` (see `memory.question`) and no file has changed since;
    None if something has changed, or in doubt.

    The result is that of `up_to_date.Summary`, but only the texts of its messages. folder: the output folder.
    """
    try:
        known = read_json(os.path.join(folder, ANSWER))
        if known["question"] == asked and all(map(_holds, known["manifests"].items())):
            result, made, messages = known["summary"]
            return str(result), made, [str(text) for _, text in messages]
    except (ValueError, LookupError, TypeError, AttributeError):
        pass
    return None


def _holds(manifest: tuple[str, str]) -> bool:
    """Whether nothing that this manifest (a path and an identity) covers has changed."""
    path, identity = manifest
    data = read_json(path)
    if data["format"] != FORMAT or data["identity"] != identity:
        return False
    here = os.getcwd()
    return not differing(data["others"], here) and not differing(data["steps"], here)
