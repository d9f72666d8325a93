"""Generated sources of packages: lexers, grammars, preprocessors and commands, described only in package.json."""

from __future__ import annotations

import json
import shutil

import pytest
from package_app import App, edit, replace_as_before, steps
from user_project import unquoted

from rebel_tools import tools

pytestmark = [
    pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind"),
    pytest.mark.skipif(not shutil.which("menhir"), reason="needs menhir"),
]

LEXER = """\
{ open Parser }
rule token = parse
| ' ' { token lexbuf }
| ['0'-'9']+ as digits { NUMBER (int_of_string digits) }
| '+' { PLUS }
| eof { END }
"""
GRAMMAR = """\
%token <int> NUMBER
%token PLUS END
%left PLUS
%start <Ast.t> main
%%
main: s = sum END { s }
sum:
| n = NUMBER { Ast.number n }
| a = sum PLUS b = sum { Ast.plus a b }
"""
AST = "type t = int\nlet number n = n\nlet plus a b = a + b\n"
INDEX = "let () = print_int (Parser.main Lexer.token (Lexing.from_string {|1 + 2 + 39|}))\n"


@pytest.fixture
def app(project) -> App:
    return App(project)


def calculator(app: App, **rebel) -> None:
    app.package(**rebel)
    for name, text in (("lexer.mll", LEXER), ("parser.mly", GRAMMAR), ("ast.ml", AST), ("index.ml", INDEX)):
        app.write(f"src/{name}", text)


def files(app: App) -> list[str]:
    return sorted(str(path.relative_to(app.path("src"))) for path in app.path("src").rglob("*"))


# Lexers and grammars


def test_a_lexer_and_a_grammar_are_sources_in_the_first_build(app):
    calculator(app)
    app.build()
    assert app.output() == "42"
    assert files(app) == ["ast.ml", "index.ml", "lexer.mll", "parser.mly"]
    app.settle()
    app.equals_a_clean_build()


def test_many_jobs_make_what_one_makes(app):
    calculator(app)
    app.is_made_alike_by_many_jobs()


def test_clean_leaves_nothing(app):
    calculator(app)
    app.build()
    app.project.scons("-c", "-f", app.project.run("rebel", "sconstruct").out.strip())
    assert not app.path("_build").exists()
    assert files(app) == ["ast.ml", "index.ml", "lexer.mll", "parser.mly"]


def test_a_dry_run_makes_nothing(app):
    calculator(app)
    said = app.build("-n")
    assert "ocamllex src/lexer.mll" in said and "menhir src/parser.mly" in said
    assert not app.path("_build/default/.generated").exists()


EDITS = {
    "comment in the lexer": ("src/lexer.mll", "rule token", "(* a comment *) rule token", ["ocamllex"]),
    "another lexer": ("src/lexer.mll", "'+' {", "'+' | '&' {", ["ocamllex", "ocamlopt", "link"]),
    "comment in the grammar": ("src/parser.mly", "%%\n", "%%\n/* a comment */\n", None),
    "another action": ("src/parser.mly", "Ast.number n", "Ast.number (n + 0)", None),
    "another body": ("src/ast.ml", "a + b", "b + a", None),
    "another type": ("src/ast.ml", "type t = int", "type t = int\ntype u = A", None),
    "another precedence": ("src/parser.mly", "%left", "%right", None),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_makes_what_a_clean_build_makes(app, name):
    calculator(app)
    app.settle()
    file, old, new, expected = EDITS[name]
    edit(app, file, old, new)
    done = [step.split()[0] for step in steps(app.build())]
    if expected:
        assert list(dict.fromkeys(done)) == expected
    app.equals_a_clean_build()


def test_a_comment_in_a_lexer_links_nothing(app):
    calculator(app)
    app.settle()
    edit(app, "src/lexer.mll", "{ open Parser }", "{ open Parser } (* lexes *)")
    assert steps(app.build()) == ["ocamllex lexer.mll"]
    edit(app, "src/lexer.mll", "'+' { PLUS }", "'+' { PLUS (* more *) }")
    assert steps(app.build()) == ["ocamllex lexer.mll", "ocamlopt lexer.ml"]


def test_a_body_that_a_grammar_uses_infers_nothing_again(app):
    calculator(app)
    app.write("src/ast.mli", "type t = int\nval number : int -> t\nval plus : t -> t -> t\n")
    app.settle()
    edit(app, "src/ast.ml", "a + b", "b + a")
    assert not {"ocamlc", "menhir"}.intersection(step.split()[0] for step in steps(app.build()))


def test_what_a_lexer_that_is_gone_has_made_is_gone(app):
    calculator(app)
    app.settle()
    app.path("src/lexer.mll").unlink()
    app.write("src/index.ml", "let () = ignore Parser.main; print_string {|none|}\n")
    app.build()
    assert app.output() == "none"
    assert not [path for path in app.made() if "exer" in path]
    for name in ("parser.mly", "ast.ml"):
        app.path(f"src/{name}").unlink()
    app.write("src/index.ml", "let () = print_string {|less|}\n")
    app.build()
    assert app.output() == "less"
    assert not app.path("_build/default/.generated").exists()
    app.equals_a_clean_build()


def test_a_lexer_becomes_a_source_and_back(app):
    calculator(app)
    app.settle()
    text = next(app.path("_build").rglob("lexer.ml")).read_text()
    app.path("src/lexer.mll").unlink()
    app.write("src/lexer.ml", text)
    app.build()
    assert app.output() == "42"
    app.equals_a_clean_build()
    app.path("src/lexer.ml").unlink()
    app.write("src/lexer.mll", LEXER)
    app.build()
    assert app.output() == "42"
    app.equals_a_clean_build()


def test_a_grammar_for_ocamlyacc(app):
    calculator(app)
    text = "%token <int> NUMBER\n%token PLUS END\n%left PLUS\n%start main\n%type <Ast.t> main\n%%\n"
    text += "main: sum END { $1 };\nsum: NUMBER { Ast.number $1 } | sum PLUS sum { Ast.plus $1 $3 };\n"
    app.write("src/parser.mly", text)
    assert "ocamlyacc parser.mly" in steps(app.build())
    assert app.output() == "42"
    app.package(grammars="menhir")
    assert "menhir parser.mly" in steps(app.build())
    app.equals_a_clean_build()
    app.package(grammars="ocamlyacc")
    app.write("src/parser.mly", GRAMMAR)
    assert 'File "src/parser.mly", line 4' in app.build(rc=2)


def test_types_are_inferred_among_the_modules_of_other_packages(app):
    calculator(app)
    app.package(dependencies={"dep": "*"})
    app.write("node_modules/dep/package.json", '{"name": "dep", "rebel": {}}')
    app.write("node_modules/dep/src/kinds.ml", "type t = Int of int\nlet plus (Int a) (Int b) = Int (a + b)\n")
    app.write("src/ast.ml", "type t = Dep.Kinds.t\nlet number n = Dep.Kinds.Int n\nlet plus = Dep.Kinds.plus\n")
    app.write("src/index.ml", INDEX.replace("print_int (", "let Dep.Kinds.Int n = (") + "in print_int n\n")
    app.build()
    assert app.output() == "42"
    edit(app, "node_modules/dep/src/kinds.ml", "a + b", "a + b + 1")
    app.build()
    app.equals_a_clean_build()
    assert app.output() == "44"


def test_a_package_below_node_modules_has_lexers_and_grammars(app):
    app.package(dependencies={"calc": "*"})
    app.write("node_modules/calc/package.json", json.dumps({"name": "calc", "rebel": {"private": ["Ast"]}}))
    for name, text in (("lexer.mll", LEXER), ("parser.mly", GRAMMAR), ("ast.ml", AST)):
        app.write(f"node_modules/calc/src/{name}", text)
    app.write("src/index.ml", INDEX.replace("Parser", "Calc.Parser").replace("Lexer", "Calc.Lexer"))
    app.build()
    assert app.output() == "42"
    assert sorted(path.name for path in app.path("node_modules/calc/src").iterdir()) == [
        "ast.ml",
        "lexer.mll",
        "parser.mly",
    ]
    edit(app, "node_modules/calc/src/lexer.mll", "PLUS", "PLUSS")
    assert 'File "node_modules/calc/src/lexer.mll", line 5' in app.build(rc=2)


TOKENS = "%token <int> NUMBER\n%token PLUS END\n%%\n"
RULES = GRAMMAR.partition("END\n")[2]


def test_tokens_in_a_file_of_their_own(app):
    grammars = {
        "Tokens": {"flags": "--only-tokens"},
        "Parser": {"sources": ["src/tokens.mly", "src/parser.mly"], "flags": ["--external-tokens", "Tokens"]},
    }
    calculator(app, grammars=grammars)
    app.write("src/tokens.mly", TOKENS)
    app.write("src/parser.mly", RULES)
    edit(app, "src/lexer.mll", "Parser", "Tokens")
    app.build()
    assert app.output() == "42"
    edit(app, "src/tokens.mly", "PLUS END", "PLUS MINUS END")
    app.build()
    app.equals_a_clean_build()


def test_grammars_that_are_one_module(app):
    calculator(app, grammars={"Parser": {"sources": ["src/tokens.mly", "src/expressions.mly"]}})
    app.write("src/tokens.mly", TOKENS)
    app.write("src/expressions.mly", RULES)
    app.path("src/parser.mly").unlink()
    app.build()
    assert app.output() == "42"
    assert not [path for path in app.made() if "Tokens" in path or "Expressions" in path]


def test_the_table_back_end_has_its_library(app):
    calculator(app, flags={"menhir": ["--table"]})
    app.build()
    assert app.output() == "42"
    app.package()
    app.build()
    app.equals_a_clean_build()


def test_a_grammar_whose_types_are_not_inferred(app):
    """So that interfaces of modules that it uses can name its types; common options of menhir are no error."""
    calculator(app, grammars={"Parser": {"infer": False, "flags": "--table --explain --infer"}})
    edit(app, "src/parser.mly", "<Ast.t> main", "<int> main")
    app.write(
        "src/ast.mli", "type t = int\nval number : int -> t\nval plus : t -> t -> t\nval spell : Parser.token -> t\n"
    )
    app.write("src/ast.ml", AST + "let spell _ = 7\n")
    assert not [step for step in steps(app.build()) if "infer" in step or step.startswith("ocamlc")]
    assert app.output() == "42"
    edit(app, "src/parser.mly", "%left PLUS\n", "")
    assert "Warning: shift/reduce conflict before PLUS" in app.build()
    app.equals_a_clean_build()
    app.package()
    said = app.build(rc=2)
    assert (
        "Parser (src/parser.mly) -> Ast (src/ast.mli) -> Parser" in said and '`"infer": false` for the grammar' in said
    )


def test_a_generated_public_face_and_entry(app):
    app.package(dependencies={"dep": "*"}, targets=[{"entry": "src/main.ml"}])
    app.path("src/index.ml").unlink()
    app.write(
        "src/main.mll", "{ }\nrule one = parse _ { 1 }\n{ let () = print_int (Dep.one (Lexing.from_string {|a|})) }\n"
    )
    app.write("node_modules/dep/package.json", '{"name": "dep", "rebel": {"publicModule": true}}')
    app.write("node_modules/dep/src/dep.mll", "rule one = parse _ { 1 }\n")
    app.build()
    assert app.output() == "1"


def test_two_targets_have_both(app):
    entry = {"entry": "src/index.ml"}
    calculator(app, targets=[{"target": "a", **entry}, {"target": "b", "engine": "byte", **entry}])
    app.build()
    for name in "ab":
        assert app.project.run(app.path(f"_build/{name}/src/app.out")).out == "42"


def test_the_rule_of_a_package_wins_over_that_of_an_sconstruct(app):
    calculator(app)
    command = "env.Command(['src/parser.ml', 'src/parser.mli'], 'src/parser.mly', 'menhir $SOURCE')\n"
    head = "import rebel_tools\nenv = Environment(tools=['rebel'], toolpath=[rebel_tools.TOOLPATH])\n"
    app.write("SConstruct", head + command + "env.Rebel()\n")
    said = app.build()
    assert "warning: src/parser.ml is made by a rule of its package, not by the SConstruct" in said
    assert app.output() == "42"
    assert files(app) == ["ast.ml", "index.ml", "lexer.mll", "parser.mly"]


def test_what_somebody_changed_is_made_again(app):
    calculator(app)
    app.settle()
    made = app.made()
    for path in [path for path, data in made.items() if ".generated" in path and data]:
        file = app.path(f"_build/{path}")
        replace_as_before(file, "e", "x")
        app.build()
        assert app.made() == made
        file.unlink()
        app.build()
        assert app.made() == made


def test_a_link_in_place_of_what_is_made_is_not_followed(app):
    calculator(app)
    app.settle()
    app.write("precious/file", "kept")
    app.project.run("rm", "-r", "_build/default/.generated")
    app.path("_build/default/.generated").symlink_to(app.path("precious"))
    app.build()
    assert [path.name for path in app.path("precious").iterdir()] == ["file"]
    app.equals_a_clean_build()


# Places


def test_errors_are_at_their_places(app):
    calculator(app)
    edit(app, "src/parser.mly", "Ast.number n", "Ast.number {|n|}")
    assert 'File "src/parser.mly", line 8, characters ' in app.build(rc=2)
    app.write("src/parser.mly", GRAMMAR.replace("sum END", "sum FIN"))
    assert 'File "src/parser.mly", line 6, characters 14-17:\nError: FIN is undefined.' in app.build(rc=2)
    app.write("src/parser.mly", GRAMMAR)
    edit(app, "src/lexer.mll", "int_of_string", "int_of_char")
    assert 'File "src/lexer.mll", line 4, characters ' in app.build(rc=2)
    edit(app, "src/lexer.mll", "parse", "pars")
    assert 'File "src/lexer.mll", line 2, character ' in app.build(rc=2)


@pytest.mark.parametrize("generator", ["menhir", "ocamlyacc"])
def test_conflicts_are_at_their_places(app, generator):
    text = "%token A B END\n%start main\n%type <unit> main\n%%\n\nmain: list END { () };\n\n"
    text += "list: A { () }\n  | list B list { () };\n"
    app.package(grammars=generator)
    app.write("src/parser.mly", text)
    said = app.build()
    where = 'File "src/parser.mly", line 8, characters 0-4:\nWarning: shift/reduce conflict before B: '
    assert where + "reducing list -> list B list or shifting; see _build/default/.generated/app/src/parser." in said
    app.write("src/parser.mly", text.replace("%start", "%left B\n%start"))
    assert "conflict" not in app.build()


def test_a_grammar_that_uses_its_own_users(app):
    calculator(app)
    edit(app, "src/ast.ml", "let plus", "let _ = Parser.main\nlet plus")
    said = app.build(rc=2)
    assert "dependency cycle between modules: Parser (src/parser.mly) -> Ast (src/ast.ml) -> Parser" in said


# Commands


def rules(app: App, *every: dict, **rebel) -> None:
    app.package(rules=list(every), **rebel)


def test_a_command_makes_sources(app):
    command = [
        "sh",
        "-c",
        "cat data/a.txt > src/words.ml; echo '# 1 \"data/b.txt\"' >> src/words.ml; cat data/b.txt >> src/words.ml",
    ]
    rules(app, {"command": command, "sources": ["data"], "targets": ["src/words.ml"]})
    app.write("data/a.txt", "let a = 1\n")
    app.write("data/b.txt", "let b = 2\n")
    app.write("src/index.ml", "let () = print_int (Words.a + Words.b)\n")
    app.settle()
    assert app.output() == "3"
    assert files(app) == ["index.ml"]
    app.write("data/b.txt", "let b = 3\n")
    app.build()
    app.equals_a_clean_build()
    assert app.output() == "4"
    app.write("data/c.txt", "not read\n")
    app.build()
    assert app.output() == "4"
    app.write("data/b.txt", "let b = false + 1\n")
    assert 'File "data/b.txt", line 1, characters 8-13' in app.build(rc=2)


def test_a_command_runs_in_a_folder(app):
    """Paths in other keys are still those of the package, and so are places in errors."""
    script = "cat ../data/n.txt > x.ml; echo 'let y = 1' > ../src/y.ml"
    data = {"sources": ["data", "gen/run.sh"], "folder": "gen"}
    made = {"targets": ["gen/x.ml", "src/y.ml"], **data}
    rules(app, {"command": ["gen/run.sh"], **made}, sources=["src", "gen"])
    app.write("gen/run.sh", f"#!/bin/sh\nset -e\n{script}\n").chmod(0o755)
    app.write("data/n.txt", '# 1 "../data/n.txt"\nlet x = 41\n')
    app.write("src/index.ml", "let () = print_int (X.x + Y.y)\n")
    app.settle()
    assert app.output() == "42"
    app.equals_a_clean_build()
    edit(app, "data/n.txt", "41", "y")
    assert 'File "data/n.txt", line 1, characters 8-9' in app.build(rc=2)
    rules(app, {"command": ["tools/make.ml", "../data/n.txt"], "stdout": "src/x.ml", **data}, sources=["src", "tools"])
    app.write("tools/make.ml", 'let () = print_string ("let x = " ^ input_line (open_in Sys.argv.(1)))\n')
    app.write("data/n.txt", "7\n")
    app.write("src/index.ml", "let () = print_int X.x\n")
    app.build()
    assert app.output() == "7"
    app.equals_a_clean_build()


def test_what_a_rule_makes_moves_into_a_folder_below(app):
    """The old file and its folder are removed, and a folder below takes their place, in all ways between the two."""
    app.write("src/index.ml", "let () = print_int Made.v\n")
    app.write("text", "let v = 3\n")
    for target in ("src/made.ml", "src/deep/er/made.ml", "src/deep/made.ml", "src/made.ml"):
        rules(app, {"command": ["cat", "text"], "sources": ["text"], "stdout": target})
        app.build()
        assert app.output() == "3"
        made = sorted(path for path in app.project.path("_build/default/.generated").rglob("*") if path.is_file())
        assert [str(path).endswith(f"/{target}") for path in made] == [True]


def test_words_mean_themselves(app):
    words = [
        "",
        "a b",
        "$HOME",
        "$(touch x)",
        "`touch x`",
        "'",
        '"',
        "*",
        "\\",
        "a\nb",
        "-",
        "${TARGET}",
        "@",
        "|",
        ">",
    ]
    script = "import sys; print('let words = [' + ';'.join('{x|%s|x}' % word for word in sys.argv[1:]) + ']')"
    rules(app, {"command": ["python3", "-c", script, *words], "stdout": "src/words.ml"})
    app.write("src/index.ml", 'let () = print_string (String.concat "\\000" Words.words)\n')
    app.build()
    assert app.output().split("\0") == words
    assert not app.path("x").exists()


def test_a_command_sees_its_sources_only(app):
    rule = {"command": ["cat", "secret.txt"], "sources": ["known.txt"], "stdout": "src/x.ml"}
    rules(app, rule)
    app.write("known.txt", "")
    app.write("secret.txt", "let x = 1\n")
    said = app.build(rc=2)
    assert "secret.txt: No such file" in said and "exit status 1 (cat)" in said
    assert "package.json:1:" in said and '"command": ["cat"' in said and "^" in said
    rules(app, {**rule, "sources": ["*.txt"]})
    app.build()


def test_a_command_writes_nothing_among_the_sources(app):
    write = "echo 'let x = 1' > src/x.ml; echo lost > known.txt; echo more > src/more.ml"
    rules(app, {"command": ["sh", "-c", write], "sources": ["known.txt"], "targets": ["src/x.ml"]})
    app.write("known.txt", "kept")
    app.build()
    assert app.path("known.txt").read_text() == "kept"
    assert files(app) == ["index.ml"]


def test_a_target_that_is_not_written(app):
    rules(app, {"command": ["true"], "targets": ["src/x.ml", "src/y.ml"]})
    said = app.build(rc=2)
    assert 'this command succeeded, but did not write "src/x.ml" and "src/y.ml" (true)' in said
    assert "package.json:1:" in said and "^" in said
    rules(app, {"command": ["ln", "-s", "/etc/passwd", "src/x.ml"], "targets": ["src/x.ml"]})
    assert 'did not write "src/x.ml"' in app.build(rc=2)


def test_a_program_that_is_not_there(app):
    rules(app, {"command": ["no-such-program"], "targets": ["src/x.ml"]})
    assert "no-such-program: No such file" in app.build(rc=2)
    app.script("bin/no-such-program", "echo 'let x = 1' > src/x.ml; exit 0")
    app.settle()
    app.script("bin/no-such-program", "echo 'let y = 1' > src/x.ml; exit 0")
    assert "no-such-program x.ml" in steps(app.build())


def test_rules_that_need_each_other(app):
    copy = {"command": ["cp", "a.txt", "b.txt"], "sources": ["a.txt"], "targets": ["b.txt"]}
    rules(app, copy, {"command": ["cp", "b.txt", "src/x.ml"], "sources": ["b.txt"], "targets": ["src/x.ml"]})
    app.write("a.txt", "let x = 7\n")
    app.write("src/index.ml", "let () = print_int X.x\n")
    app.build()
    assert app.output() == "7"
    rules(app, copy, {"command": ["cp", "b.txt", "a.txt"], "sources": ["b.txt"], "targets": ["a.txt"]})
    app.path("a.txt").unlink()
    app.write("src/index.ml", "")
    assert "rules depend on each other" in app.build(rc=2)


def test_a_rule_makes_a_lexer_and_a_grammar(app):
    calculator(app)
    for name in ("lexer.mll", "parser.mly"):
        app.path(f"src/{name}").rename(app.path(f"{name}.in"))
    every = [(f"{name}.in", f"src/{name}") for name in ("lexer.mll", "parser.mly")]
    made = [{"command": ["cat", source], "sources": [source], "stdout": target} for source, target in every]
    rules(app, *made, grammars="menhir")
    app.build()
    assert app.output() == "42"
    app.equals_a_clean_build()


GENERATOR = 'let () = Printf.printf "let x = %d\\n" (Answers.of_question Sys.argv.(1))\n'


def generated(app: App) -> None:
    rules(app, {"command": ["tools/make.ml", "question"], "stdout": "src/x.ml"}, sources=["src", "tools"])
    app.write("tools/make.ml", GENERATOR)
    app.write("src/answers.ml", "let of_question q = String.length q\n")
    app.write("src/index.ml", "let () = print_int X.x\n")


def test_a_program_of_the_package_makes_sources(app):
    generated(app)
    app.settle()
    assert app.output() == "8"
    edit(app, "src/answers.ml", "q\n", "q + 1\n")
    app.build()
    assert app.output() == "9"
    app.equals_a_clean_build()
    app.write("tools/make.ml", GENERATOR + "(* makes x *)\n")
    assert steps(app.build()) == ["ocamlopt make.ml"]
    edit(app, "tools/make.ml", '"let x', '"let y = 1 let x')
    app.build()
    app.equals_a_clean_build()
    app.project.run("rm", "-r", "_build")
    app.build("-j8")
    assert app.output() == "9"


def test_a_program_that_needs_what_it_makes(app):
    generated(app)
    edit(app, "src/answers.ml", "String.length q", "String.length q + X.x")
    said = app.build(rc=2)
    assert 'the program "tools/make.ml" needs "src/x.ml", which is made with it' in said
    assert "package.json:1:" in said and "^" in said


def test_a_program_of_another_package_makes_sources(app):
    app.package(
        dependencies={"maker": "*"}, rules=[{"command": ["node_modules/maker/src/make.ml", "1"], "stdout": "src/x.ml"}]
    )
    app.write("node_modules/maker/package.json", '{"name": "maker", "rebel": {"linkAll": true}}')
    app.write("node_modules/maker/src/make.ml", GENERATOR)
    app.write("node_modules/maker/src/answers.ml", "let of_question = int_of_string\n")
    app.write("src/index.ml", "let () = print_int (X.x + Maker.Answers.of_question {|1|})\n")
    app.build()
    assert app.output() == "2"  # and the program does not belong to the library
    edit(app, "node_modules/maker/src/answers.ml", "int_of_string", "fun text -> 20 + int_of_string text")
    app.build()
    assert app.output() == "42"
    app.equals_a_clean_build()
    said = app.build("--package-programs=none", rc=2)
    assert '"node_modules/maker/src/make.ml" is a program of the package maker' in said


# Preprocessors, and flags for single modules


def test_a_preprocessor_of_all_sources(app):
    script = "sed s/ANSWER/$(cat answer.txt)/ $1"
    pre = {"preprocessor": ["sh", "-c", script, "sh"], "preprocessorDependencies": ["answer.txt"]}
    app.package(**pre)
    app.write("answer.txt", "42")
    app.write("src/index.ml", "let () = print_int Numbers.answer\n")
    app.write("src/numbers.ml", "let answer = ANSWER\n")
    app.write("src/numbers.mli", "val answer : int\n")
    app.settle()
    assert app.output() == "42"
    app.write("answer.txt", "43")
    assert [step for step in steps(app.build()) if "ocamlopt" in step] == ["ocamlopt numbers.pp.ml"]
    assert app.output() == "43"
    app.equals_a_clean_build()
    edit(app, "src/numbers.ml", "= ANSWER", "=\n  ANSWER + false")
    assert 'File "src/numbers.ml", line 2, characters ' in app.build(rc=2)
    app.write("src/numbers.ml", "let another = ANSWER\n")
    assert "The implementation src/numbers.ml" in unquoted(app.build(rc=2))  # which refers to the whole file
    app.package()
    app.write("src/numbers.ml", "let answer = 44\n")
    app.build()
    assert app.output() == "44"
    app.equals_a_clean_build()


def test_cppo_for_one_module(app):
    if not shutil.which("cppo"):
        pytest.skip("cppo is not installed")
    app.package(preprocessor={"Numbers": ["cppo", "-D", "ANSWER 42"]}, preprocessorDependencies=["src/*.h"])
    app.write("src/more.h", "let more = 1\n")
    app.write("src/index.ml", "let () = print_int Numbers.answer\n")
    app.write("src/numbers.ml", '#include "more.h"\nlet answer = ANSWER\n')
    app.build()
    assert app.output() == "42"
    edit(app, "src/numbers.ml", "ANSWER\n", "ANSWER +\n  more + false\n")
    assert 'File "src/numbers.ml", line 3, characters ' in app.build(rc=2)
    edit(app, "src/numbers.ml", "+ false", "")
    app.build()
    assert app.output() == "43"
    app.equals_a_clean_build()


def test_a_preprocessor_of_ones_own_in_ocaml(app):
    app.package(preprocessor=["src/pp.ml"])
    text = "let () = let c = open_in Sys.argv.(1) in try while true do let l = input_line c in\n"
    text += 'if l <> "@@answer" then print_endline l else print_endline "let answer = 42" done with End_of_file -> ()\n'
    app.write("src/pp.ml", text)
    app.write("src/index.ml", "@@answer\nlet () = print_int answer\n")
    app.settle()
    assert app.output() == "42"
    edit(app, "src/pp.ml", "42", "43")
    app.build()
    assert app.output() == "43"
    app.equals_a_clean_build()


def test_flags_of_one_module(app):
    app.package(flags={"compile": "-w +32 -warn-error +32"}, moduleFlags={"Other": "-w -32"})
    for name in ("other", "strict"):
        app.write(f"src/{name}.mli", "val used : int\n")
        app.write(f"src/{name}.ml", "let unused = 1\nlet used = 2\n")
    app.write("src/index.ml", "let () = print_int (Other.used + Strict.used)\n")
    said = app.build(rc=2)
    assert 'File "src/strict.ml", line 1' in said and 'other.ml", line' not in said
    app.package(flags={"compile": "-w +32 -warn-error +32"}, moduleFlags={"Other": "-w -32", "Strict": ["-w", "-32"]})
    app.build()
    assert app.output() == "4"
    app.script("pp.sh", 'exec sed s/2/3/ "$1"')
    app.package(moduleFlags={"Other": ["-w", "-32", "-pp", "sh pp.sh"]})
    app.build()
    assert app.output() == "5"
    app.script("pp.sh", 'exec sed s/2/4/ "$1"')
    app.build()
    assert app.output() == "6"
    app.package(moduleFlags={"Other": "-w -32", "Stict": "-g"})
    assert "no source is the module Stict" in app.build()


# What packages are allowed to do


FOREIGN = {
    "rules": {"rules": [{"command": ["sh", "-c", "touch RAN"], "targets": ["src/x.ml"]}]},
    "preprocessor": {"preprocessor": ["cat"]},
    "preprocessor of one module": {"preprocessor": {"A": ["cat"]}},
    "flags of one module": {"moduleFlags": {"A": ["-pp", "cat"]}},
    "flags of a profile": {"profiles": {"release": {"compile": "-pp cat"}}},
}


@pytest.mark.parametrize("name", FOREIGN)
def test_programs_of_packages_need_permission(app, name):
    app.package(dependencies={"dep": "*"})
    app.write("node_modules/dep/package.json", json.dumps({"name": "dep", "rebel": FOREIGN[name]}))
    app.write("node_modules/dep/src/a.ml", "let a = 1\n")
    said = app.build("--package-programs=none", rc=2)
    assert "the package dep may start a program with" in said
    assert "node_modules/dep/package.json:1:" in said and "^" in said
    app.package(dependencies={"dep": "*"}, packagePrograms=["dep"])
    if name != "rules":
        app.build("--package-programs=listed")


def test_lexers_and_grammars_of_packages_need_none(app):
    app.package(dependencies={"dep": "*"})
    app.write("node_modules/dep/package.json", '{"name": "dep", "rebel": {}}')
    app.write("node_modules/dep/src/a.mll", "rule a = parse _ { 1 }\n")
    app.write("node_modules/dep/src/b.mly", "%token A\n%start <unit> a\n%%\na: A { () }\n")
    app.build("--package-programs=none")
