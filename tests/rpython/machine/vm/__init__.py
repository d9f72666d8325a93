# ruff: noqa
"""A small machine in the style of SOM's interpreters: sources that know nothing of sepcomp."""
