"""A small part of edit_sequence.py, which finds more in longer runs: see its --help."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys

import edit_report
import edit_sequence
import edited_project
import pytest

pytestmark = pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")

# A package.json whose flags name C code, one with a cache and a server, an SConstruct, a workspace.
SEEDS = [3, 10, 24, 29]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_build_equals_a_clean_one(tmp_path, seed):
    steps = []
    edit_sequence.run_sequence(tmp_path, seed, steps=5, tell=lambda **what: steps.append(what))
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
        edit_sequence.run_sequence(tmp_path, SEEDS[0], steps=0)


def test_rare_kinds_come_more_often(tmp_path):
    tried = dict.fromkeys(edited_project.KINDS, 100) | {"const": 0}
    sequence = edit_sequence.Sequence(tmp_path, random.Random(1), tried=tried)
    for _ in range(5):
        sequence.edit()
    assert sequence.kinds.count("const") >= 5
    sequence.close()


def test_an_edit_that_changes_nothing_is_no_edit(tmp_path):
    sequence = edit_sequence.Sequence(tmp_path, random.Random(1))
    assert sequence._changed(lambda rng, project: "nothing") is None
    sequence.close()


def test_a_sequence_of_a_run_is_repeated_with_its_log(tmp_path):
    log = tmp_path / "log"
    steps = [{"seed": 7, "kinds": ["copy", "const"]}, {"seed": 7, "difference": ""}, {"seed": 8, "kinds": ["const"]}]
    log.write_text("".join(json.dumps(step) + "\n" for step in steps))
    assert edit_sequence.tried_before(8, str(log)) == {"copy": 1, "const": 1}
    assert edit_sequence.tried_before(9, str(log)) == {"copy": 1, "const": 2}


def test_what_a_log_holds(tmp_path):
    step = {
        **dict.fromkeys(edit_report.CIRCUMSTANCES, False),
        **{"seed": 7, "commit": "abc", "step": 1, "kinds": ["const", "copy"]},
        **{"way": "rebel", "folder": "pro ject", "programs": 1},
        "kills": [{"whom": "the server", "signal": "SIGKILL"}],
    }
    steps = [
        step,
        {**step, "seed": 8, "programs": 0, "kills": []},
        {"seed": 10, "commit": "def", "difference": "seed 10, after\n  0. x\nnot as"},
    ]
    log = tmp_path / "log"
    log.write_text("".join(json.dumps(each) + "\n" for each in steps))
    said = subprocess.run(
        [sys.executable, edit_report.__file__, log], capture_output=True, text=True, check=True
    ).stdout
    assert said.startswith("4 edits in 3 projects, before 2 builds;\n2 of them end in 1 builds of programs that were\n")
    assert "; 1 kills while a command ran;\n1 differences.\n" in said
    assert "Seeds: 7 to 8, 10. Commits: abc, def.\n" in said
    assert "| const | 2 |" in said and "| the server, SIGKILL | 1 |" in said and "- seed 10: not as" in said
