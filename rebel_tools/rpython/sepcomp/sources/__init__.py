"""Reads a user's sources: what they define and import; makes translations reproducible."""
