"""Mangled names of C++ in text for people, as `c++filt` of the GNU binutils spells them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable

from rebel_tools.errors import MissingTool
from rebel_tools.text import printable

PROGRAMS = ("c++filt", "llvm-cxxfilt")
# A name with its mangled form behind it; no tag of HTML is a part of it.
_DISPLAYED = re.compile(r"[^\s(<>][^\n(<>]* \((_Z\w+)\)")
_MANGLED = re.compile(r"\b_Z\w+")


def demangled(text: str, spell: Callable[[str], str] = printable) -> str:
    """`text` with what the mangled names in it stand for; MissingTool when nothing on PATH can tell.

    spell: makes a name fit for the kind of text that it comes into; `<` of a template is none of HTML's.
    """
    names = sorted(set(_MANGLED.findall(text)))
    if not names:
        return text
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise MissingTool("--demangle needs the program c++filt", hint="apt-get install binutils")
    done = subprocess.run([program], input="\n".join(names), capture_output=True, text=True, check=True)
    known = dict(zip(names, map(spell, done.stdout.splitlines())))
    whole = _DISPLAYED.sub(lambda found: known.get(found[1], found[0]), text)
    return _MANGLED.sub(lambda found: known.get(found[0], found[0]), whole)
