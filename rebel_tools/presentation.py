"""How `rebel` tells about a build, as its command line says."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

OPTIONS = VERBOSE, EXPLAIN, JSON = "--verbose", "--explain", "--json"

_QUIET = ("--silent", "--quiet", "--no-progress")
_WITH_ARGUMENT = "-CfIjY"  # letters after which the rest of a word is no option of scons


class Presentation(NamedTuple):
    """verbose: with whole commands and SCons' own messages; explain: with the reason why each step runs;
    quiet: without the line about the result; json: as events for programs, on standard output and nothing else there.
    """

    verbose: bool = False
    explain: bool = False
    quiet: bool = False
    json: bool = False


def presentation(arguments: Sequence[str], own_script: bool) -> tuple[Presentation, list[str]]:
    """What `arguments` say about it, and those that scons gets.

    own_script: whether the project has an SConstruct of its own, which may have options of these names.
    """
    known = (EXPLAIN,) if own_script else OPTIONS
    own = [word for word in arguments if word in known]
    rest = [word for word in arguments if word not in own]
    told = JSON in own  # and nothing else than events
    how = Presentation(VERBOSE in own and not told, EXPLAIN in own, any(map(_is_quiet, rest)), told)
    return how, [*rest, *(["verbose=1"] if VERBOSE in own else []), *(["--debug=explain"] if how.explain else [])]


def _is_quiet(word: str) -> bool:
    """Whether it is -s or -Q, perhaps among other short options, or one of their long names."""
    for letter in word[1:] if word.startswith("-") else "":
        if letter in _WITH_ARGUMENT:
            break
        if letter in "sQ":
            return True
    return word in _QUIET


def colour() -> bool:
    """Whether messages may be coloured (NO_COLOR, no-color.org; FORCE_COLOR)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stderr.isatty() and os.environ.get("TERM") != "dumb")


def shown(text: str) -> str:
    """A message of a compiler, with its colours only where they may be, and nothing else that a terminal obeys."""
    import re  # only for builds with warnings

    from rebel_tools.text import screened

    return screened(text, True) if colour() else screened(re.sub(r"\x1b\[[\d;]*m", "", text))
