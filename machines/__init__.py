"""Tests the project on other machines: `python bootstrap.py matrix`. The last results are in docs/matrix.md."""
