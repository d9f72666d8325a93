"""Options of these tools among SCons' own: each is added once in a process, by whichever tool is loaded first."""

from __future__ import annotations

from typing import Any, NamedTuple

import SCons.Script


class Option(NamedTuple):
    """name: as on the command line, `--name`. destination: what `value` and GetOption() find it by.

    metavar: what stands for its value in help. choices: what its value can be; default: its value without the option.
    alone: its value where it stands without one; '' where it cannot.
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
    """What the command line says. Errors: AttributeError for an option that was not added."""
    found: str | None = SCons.Script.GetOption(option.destination)
    return found
