"""What changed of a library as a whole: platform, SONAME, symbol versions, and what the loader does with it."""

from __future__ import annotations

from collections.abc import Iterator

from rebel_tools.gate.diff_report import Change, change
from rebel_tools.gate.rules import NOTE, RISK
from rebel_tools.gate.side import Side

FACTS = {"soname": "soname-changed", "target": "target-changed"}
GAINED = {
    "executable stack": "every thread of the process gets an executable stack; hardened systems refuse to load it",
    "text relocations": "the loader makes code writable; hardened systems refuse to load it",
    "static thread-local storage": "dlopen fails when the process has no room for it left",
    "refuses dlopen": "programs that load it as a plugin fail",
}
"""What a new version of a library can newly require of a process, and the effect of that."""
LOST = {
    "RELRO": "the tables that the loader fills in stay writable for an attacker",
    "dynamic base": "the library is loaded at one address that an attacker can know",
    "no execution of data": "an attacker can execute data",
    "control flow guard": "indirect calls are not checked any more",
}
"""Protections of a process that can be lost, and the effect of that."""


def facts(old: Side, new: Side) -> Iterator[Change]:
    """Changes of the library as a whole."""
    for name, value in old.facts.items():
        other = new.facts.get(name)
        if name in new.facts and value != other:
            yield _fact(name, value, other)
    yield from _versions(old, new)
    if old.needed is not None and new.needed is not None:
        yield from _needed(old.needed, new.needed)
    if old.loader is not None and new.loader is not None:
        yield from _loader(old, new)


def _fact(name: str, value: str | None, other: str | None) -> Change:
    if name == "soname" and value is None:
        why = "programs that were linked before ask the loader for the name of the file"
        return change("soname-changed", "", name, "nothing", other or "", level=RISK, why=why)
    return change(FACTS[name], "", name, value or "nothing", other or "nothing")


def _versions(old: Side, new: Side) -> Iterator[Change]:
    """Symbol versions that were removed. If the new library has no versions at all, the loader only prints warnings."""
    for name in sorted(old.versions - new.versions) if new.versions else ():
        if name.partition("@")[0] in new.items:
            yield change("version-removed", name, "", "symbol version", "")


def _needed(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Change]:
    for name in new:
        if name not in old:
            why = "it has to be installed wherever the library is"
            yield change("loader-changed", "", f"needs {name}", "no", "yes", why=why)
    for name in old:
        if name not in new:
            why = "programs that use it without being linked against it do not find it any more"
            yield change("loader-changed", "", f"needs {name}", "yes", "no", level=RISK, why=why)


def _loader(old: Side, new: Side) -> Iterator[Change]:
    before, after = dict(old.loader or ()), dict(new.loader or ())
    for name in sorted(before.keys() | after.keys()):
        value, other = before.get(name, "no"), after.get(name, "no")
        if value == other:
            continue
        worse = GAINED.get(name) if other != "no" else LOST.get(name)
        worse = LOST["RELRO"] if (name, value, other) == ("RELRO", "full", "partial") else worse
        yield change("loader-changed", "", name, value, other, RISK if worse else NOTE, worse)
