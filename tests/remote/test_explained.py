"""Why a command was not found in the shared cache, and the time that the server took."""

from __future__ import annotations

import json

import pytest
from c_project import FILES

SCRIPT = """
env.Append(CPPPATH=['inc'], CCFLAGS=Split(ARGUMENTS.get('flags', '-Wall')))
env['ENV']['SECRET'] = ARGUMENTS.get('secret', 'hunter2')
env.Object('part.c')
"""
MORE = {**FILES, "inc/more.h": "/* more */\n"}
CHANGED = "int part(void);\n#define MORE 1\n"


@pytest.fixture
def explained(tree, server):
    """Builds a tree of these files in a new folder, and returns what scons says about its object."""
    number = 0

    def build(*words: str, script: str = SCRIPT, **files: str) -> str:
        nonlocal number
        number += 1
        project = tree(script, at=str(number), **(files or FILES))
        out = project.scons(f"--remote-cache={server.url}", "--debug=explain", *words).out
        lines = [line for line in out.splitlines() if line.startswith("scons: remote cache: `part.o'")]
        assert len(lines) == 1, out
        return lines[0].partition("' ")[2]

    return build


def test_which_input_differs(explained, server) -> None:
    assert explained() == "is not in the cache: it has not been built yet, or the result was not shared"
    assert explained() == "is taken from the cache"
    assert explained(**{**FILES, "inc/part.h": CHANGED}) == "is not in the cache: inc/part.h has changed"
    more = {**MORE, "inc/part.h": CHANGED + '#include "more.h"\n'}
    assert explained(**more) == "is not in the cache: inc/more.h is new, inc/part.h has changed"
    assert explained("flags=-Wall -O2", **more) == ("is not in the cache: its command line has changed (with `-O2')")
    assert explained("flags=-Wall -O2", "secret=other", **more) == (
        "is not in the cache: the environment variable SECRET has changed"
    )
    assert explained("flags=-O1", "secret=other", **more) == (
        "is not in the cache: its command line has changed (`-O1' instead of `-Wall -O2')"
    )
    assert explained("flags=-Wall", **FILES) == "is taken from the cache"
    kept = b"".join(server.data.values())
    assert b"hunter2" not in kept


def test_what_is_not_shared_is_reported(tree, server) -> None:
    script = "env.AlwaysBuild(env.Command('a.txt', 'part.c', 'cp $SOURCE $TARGET'))\n"
    script += "env.Object('main.c', CCFLAGS=['-Iinc'])\n"
    told = tree(script).scons(f"--remote-cache={server.url}", "--debug=explain").err
    assert "a.txt is not shared: it has AlwaysBuild" in told
    assert "main.o is not shared: it reads or writes undeclared files" in told


def test_a_machine_that_differs_is_named(explained, tmp_path) -> None:
    header = tmp_path / "system" / "version.h"
    header.parent.mkdir()
    header.write_text("#define VERSION 1\n")
    script = f"env['ENV']['CPATH'] = {str(header.parent)!r}\nenv.Object('part.c')\n"
    files = {"part.c": "#include <version.h>\nint version = VERSION;\n"}
    explained(script=script, **files)
    header.write_text("#define VERSION 2\n")
    assert explained(script=script, **files) == f"is not in the cache: it was made with a different {header}"


def test_a_result_that_depends_on_the_folder(explained) -> None:
    explained("flags=-g")
    assert "in a different folder" in explained("flags=-g")


def test_a_damaged_explanation_is_ignored(explained, server) -> None:
    explained()
    server.data = {path: data[:-1] if "/ac/" in path else data for path, data in server.data.items()}
    assert "it has not been built yet" in explained()


def test_a_profile_shows_when_the_server_was_asked(tree, server, tmp_path) -> None:
    trace = tmp_path / "trace.json"
    tree(SCRIPT).scons(f"--remote-cache={server.url}", f"--profile-build={trace}")
    spans = json.loads(trace.read_text())
    spans = spans["traceEvents"] if isinstance(spans, dict) else spans
    assert [span["name"] for span in spans if span.get("cat") == "remote"] == ["part.o"]
