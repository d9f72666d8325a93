"""A small part of edit_sequence.py, which finds more in longer runs: see its --help."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import edit_report
import edit_sequence
import pytest

pytestmark = pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")

# A package.json whose flags name C code, one with a cache and a server, an SConstruct, a workspace.
SEEDS = [3, 10, 24, 29]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_build_equals_a_clean_one(tmp_path, seed):
    steps = []
    edit_sequence.run_sequence(tmp_path, seed, edits=5, tell=lambda **what: steps.append(what))
    assert len(steps) == 6 and all(step["kinds"] for step in steps[1:])


def test_a_build_that_is_not_a_clean_one_is_a_difference(tmp_path, monkeypatch):
    """The comparison is effective: here, the clean build has something that no other build has."""
    clean = edit_sequence.Sequence.clean_build

    def other(self):
        found = clean(self)
        found.contents["_build/other"] = b""
        return found

    monkeypatch.setattr(edit_sequence.Sequence, "clean_build", other)
    with pytest.raises(edit_sequence.Difference, match="missing: _build/other"):
        edit_sequence.run_sequence(tmp_path, SEEDS[0], edits=0)


def test_what_a_log_holds(tmp_path):
    step = {
        **dict.fromkeys(edit_report.CIRCUMSTANCES, False),
        **{"seed": 7, "step": 1, "kinds": ["const", "copy"], "way": "rebel", "folder": "pro ject", "programs": 1},
        "kills": [{"whom": "the server", "signal": "SIGKILL"}],
    }
    steps = [
        step,
        {**step, "seed": 8, "programs": 0, "kills": []},
        {"seed": 10, "difference": "seed 10, after\n  0. x\nnot as"},
    ]
    log = tmp_path / "log"
    log.write_text("".join(json.dumps(each) + "\n" for each in steps))
    said = subprocess.run(
        [sys.executable, edit_report.__file__, log], capture_output=True, text=True, check=True
    ).stdout
    assert said.startswith("4 edits in 3 projects; 2 of them end in\n")
    assert "; 1 kills while a command ran;\n1 differences.\n" in said and "Seeds: 7 to 8, 10.\n" in said
    assert "| const | 2 |" in said and "| the server, SIGKILL | 1 |" in said and "- seed 10: not as" in said
