"""Runs a command with access to its declared files only, and reports what else it accesses. Independent of SCons."""
