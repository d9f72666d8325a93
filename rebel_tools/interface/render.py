"""An interface as a summary for people, and as JSON. `render_header` writes a C header."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from rebel_tools.abi import types as t
from rebel_tools.abi.spell import declare, member, prototype
from rebel_tools.interface.model import Interface
from rebel_tools.text import printable_lines


def to_text(interface: Interface) -> str:
    """All declarations, one in each line, after a few lines about the interface."""
    declarations = interface.declarations
    lines = [
        f"interface {interface.digest[:16]} ({interface.language}) for {interface.target}",
        f"written by {interface.producer.name} {interface.producer.version}",
        *(f"option {name}: {value}" for name, value in sorted(interface.options.items()) if value),
        *([f"digest object: {interface.digest_symbol}"] if interface.digest_symbol else []),
        *(f"exception {e.name}{f' ({e.base})' if e.base else ''}" for _, e in sorted(interface.exceptions.items())),
        *(definition_text(item) for _, item in sorted(declarations.types.items())),
        *sorted(map(constants_text, declarations.enumerations)),
        *(symbol_text(symbol) for symbol in interface.symbols.values()),
    ]
    return printable_lines(lines)


def symbol_text(symbol: t.Function | t.Variable) -> str:
    """A symbol's declaration with its readable name, its exceptions and its place."""
    name = symbol.display or symbol.name
    if isinstance(symbol, t.Function):
        raises = f" raises {', '.join(symbol.raises)}" if symbol.raises else ""
        text = ("noreturn " if symbol.noreturn else "") + prototype(replace(symbol, name=name)) + raises
    else:
        text = ("thread-local " if symbol.tls else "") + declare(symbol.type, name)
    linked = f"  [{symbol.name}]" if name != symbol.name else ""
    return f"{text}{linked}" + (f"  ({symbol.declared_at})" if symbol.declared_at else "")


def definition_text(definition: t.Record | t.Enum) -> str:
    """A record with its offsets, or an enumeration."""
    if isinstance(definition, t.Enum):
        return f"{t.key_of(definition)} {{ {_constants(definition)} }}"
    if definition.size is None:
        return f"{t.key_of(definition)} ({'not in the debug information' if definition.left_out else 'opaque'})"
    fields = "; ".join(f"{member(field)} @{field.offset}" for field in definition.fields)
    return f"{t.key_of(definition)} {{ {fields} }} ({definition.size} bytes)"


def constants_text(enum: t.Enum) -> str:
    """An enumeration that no symbol uses; it may have no name."""
    head = f"enum {enum.name}" if enum.name else "enum"
    return f"{head} {{ {_constants(enum)} }}"


def _constants(enum: t.Enum) -> str:
    return ", ".join(f"{name} = {value}" for name, value in enum.values)


def as_dict(interface: Interface) -> dict[str, Any]:
    """The plain data of an interface's file, and its declarations as text."""
    from rebel_tools.interface.plain import places

    return {
        **interface.plain,
        "digest": interface.digest,
        "producer": {"name": interface.producer.name, "version": interface.producer.version},
        "places": places(interface),
        "declarations": {name: symbol_text(symbol) for name, symbol in interface.symbols.items()},
    }


def to_json(interface: Interface) -> str:
    """The interface as JSON with sorted keys."""
    return json.dumps(as_dict(interface), indent=1, sort_keys=True)
