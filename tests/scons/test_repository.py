"""Repository() and -Y: sources, outputs of C, interfaces and tables in another tree; edits are local."""

from __future__ import annotations

import pytest
from tool_project import HEAD, commands, entries, targets
from user_project import Project

OCAML = (
    HEAD.replace('["ocaml"]', '["default", "ocaml"]')
    + """
stubs = env.Object("stubs.c", CPPPATH=["$OCAMLWHERE"])
word = env.Command("word.ml", "word.txt", 'sed "s/.*/let v = &/" $SOURCE > $TARGET')
library = env.OCamlLibrary("l", Glob("src/*.ml*") + word)
env.OCamlProgram("p", ["main.ml", "more.ml", "more.mli", stubs], OCAMLLIBS=[library])
"""
)
FILES = {
    "SConstruct": OCAML,
    "word.txt": "1\n",
    "stubs.c": "#include <caml/mlvalues.h>\nvalue add(value a) { return Val_int(Int_val(a) + 1000); }\n",
    "src/a.ml": "let v = 10\nlet hidden = 2\n",
    "src/a.mli": "val v : int\n",
    "src/lex.mll": "rule t = parse _ { 1 }\n",
    "main.ml": 'external add : int -> int = "add"\nlet () = print_int (add (L.A.v + L.Word.v + More.x))\n',
    "more.ml": "let x = 100\nlet y = 1\n",
    "more.mli": "val x : int\n",
}


class Trees:
    """Two trees: `repository` with all files, and `work`, in which scons runs; missing files come from the other."""

    def __init__(self, project: Project, files: dict[str, str]) -> None:
        self.project = project
        for path, text in files.items():
            project.write(f"repository/{path}", text)
        project.path("work").mkdir()
        self.before = self.repository()

    def repository(self) -> dict:
        return self.project.snapshot("repository")

    def scons(self, *args: str, rc: int = 0):
        return self.project.scons("-Y", "../repository", *args, cwd="work", rc=rc)

    def write(self, path: str, text: str) -> None:
        self.project.write(f"work/{path}", text)

    def remove(self, path: str) -> None:
        self.project.path(f"work/{path}").unlink()

    def says(self) -> str:
        return self.project.run("./p", cwd="work").out

    def up_to_date(self) -> bool:
        return self.project.scons("-q", "-Y", "../repository", cwd="work", rc=None).rc == 0


@pytest.mark.parametrize("built", [False, True])
def test_ocaml(project: Project, built: bool) -> None:
    trees = Trees(project, FILES)
    if built:
        project.scons(cwd="repository")
        trees.before = trees.repository()
    first = trees.scons("-j4")
    assert trees.says() == "1111" and trees.up_to_date()
    assert ("gcc" in first.out) is not built and "src/lex.ml" in first.out

    trees.write("more.ml", "let x = 200\nlet y = 1\n")  # its interface is in the repository
    assert sorted(targets(trees.scons())) == ["p", "p.objs/P__Main.cmx", "p.objs/P__More.cmx"]
    assert trees.says() == "1211"
    trees.remove("more.ml")
    trees.write("word.txt", "5\n")
    trees.scons("-j4")
    assert trees.says() == "1115"
    trees.write("src/a.mli", "val v : int\nval hidden : int\n")  # and here its implementation is
    trees.write("main.ml", "let () = print_int L.A.hidden\n")
    trees.scons()
    assert trees.says() == "2" and trees.up_to_date()
    trees.write("src/lex.mll", "rule t = parse _ { 2 }\n")
    trees.write("main.ml", 'let () = print_int (L.Lex.t (Lexing.from_string "x"))\n')
    trees.scons()
    assert trees.says() == "2" and trees.up_to_date()

    trees.scons("-c")
    left = {path for path in entries(project) if path.startswith("work/") and project.path(path).is_file()}
    written = {"src/a.mli", "src/lex.mll", "main.ml", "word.txt", ".sconsign.dblite"}
    assert left == {f"work/{path}" for path in written}
    assert trees.repository() == trees.before


def test_an_edit_in_the_repository(project: Project) -> None:
    trees = Trees(project, FILES)
    trees.scons()
    project.write("repository/src/a.ml", "let v = 20\nlet hidden = 2\n")
    trees.scons()
    assert trees.says() == "1121" and trees.up_to_date()
    project.write("repository/src/b.ml", "let v = 20\n")
    assert "l.objs/L__B.cmx" in targets(trees.scons())


@pytest.mark.parametrize("duplicate", [0, 1])
def test_variants(project: Project, duplicate: int) -> None:
    body = f"""
Repository("../repository")
env.VariantDir("out", "src", duplicate={duplicate})
env.OCamlProgram("out/p", Glob("out/*.ml*"))
"""
    trees = Trees(project, {"src/main.ml": "let () = print_int A.v\n", **{n: FILES[n] for n in FILES if "src/" in n}})
    trees.write("SConstruct", HEAD + body)
    run = project.scons(cwd="work")
    assert project.run("out/p", cwd="work").out == "10"
    assert any("repository/src/a.ml" in line for line in commands(run)) is not duplicate or duplicate
    trees.write("src/a.ml", "let v = 5\n")
    project.scons(cwd="work")
    assert project.run("out/p", cwd="work").out == "5"
    assert project.scons("-q", cwd="work", rc=None).rc == 0


def test_an_interface_that_is_not_named(project: Project) -> None:
    """It matters to its module in the whole tree, even after an edit of one of the two."""
    body = HEAD + 'env.OCamlProgram("p", ["a.ml"])\n'
    trees = Trees(project, {"SConstruct": body, "a.ml": "let v = 1\n", "a.mli": ""})
    for path in ("a.ml", "a.mli"):
        trees.write(path, "")
        assert "is not among the sources" in trees.scons(rc=2).err
        trees.remove(path)


GATE = """
import rebel_tools
env = Environment(tools=["default", "export_table"], toolpath=[rebel_tools.TOOLPATH], CCFLAGS=["-g"],
                  CPPPATH=["."])
core = env.SharedLibrary("core", "core.c")
table = env.ExportTable("core.exports", [core, env.Interface("core.interface", "core.h")])
env.ExtensionModule("ext", "ext.c", CORE=table)
"""
CORE = '#include "core.h"\nint answer(int x) { return x; }\n'


@pytest.mark.parametrize("built", [False, True])
def test_the_gate(project: Project, built: bool) -> None:
    files = {
        "core.h": "int answer(int);\n",
        "core.c": CORE,
        "ext.c": '#include "core.h"\nint f(void) { return answer(1); }\n',
    }
    trees = Trees(project, {"SConstruct": GATE, **files})
    if built:
        project.scons(cwd="repository")
        trees.before = trees.repository()
    first = trees.scons()
    assert ("Verifying" in first.out) is not built and trees.up_to_date()
    trees.write("ext.c", '#include "core.h"\nint f(void) { return answer(2); }\n')
    trees.scons()  # against the core, its interface and its table in the repository
    assert project.path("work/libext.so").exists()
    trees.write("core.h", "int answer(int);\nint other(void);\n")
    assert "other" in trees.scons(rc=2).err
    trees.write("core.c", CORE + "int other(void) { return 1; }\n")
    trees.scons()
    assert project.path("work/core.exports").exists() and trees.up_to_date()
    assert trees.repository() == trees.before
