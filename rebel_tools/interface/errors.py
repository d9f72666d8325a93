"""The errors of interfaces: of their files and of the sources that declare them."""

from __future__ import annotations

from rebel_tools.errors import RebelError


class UnreadableInterface(RebelError):
    """A file is not an interface, or is damaged or malicious, or cannot be written. `place` is the file and offset."""


class InterfaceSourceError(RebelError):
    """A header or a Python file does not declare an interface that can be used."""
