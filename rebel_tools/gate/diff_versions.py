"""Which export of the new library what was linked against the old one gets: that of the same version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rebel_tools.gate.side import Item


def counterparts(old: Mapping[str, Item], new: Mapping[str, Item]) -> Iterator[tuple[Item | None, Item | None]]:
    """Exports of both sides in pairs, by name; None where one has none.

    A version besides the default one that is gone or new is no pair: that is told of versions.
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
    """The export of the same name and version, be it the default one or not; None also where there are no versions."""
    if before.version is None:
        return None
    default = new.get(before.plain)
    if default is not None and default.version == before.version:
        return default
    return new.get(f"{before.plain}@{before.version}")
