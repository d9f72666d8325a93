"""Names similar to a misspelled one, for "did you mean" hints."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, options: Iterable[str], count: int = 3) -> list[str]:
    """At most `count` of `options` that resemble `name`, the most similar first; case is ignored."""
    import difflib  # imported late: needed only for an error message

    by_folded = {option.casefold(): option for option in options}
    found = difflib.get_close_matches(name.casefold(), by_folded, count, 0.6)
    return [by_folded[folded] for folded in found]


def did_you_mean(name: str, options: Iterable[str]) -> str | None:
    """The sentence for a hint; None when no option resembles `name`."""
    found = nearest(name, options)
    return f"did you mean {' or '.join(found)}?" if found else None
