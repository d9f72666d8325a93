"""Which export of the new library corresponds to one of the old library: that with the same symbol version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rebel_tools.gate.side import Item


def counterparts(old: Mapping[str, Item], new: Mapping[str, Item]) -> Iterator[tuple[Item | None, Item | None]]:
    """Exports of both sides in pairs, by name; None if one side does not have the export.

    A version other than the default one that was removed or is new makes no pair: `diff_facts` reports versions.
    """
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before is None:
            if after is not None and after.name == after.plain:
                yield None, after
            continue
        kept = _same_version(before, new)
        if kept is not None or before.name == before.plain:
            yield before, kept or after


def _same_version(before: Item, new: Mapping[str, Item]) -> Item | None:
    """The export with the same name and version, whether or not it is the default; None without one or a version."""
    if before.version is None:
        return None
    default = new.get(before.plain)
    if default is not None and default.version == before.version:
        return default
    return new.get(f"{before.plain}@{before.version}")
