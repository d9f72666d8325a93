"""Runs a command where it finds what it declared, and names what else it asked for. Knows nothing of SCons."""
