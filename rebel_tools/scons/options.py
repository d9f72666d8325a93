"""Command line options of these tools in SCons: each is added once per process, by the first tool that is loaded."""

from __future__ import annotations

from typing import Any, NamedTuple

import SCons.Script


class Option(NamedTuple):
    """name: as on the command line, `--name`. destination: its key for `value` and GetOption().

    metavar: the placeholder of its value in help. choices: its possible values; default: its value without the option.
    alone: its value if it is given without one; '' if it needs one.
    """

    name: str
    destination: str
    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()
    default: str | None = None
    alone: str = ""


_added: set[str] = set()


def add(*options: Option) -> None:
    for option in options:
        if option.name not in _added:
            _added.add(option.name)
            SCons.Script.AddOption(option.name, **_words(option))


def _words(option: Option) -> dict[str, Any]:
    words: dict[str, Any] = {"dest": option.destination, "help": option.help, "default": option.default}
    if option.metavar:
        words["metavar"] = option.metavar
    if option.choices:
        words["choices"] = list(option.choices)
    if option.alone:
        words.update(nargs="?", type="choice", const=option.alone, action="store")
    return words


def is_added(option: Option) -> bool:
    return option.name in _added


def value(option: Option) -> str | None:
    """The value on the command line. Errors: AttributeError for an option that was not added."""
    found: str | None = SCons.Script.GetOption(option.destination)
    return found
