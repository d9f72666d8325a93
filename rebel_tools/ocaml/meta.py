"""META, the description of an installed library that findlib reads, and dune for libraries from elsewhere.

Source of the format: findlib's manual, "META" (site-lib(5)): definitions `name(predicates) = "value"`, in whose values
`"` and `\\` are escaped by a `\\`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from rebel_tools.text import printable

FILE = "META"


class Meta(NamedTuple):
    """One library.

    requires: the findlib packages that its users need as well, in the order of its link.
    byte, native, plugin: names of its archives for ocamlc and ocamlopt and of the one for Dynlink, '' for none.
    link_options: additional words for linking with it.
    """

    version: str = ""
    description: str = ""
    requires: tuple[str, ...] = ()
    byte: str = ""
    native: str = ""
    plugin: str = ""
    link_options: tuple[str, ...] = ()


def meta_text(meta: Meta, parts: Mapping[str, Meta] = MappingProxyType({})) -> str:
    """The text of a META. parts: further libraries in folders of their names; their findlib names are `NAME.PART`."""
    text = "".join(f"{name} = {_quoted(value)}\n" for name, value in _definitions(meta))
    for name, part in sorted(parts.items()):
        own = meta_text(part).replace("\n", "\n  ").rstrip(" ")
        text += f'\npackage "{name}" (\n  directory = {_quoted(name)}\n  {own})\n'
    return text


def _definitions(meta: Meta) -> Iterator[tuple[str, str]]:
    if meta.version:
        yield "version", meta.version
    if meta.description:
        yield "description", meta.description
    yield "requires", " ".join(meta.requires)
    if meta.byte:
        yield "archive(byte)", meta.byte
        yield "plugin(byte)", meta.byte
    if meta.native:
        yield "archive(native)", meta.native
    if meta.plugin:
        yield "plugin(native)", meta.plugin
    if meta.link_options:
        yield "linkopts", " ".join(meta.link_options)
    if meta.byte or meta.native:
        yield "exists_if", ",".join(filter(None, (meta.byte, meta.native)))


def _quoted(value: str) -> str:
    escaped = printable(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
