"""The nearest of the right names, for the hint of an error about a wrong one."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, options: Iterable[str], count: int = 3) -> list[str]:
    """At most `count` of `options` that look like `name`, the most alike first; case does not count."""
    import difflib  # only when something is wrong already

    by_folded = {option.casefold(): option for option in options}
    found = difflib.get_close_matches(name.casefold(), by_folded, count, 0.6)
    return [by_folded[folded] for folded in found]


def did_you_mean(name: str, options: Iterable[str]) -> str | None:
    """The sentence for a hint, None when no option looks like `name`."""
    found = nearest(name, options)
    return f"did you mean {' or '.join(found)}?" if found else None
