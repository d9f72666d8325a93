"""Mangled names of C++ in text for people, as `c++filt` of the GNU binutils spells them."""

from __future__ import annotations

import re
import shutil
import subprocess

from rebel_tools.errors import MissingTool

PROGRAMS = ("c++filt", "llvm-cxxfilt")
_DISPLAYED = re.compile(r"[^\s(][^\n(]* \((_Z\w+)\)")
_MANGLED = re.compile(r"\b_Z\w+")


def demangled(text: str) -> str:
    """`text` with what the mangled names in it stand for; MissingTool when nothing on PATH can tell."""
    names = sorted(set(_MANGLED.findall(text)))
    if not names:
        return text
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise MissingTool("--demangle needs the program c++filt", hint="apt-get install binutils")
    done = subprocess.run([program], input="\n".join(names), capture_output=True, text=True, check=True)
    known = dict(zip(names, done.stdout.splitlines()))
    whole = _DISPLAYED.sub(lambda found: known.get(found[1], found[0]), text)
    return _MANGLED.sub(lambda found: known.get(found[0], found[0]), whole)
