"""The error of all readers of binary files."""

from __future__ import annotations

from rebel_tools.errors import RebelError


class UnreadableBinary(RebelError):
    """A file is not a shared library, or is truncated, damaged or malicious. `place` is the file and the offset."""
