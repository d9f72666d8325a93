"""Runs a command with access to its declared files, and reports what else it accesses. Independent of SCons."""
