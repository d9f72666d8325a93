"""Reads a user's sources: what they define, what they import, and that the same sources give the same bytes."""
