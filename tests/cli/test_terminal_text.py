"""Whatever names, sources and symbols contain: a terminal gets only text, and nothing can forge a message of ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from tool_project import HEAD

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
EVIL = "e\x1b[31mvil\nscons: *** all is well\r \u202e\x9b2J\x07"
SOURCE = 'let x = "\x1b[2J\u202e\x9b" + 1 (* \x1b]0;title\x07 *)\n'


def check(text: str) -> str:
    """The text, after checking that it has no control characters and no forged line."""
    assert not OBEYED.search(text), repr(text)
    assert not [line for line in text.split("\n") if line.startswith(("scons: *** all", "error: all"))], text
    return text


def checked(project, *command: str, rc: int | None = None) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE"):
        environment.pop(name, None)
    run = subprocess.run(command, cwd=project.root, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    assert rc is None or run.returncode == rc, run
    return check((run.stdout + run.stderr).decode("utf-8", "surrogateescape"))


@pytest.fixture
def package(project):
    project.write("package.json", '{"name": "app", "rebel": {}}')
    project.write("src/index.ml", "let () = print_int (A.x + B.y)\n")
    project.write(f"src/{EVIL}/a.ml", SOURCE)
    project.write(f"src/{EVIL}/b.ml", "let y = match Some 1 with None -> 2 (* \x1b[8m *)\n")
    return project


def rebel(*words: str) -> list[str]:
    return [sys.executable, "-m", "rebel_tools", *words]


def test_a_package(package):
    failed = checked(package, *rebel("build"), rc=2)
    assert "Warning 8" in failed and '"\\x1b[2J\\u202e\\u009b" + 1' in failed
    for words in (["build", "--debug=explain", "verbose=1"], ["build", "--explain"], ["check"], ["doctor"]):
        checked(package, *rebel(*words))
    package.write(f"src/{EVIL}/a.ml", "let x = 1\n")
    checked(package, *rebel("build", "--profile-build=trace"), rc=0)
    package.path(f"src/{EVIL}/b.ml").unlink()
    assert "Unbound module" in checked(package, *rebel("build"), rc=2).replace('"', "")
    checked(package, *rebel("build", f"no {EVIL}"), rc=2)
    checked(package, *rebel("clean"), rc=0)


def test_mistakes_in_names(package):
    package.write(f"src/{EVIL}.ml", "")
    assert "name of a module" in checked(package, *rebel("build"), rc=2)
    package.path(f"src/{EVIL}.ml").unlink()
    package.write(f"src/{EVIL}/more/b.ml", "")
    assert "two files are the implementation" in checked(package, *rebel("build"), rc=2)
    package.write("package.json", f'{{"name": "app", "rebel": {{"{json_text(EVIL)}": 1}}}}')
    checked(package, *rebel("build"), rc=2)
    checked(package, *rebel("doctor"), rc=1)


def json_text(text: str) -> str:
    import json

    return json.dumps(text)[1:-1]


@pytest.mark.parametrize("option", ["-k", "-n", "--debug=explain", "--tree=all", "-c"])
def test_the_tool_in_an_sconstruct(package, option):
    """What the SConstruct itself prints is not our concern."""
    package.write(
        "SConstruct",
        HEAD + f"folder = {EVIL!r}\n"
        "sources = [env.File('src/index.ml'), *(env.File(f'src/{folder}/{n}.ml') for n in 'ab')]\n"
        "env.OCamlProgram('app', sources, OCAMLOBJDIR=env.Dir('obj' + folder))\n",
    )
    scons = [sys.executable, "-m", "SCons"]
    failed = checked(package, *scons, rc=2)
    assert "scons: *** [obje\\x1b[31mvil\\nscons: *** all is well" in failed
    checked(package, *scons, option)
    package.write("SConstruct", "print('\\x1b[1mhello\\x1b[0m')\n" + package.path("SConstruct").read_text())
    assert "\x1b[1mhello\x1b[0m" in package.scons(rc=2).out


def test_colours_are_kept_on_a_terminal(package):
    import pty

    master, slave = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(rebel("build"), cwd=package.root, env=environment, stdout=slave, stderr=slave)
    os.close(slave)
    said = b""
    while True:
        try:
            said += os.read(master, 65536)
        except OSError:  # no process writes any more
            break
    os.close(master)
    assert process.wait() == 2
    text = said.decode()
    assert re.search("\x1b\\[[\\d;]*mError\x1b\\[0m", text)
    ours = re.sub("\x1b\\[[\\d;]*m|\r\x1b\\[K|\r", "", text)
    check(ours)


def test_symbols_and_names_of_libraries(project):
    """A symbol and a SONAME from assembly, and a library with a line break in its name."""
    library = project.path("lib\x1b[1m\nerror: all is well.so")
    for path, symbols, soname in (
        (library, ["one", "evil\x1b[31m", "bidi\u202ex"], "so\x1b[31m\nerror: all is well"),
        (project.path("other.so"), ["one"], "other"),
    ):
        lines = [f'.globl "{s}"\n.type "{s}", @function\n"{s}": ret\n' for s in symbols]
        project.write("a.s", "".join(lines) + '.section .note.GNU-stack,"",@progbits\n')
        command = ["gcc", "-shared", "-nostdlib", "-o", str(path), "a.s", f"-Wl,-soname,{soname}"]
        subprocess.run(command, cwd=project.root, check=True)
    audit = [sys.executable, "-m", "rebel_tools.cli.symbol_audit"]
    assert "evil\\x1b[31m" in checked(project, *audit, "exports", str(library))
    for pair in ([library, "other.so"], ["other.so", library]):
        assert "bidi\\u202ex" in checked(project, *audit, "diff", *map(str, pair))
    checked(project, *audit, "record", str(library), "-o", "made")
    checked(project, *audit, "exports", f"no {EVIL}", rc=3)
    checked(project, *audit, "show", str(library))
    project.write("accepted", f"# none\nno such rule {EVIL}\n")
    checked(project, *audit, "diff", str(library), "other.so", "--suppressions", "accepted")
