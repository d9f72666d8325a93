"""The one error of everything that reads a binary."""

from __future__ import annotations

from rebel_tools.errors import RebelError


class UnreadableBinary(RebelError):
    """A file is no shared library, or is truncated, damaged or hostile; `place` names the file and the offset."""
