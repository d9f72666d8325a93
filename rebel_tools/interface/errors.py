"""The errors of interfaces: of their files and of the sources that declare them."""

from __future__ import annotations

from rebel_tools.errors import RebelError


class UnreadableInterface(RebelError):
    """A file is no interface, or truncated, damaged or hostile, or cannot be written; `place` names file and offset."""


class InterfaceSourceError(RebelError):
    """A header or a Python file does not declare an interface that can be used."""
