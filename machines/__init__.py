"""Tries the project on other machines: `python bootstrap.py matrix`. See docs/matrix.md for what it last found."""
