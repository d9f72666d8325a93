"""Checks the installed versions of dependencies against the requested ranges; only warns, because npm installs them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from rebel_tools.project.document import Document
from rebel_tools.project.specs import Dependency, Manifest
from rebel_tools.text import printable, quote

_OVERRIDES = ("overrides", "resolutions")  # for npm and yarn; pnpm has its own in the key `pnpm`


def version_warnings(
    importer: Manifest, wanted: Dependency, found: Manifest, overridden: Collection[str]
) -> Iterator[str]:
    """A sentence if the version in `found` is not in the range that `importer` requires.

    These are not checked: ranges that are a folder, a workspace, an address or a tag; packages without a version; and
    packages that the root package overrides.
    """
    text = wanted.range.rpartition("@")[2] if wanted.range.startswith("npm:") else wanted.range
    if text in ("", "*", found.version) or not found.version or wanted.name in overridden:
        return
    from rebel_tools.project.semver import parse_range, parse_version, satisfies  # few projects get here

    version, asked = parse_version(found.version), parse_range(text)
    if version and asked is not None and not satisfies(version, asked):
        place = importer.document.place(*wanted.keys)
        installed = f"{quote(found.version)} is installed ({found.document.path})"
        yield printable(f"{place}: {wanted.name} is required in version {quote(wanted.range)}, but {installed}")


def overridden(root: Document) -> frozenset[str]:
    """The packages for which the root package determines the version, whatever others require."""
    top = root.value if isinstance(root.value, dict) else {}
    pnpm = top.get("pnpm")
    given = [top.get(key) for key in _OVERRIDES] + [pnpm.get("overrides") if isinstance(pnpm, dict) else None]
    return frozenset(name for each in given if isinstance(each, dict) for name in _names(each))


def _names(overrides: Mapping[str, object]) -> Iterator[str]:
    """The packages in `"a": ...`, `"a@^1": ...`, `"**/a": ...`, `"b>a": ...` and `"b": {"a": ...}`."""
    for key, value in overrides.items():
        yield from (match[1] for match in re.finditer(r"((?:@[^@/>]+/)?[^@/>]+)(?:@[^/>]*)?(?:$|[/>])", key))
        if isinstance(value, dict):
            yield from _names(value)
