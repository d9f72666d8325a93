"""Records of earlier builds that are damaged: the next build makes them anew."""

from __future__ import annotations

import sys

import pytest

from rebel_tools.memory.json_file import json_value

DAMAGED = {"deep": "[" * 100_000, "cut off": '{"question": "', "empty": "", "two values": "1 2", "not JSON": "\x00"}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=list(DAMAGED))
def test_what_is_no_value(text):
    with pytest.raises(ValueError):  # noqa: PT011 (the kind is all that is promised)
        json_value(text.encode())


@pytest.mark.parametrize("name", ["_build/.rebel-tools.up-to-date", "_build/default/.rebel-tools.manifest"])
def test_a_damaged_record_is_made_anew(project, name):
    project.write("package.json", '{"rebel": {}}')
    project.write("src/Index.ml", "let () = print_int 1\n")
    build = [sys.executable, "-m", "rebel_tools", "build"]
    project.run(*build)
    project.path(name).write_text(DAMAGED["deep"])
    assert "Traceback" not in project.run(*build).text
    assert "is up to date" in project.run(*build).out
