"""A small part of edit_sequence.py, which finds more when it is let run: see its --help."""

from __future__ import annotations

import shutil

import edit_sequence
import pytest

pytestmark = pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")


@pytest.mark.parametrize("seed", [14, 44, 9])  # a package.json, an SConstruct, a package.json with a cache
def test_every_build_equals_a_clean_one(tmp_path, seed):
    edit_sequence.run_sequence(tmp_path, seed, edits=4)
