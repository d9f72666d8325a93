"""A cache of command results, for later runs of the same commands."""
