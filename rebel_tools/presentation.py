"""How `rebel` reports a build, as chosen on the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

OPTIONS = VERBOSE, EXPLAIN, JSON = "--verbose", "--explain", "--json"

_QUIET = ("--silent", "--quiet", "--no-progress")
_WITH_ARGUMENT = "-CfIjY"  # letters after which the rest of a word is no option of scons


class Presentation(NamedTuple):
    """verbose: print whole commands and SCons' own messages; explain: print why each step runs;
    quiet: omit the result line; json: write events to standard output, and nothing else.
    """

    verbose: bool = False
    explain: bool = False
    quiet: bool = False
    json: bool = False


def presentation(arguments: Sequence[str], own_script: bool) -> tuple[Presentation, list[str]]:
    """The presentation that `arguments` ask for, and the arguments that are passed on to scons.

    own_script: whether the project has an SConstruct of its own, which may have options of these names.
    """
    known = (EXPLAIN,) if own_script else OPTIONS
    own = [word for word in arguments if word in known]
    rest = [word for word in arguments if word not in own]
    json = JSON in own  # standard output is for events only
    how = Presentation(VERBOSE in own and not json, EXPLAIN in own, any(map(_is_quiet, rest)), json)
    return how, [*rest, *(["verbose=1"] if VERBOSE in own else []), *(["--debug=explain"] if how.explain else [])]


def _is_quiet(word: str) -> bool:
    """Whether a word is -s or -Q, possibly combined with other short options, or one of their long names."""
    for letter in word[1:] if word.startswith("-") else "":
        if letter in _WITH_ARGUMENT:
            break
        if letter in "sQ":
            return True
    return word in _QUIET


def colour() -> bool:
    """Whether messages may be coloured, by NO_COLOR (no-color.org) and FORCE_COLOR."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stderr.isatty() and os.environ.get("TERM") != "dumb")


def shown(text: str) -> str:
    """A compiler's message without control sequences, except its colours where colours are allowed."""
    import re  # imported late: only builds with warnings need it

    from rebel_tools.text import screened

    return screened(text, True) if colour() else screened(re.sub(r"\x1b\[[\d;]*m", "", text))
