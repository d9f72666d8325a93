"""The OCaml builders are SCons builders: srcdir=, overrides, src_builder, emitters, keywords of the tool."""

from __future__ import annotations

import pytest
from tool_project import append, commands, entries, replace, sconstruct, targets
from user_project import Project

PRINT = "let () = print_endline {!r}\n".format
ONE, TWO = PRINT("1").replace("'", '"'), PRINT("2").replace("'", '"')
LEXER = "rule word = parse ['a'-'z']+ as w { w } | eof { assert false }\n"
LEXED = 'let () = print_endline (Lex.word (Lexing.from_string "abc"))\n'


def said(project: Project, program: str) -> str:
    return project.run(program).out.strip()


# ---------------------------------------------------------------- srcdir=


IN_SUB = ['["main.ml"]', '"main.ml"', '[["main.ml"]]', '["#sub/main.ml"]', 'File("sub/main.ml")']


@pytest.mark.parametrize("sources", IN_SUB)
def test_srcdir_of_a_program(project: Project, sources: str) -> None:
    files = {"main.ml": ONE, "sub/main.ml": TWO}
    sconstruct(project, f'env.OCamlProgram("p", {sources}, srcdir="sub")', files)
    before = entries(project)
    project.scons()
    assert said(project, "./p") == "2"
    assert project.up_to_date()
    project.write("main.ml", ONE + "(* *)")
    assert project.up_to_date()
    project.scons("-c")
    assert entries(project) == before


def test_srcdir_of_libraries_objects_and_aliases(project: Project) -> None:
    body = """
        library = env.OCamlLibrary("l", ["a.ml", "a.mli"], srcdir="deep/er")
        objects = env.OCamlObject(["o.ml"], srcdir=Dir("deep"), OCAMLOBJDIR="objs")
        env.OCamlProgram("p", ["main.ml", "#top.ml"], srcdir="deep", OCAMLLIBS=[library])
        env.OCamlAlias("names.ml", ["a.ml", "a.mli"], srcdir="deep/er")
        env.OCamlProgram("q", [objects])
    """
    files = {
        "deep/er/a.ml": "let v = 7\nlet hidden = 1\n",
        "deep/er/a.mli": "val v : int\n",
        "deep/main.ml": "let () = Top.say L.A.v\n",
        "deep/o.ml": TWO,
        "top.ml": "let say v = print_int v\n",
    }
    sconstruct(project, body, files)
    before = entries(project)
    project.scons("-j4")
    assert (said(project, "./p"), said(project, "./q")) == ("7", "2")
    assert "A = Names__A" in project.path("names.ml").read_text()
    assert project.up_to_date()
    project.scons("-c")
    assert entries(project) == before | {"objs"}


def test_srcdir_of_the_gate(project: Project) -> None:
    files = {
        "src/core.h": "int answer(int);\n",
        "src/core.c": '#include "core.h"\nint answer(int x) { return x; }\n',
        "src/ext.c": '#include "core.h"\nint ask(void) { return answer(1); }\n',
    }
    body = """
        env.Tool("default"); env.Tool("export_table", toolpath=[rebel_tools.TOOLPATH])
        core = env.SharedLibrary("core", "core.c", srcdir="src")
        interface = env.Interface("core.interface", "core.h", srcdir="src")
        table = env.ExportTable("core.exports", [core, interface], srcdir="src")
        env.ExtensionModule("ext", ["ext.c"], CORE=table, srcdir="src")
    """
    sconstruct(project, body, files)
    project.scons()
    assert project.path("libext.so").exists() and project.up_to_date()


# ---------------------------------------------------------------- Glob("*.ml*")

BESIDE = ["main.ml~", "main.mli~", "main.ml.orig", "main.ml.rej", "main.ml.bak", "#main.ml#", "index.mld", "all.mlpack"]


@pytest.mark.parametrize("builder", ["OCamlProgram", "OCamlLibrary", "OCamlObject"])
def test_copies_and_lists_beside_the_sources_are_left_out(project: Project, builder: str) -> None:
    target = "" if builder == "OCamlObject" else '"out/x", '
    sconstruct(project, f'env.{builder}({target}Glob("*.ml*"))', {"main.ml": ONE})
    for name in (*BESIDE, "all.mllib", "all.mldylib", ".#main.ml", "main.ml.in"):
        project.write(name, "not OCaml\n")
    project.scons()
    assert project.up_to_date()
    assert not [target for target in targets(project.scons("-c")) if "~" in target]


@pytest.mark.parametrize("name", ["a.ml4", "a.mlp", "a.mlt", "a.mlx", "a.ml.gz", "a.ml.d"])
def test_what_is_no_source_is_refused(project: Project, name: str) -> None:
    sconstruct(project, 'env.OCamlProgram("p", Glob("*.ml*"))', {"main.ml": ONE, name: ""})
    run = project.scons(rc=2)
    assert f"`{name}` is not a source of OCaml or Reason" in run.err and "SConstruct" in run.err
    assert not project.path("p").exists()


def test_lexers_and_parsers_are_run(project: Project) -> None:
    files = {
        "lib/lex.mll": "{ open Parse }\nrule t = parse ['0'-'9']+ as n { NUMBER (int_of_string n) } | eof { END }\n",
        "lib/parse.mly": "%token <int> NUMBER\n%token END\n%start main\n%type <int> main\n"
        "%%\nmain: NUMBER END { $1 }\n",
        "main.ml": 'let () = print_int (Calc.Parse.main Calc.Lex.t (Lexing.from_string "42"))\n',
    }
    body = """
        calc = env.OCamlLibrary("calc", Glob("lib/*.ml*"))
        env.OCamlProgram("p", "main.ml", OCAMLLIBS=[calc])
    """
    sconstruct(project, body, files)
    before = entries(project)
    first = project.scons("-j4")
    assert said(project, "./p") == "42"
    assert "ocamllex" in first.out and "ocamlyacc" in first.out
    for _ in range(2):
        assert project.up_to_date()
    replace(project, "lib/parse.mly", "{ $1 }", "{ $1 + 1 }")
    project.scons()  # Glob found parse.ml, which the last build made
    assert said(project, "./p") == "43"
    append(project, "lib/lex.mll", "(* a comment *)\n")
    assert "OCamlLink" not in project.scons().out and said(project, "./p") == "43"
    project.scons("-c")
    assert entries(project) == before


@pytest.mark.parametrize("duplicate", [0, 1])
def test_a_lexer_in_a_variant_folder(project: Project, duplicate: int) -> None:
    body = f"""
        env.VariantDir("out", "src", duplicate={duplicate})
        env.OCamlProgram("out/p", Glob("out/*.ml*"), OCAMLLEXFLAGS="-ml -q")
    """
    sconstruct(project, body, {"src/lex.mll": LEXER, "src/main.ml": LEXED})
    run = project.scons()
    assert "ocamllex -ml -q -o out/lex.ml" in run.out and said(project, "out/p") == "abc"
    assert not project.path("src/lex.ml").exists() and project.up_to_date()
    replace(project, "src/lex.mll", "{ w }", '{ w ^ "!" }')
    project.scons()
    assert said(project, "out/p") == "abc!"


def test_a_rule_of_the_sconstruct_makes_the_module(project: Project) -> None:
    body = """
        env.Command("lex.ml", "lex.mll", "ocamllex -q $SOURCE -o $TARGET && echo 'let mine = 1' >> $TARGET")
        env.OCamlProgram("p", Glob("*.ml*"))
    """
    sconstruct(project, body, {"lex.mll": LEXER, "main.ml": LEXED + "let () = print_int Lex.mine\n"})
    project.scons()
    assert said(project, "./p") == "abc\n1" and project.up_to_date()


def test_a_module_that_somebody_wrote_is_not_written_over(project: Project) -> None:
    files = {"lex.mll": LEXER, "lex.ml": 'let word _ = "mine"\n', "main.ml": LEXED}
    sconstruct(project, 'env.OCamlProgram("p", Glob("*.ml*"))', files)
    run = project.scons(rc=2)
    assert "`lex.ml` exists already, and no builder makes it from `lex.mll`" in run.err
    sconstruct(project, 'env.OCamlProgram("p", Glob("*.ml*", exclude=["*.mll"]))')
    project.scons()
    assert said(project, "./p") == "mine"
    project.scons("-c")
    assert project.path("lex.ml").read_text() == files["lex.ml"]


# ---------------------------------------------------------------- builders among SCons' own


def test_a_builder_of_sources_of_the_user(project: Project) -> None:
    body = """
        command = "tr a-z A-Z < $SOURCE | sed 's/.*/let text = \\"&\\"/' > $TARGET"
        upper = Builder(action=command, suffix=".ml", src_suffix=".txt")
        env["BUILDERS"]["OCamlProgram"].add_src_builder(upper)
        env.OCamlProgram("p", ["main.ml", "words.txt"])
        env.OCamlProgram("q", ["main.ml", "words.txt"])
    """
    sconstruct(project, body, {"words.txt": "abc", "main.ml": "let () = print_endline Words.text\n"})
    run = project.scons("-j4")
    assert said(project, "./p") == said(project, "./q") == "ABC"
    assert "warning" not in run.err
    project.write("words.txt", "xyz")
    project.scons()
    assert said(project, "./p") == "XYZ" and project.up_to_date()


def test_emitters(project: Project) -> None:
    body = """
        def with_map(target, source, env):
            assert "p" in str(target[0])
            return target + [str(target[0]) + ".map"], source
        def with_more(target, source, env):
            return target, source + ["more.ml"]
        env.Append(OCAMLPROGEMITTER=[with_map, with_more], OCAMLLIBEMITTER=with_more)
        nodes = env.OCamlProgram("p", "main.ml", OCAMLLINKFLAGS=["-ccopt", "-Wl,-Map=p.map"])
        library = env.OCamlLibrary("l", "a.ml")
        print([str(node) for node in nodes + library])
    """
    files = {"main.ml": "let () = print_int More.v\n", "more.ml": "let v = 3\n", "a.ml": "let w = More.v\n"}
    sconstruct(project, body, files)
    before = entries(project)
    assert "['p', 'p.map', 'l.cmxa', 'l.a']" in project.scons().out
    assert said(project, "./p") == "3" and project.up_to_date()
    project.path("p.map").unlink()
    assert len(commands(project.scons())) == 1 and project.path("p.map").exists()
    project.scons("-c")
    assert entries(project) == before


def test_a_versioned_library_of_c(project: Project) -> None:
    body = """
        env.Tool("default")
        shared = env.SharedLibrary("answer", "answer.c", SHLIBVERSION="1.2.3")
        stubs = env.Object("stubs.c", CPPPATH=["$OCAMLWHERE"])
        env.OCamlProgram("p", ["main.ml", stubs, shared])
    """
    files = {
        "answer.c": "int answer(void) { return 42; }\n",
        "stubs.c": "#include <caml/mlvalues.h>\nint answer(void);\n"
        "value ask(value unit) { return Val_int(answer()); }\n",
        "main.ml": 'external ask : unit -> int = "ask"\nlet () = print_int (ask ())\n',
    }
    sconstruct(project, body, files)
    project.scons("-j4")
    assert project.run("./p", env={"LD_LIBRARY_PATH": str(project.root)}).out == "42" and project.up_to_date()


def test_they_stand_among_the_builders(project: Project) -> None:
    body = """
        import SCons.Builder
        for name in ("OCamlProgram", "OCamlLibrary", "OCamlObject", "OCamlAlias"):
            builder = env["BUILDERS"][name]
            assert SCons.Builder.is_a_Builder(builder) and builder.get_name(env) == name
            assert ".mll" in builder.src_suffixes(env)
        env["BUILDERS"]["Ours"] = env["BUILDERS"]["OCamlProgram"]
        env.Clone().Ours("p", "main.ml")
    """
    sconstruct(project, body, {"main.ml": ONE})
    project.scons()
    assert said(project, "./p") == "1"


def test_overrides_of_overrides(project: Project) -> None:
    """In SCons, the result of Override() cannot be cloned; nor can OverrideEnvironments of it."""
    body = """
        env.Replace(OCAMLFLAGS=["-g"], WORD="mine")
        env.OCamlProgram("q", "main.ml")
        inner = env.Override({"OCAMLFLAGS": "$OCAMLFLAGS -w +a"}).Override({"OCAMLOPTFLAGS": ["-inline", "$N"], "N": 7})
        inner.OCamlProgram("p", "main.ml", OCAMLNAMESPACE="Word_$WORD")
    """
    sconstruct(project, body, {"main.ml": ONE})
    run = project.scons()
    ours = [line for line in run.out.splitlines() if "Word_mine__Main" in line]
    assert ours and "-g -w +a -inline 7" in ours[0]
    assert not any("-inline" in line for line in run.out.splitlines() if " q.objs" in line)
    assert project.up_to_date()


def test_keywords_of_the_tool(project: Project) -> None:
    project.write(
        "SConstruct",
        "import rebel_tools\nDefaultEnvironment(tools=[])\n"
        'env = Environment(tools=[("ocaml", {"OCAMLENGINES": ["byte"], "OCAMLFLAGS": "-w +a"})],\n'
        "                  toolpath=[rebel_tools.TOOLPATH])\n"
        'env.OCamlProgram("p", "main.ml")\n'
        'second = Environment(tools=[], toolpath=[rebel_tools.TOOLPATH], OCAMLFLAGS="-g")\n'
        'second.Tool("ocaml", OCAMLLINKFLAGS="-linkall")\n'
        'second.OCamlProgram("q", "main.ml")\n',
    )
    project.write("main.ml", ONE)
    run = project.scons()
    lines = run.out.splitlines()
    assert any("ocamlc -w +a" in line and "p.objs" in line for line in lines)
    assert any(line.startswith("ocamlopt -linkall -o q") for line in lines)
    assert said(project, "./q") == "1"
