"""Demangles C++ names in text for people, with `c++filt` of the GNU binutils."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping

from rebel_tools.errors import MissingTool
from rebel_tools.text import printable

PROGRAMS = ("c++filt", "llvm-cxxfilt")
_BEHIND = re.compile(r" \((_Z\w+)\)")
"""A mangled name in parentheses, after the readable one."""
_MANGLED = re.compile(r"\b_Z\w+")


def demangled(text: str, displayed: Mapping[str, str], spell: Callable[[str], str] = printable) -> str:
    """`text` with all mangled names replaced by demangled ones. Errors: MissingTool without a program that does that.

    displayed: readable names, by the mangled names that follow them in parentheses; both are replaced by one name.
    spell: escapes a name for the kind of text, such as the `<` of a template in HTML.
    """
    names = sorted(set(_MANGLED.findall(text)))
    if not names:
        return text
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise MissingTool("--demangle needs the program c++filt", hint="apt-get install binutils")
    done = subprocess.run([program], input="\n".join(names), capture_output=True, text=True, check=True)
    known = dict(zip(names, map(spell, done.stdout.splitlines())))
    spelled = {name: spell(display) for name, display in displayed.items()}
    return _MANGLED.sub(lambda found: known.get(found[0], found[0]), "".join(_once(text, spelled)))


def _once(text: str, displayed: Mapping[str, str]) -> Iterator[str]:
    """The text without the readable names before mangled ones."""
    at = 0
    for found in _BEHIND.finditer(text):
        before = displayed.get(found[1])
        if before and text.endswith(before, at, found.start()):
            yield text[at : found.start() - len(before)]
            yield found[1]
            at = found.end()
    yield text[at:]
