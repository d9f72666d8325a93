"""Generated sources of a package: found by file names and in package.json, and refused if they are contradictory."""

from __future__ import annotations

import json

import pytest

from rebel_tools.project import ProjectError, load_project
from rebel_tools.project.grammar import is_for_menhir
from rebel_tools.project.model import LEXER, MENHIR, PREPROCESSOR, YACC

YACC_GRAMMAR = "%token A\n%start main\n%type <int> main\n%%\nmain: A { 1 };\n"
MENHIR_GRAMMAR = "%token A\n%start <int> main\n%%\nmain: A { 1 }\n"


def load(project, *files: str, **rebel):
    """The root package with these files; a grammar is for ocamlyacc unless its name says otherwise."""
    project.write("package.json", json.dumps({"name": "app", "rebel": {"targets": [], **rebel}}, indent=1))
    for name in files:
        project.write(name, (MENHIR_GRAMMAR if "menhir" in name else YACC_GRAMMAR) if name.endswith(".mly") else "")
    return load_project(str(project.root)).root


def failure(project, *files: str, **rebel) -> ProjectError:
    with pytest.raises(ProjectError) as raised:
        load(project, *files, **rebel)
    return raised.value


def rule(*targets: str, sources: tuple[str, ...] = (), command: tuple[str, ...] = ("make",)) -> dict[str, object]:
    return {"command": [*command], "sources": [*sources], "targets": [*targets]}


def test_files_that_are_rules_by_themselves(project):
    package = load(project, "src/lexer.mll", "src/deep/parser.mly", "src/menhirParser.mly", "src/a.ml", "src/lexer.mli")
    assert [(each.kind, each.targets) for each in package.rules] == [
        (LEXER, ("src/lexer.ml",)),
        (YACC, ("src/deep/parser.ml", "src/deep/parser.mli")),
        (MENHIR, ("src/menhirParser.ml", "src/menhirParser.mli")),
    ]
    assert {source.path: source.made for source in package.sources} == {
        "src/a.ml": "",
        "src/deep/parser.ml": "src/deep/parser.ml",
        "src/deep/parser.mli": "src/deep/parser.mli",
        "src/lexer.ml": "src/lexer.ml",
        "src/lexer.mli": "",
        "src/menhirParser.ml": "src/menhirParser.ml",
        "src/menhirParser.mli": "src/menhirParser.mli",
    }


def test_a_folder_that_is_a_file(project):
    """Of the command itself, and one of its targets."""
    for folder, named in (("data/x", "data/x"), ("data/x/y", "data/x"), ("src/a.ml", "src/a.ml")):
        said = {**rule("src/a.ml", sources=("data/x",)), "folder": folder}
        error = failure(project, "data/x", rules=[said])
        assert error.message == f'"{folder}" cannot be the working directory, because "{named}" is a file'
        assert "package.json" in str(error) and error.expected == "a folder of the package"


def test_what_is_excluded_is_no_rule(project):
    assert load(project, "src/lexer.mll", "src/lexer.ml", sources=["src", "!src/lexer.mll"]).rules == ()


def test_one_generator_for_all_grammars(project):
    kinds = [load(project, "src/a.mly", "src/menhir.mly", grammars=name).rules for name in (YACC, MENHIR)]
    assert [[each.kind for each in rules] for rules in kinds] == [[YACC, YACC], [MENHIR, MENHIR]]


def test_the_library_of_tables_comes_by_itself(project):
    assert load(project, "src/menhir.mly").ocamlfind == ()
    assert load(project, "src/menhir.mly", flags={"menhir": "--table"}).ocamlfind == ("menhirLib",)


def test_preprocessors(project):
    package = load(project, "src/a.ml", "src/b.mli", "src/c.re", "src/l.mll", "a.h", preprocessor=["cppo"],
                   preprocessorDependencies=["*.h"], rules=[rule("src/d.ml")])  # fmt: skip
    made = {source.path: source.made for source in package.sources}
    assert made == {
        "src/a.ml": "src/a.pp.ml",
        "src/b.mli": "src/b.pp.mli",
        "src/c.re": "",
        "src/d.ml": "src/d.pp.ml",
        "src/l.ml": "src/l.ml",
    }
    assert [each.sources for each in package.rules if each.kind == PREPROCESSOR] == [
        ("src/a.ml", "a.h"),
        ("src/b.mli", "a.h"),
        ("src/d.ml", "a.h"),
    ]
    assert load(project, preprocessor={"L": ["cppo"]}).sources[-1].made == "src/l.pp.ml"


def test_sources_of_rules_are_files_folders_and_patterns(project):
    files = ("data/a.txt", "data/deep/b.txt", "data/.hidden", "c.txt", "d.csv", "node_modules/x/e.txt")
    package = load(project, *files, rules=[rule("src/x.ml", sources=("data", "*.txt", "!data/a.txt"))])
    assert package.rules[0].sources == ("c.txt", "data/deep/b.txt")


GRAMMARS = {
    "keywords": "%token A\n%inline x: A {}",
    "a name": "%start m\n%type<int> m\n%%\nm: a = A { a }",
    "a parameter": "%start m\n%%\nm: list(A) { () }",
    "an operator": "%%\nm: A+ { () }",
    "new syntax": "%%\nlet m := A; { 1 }",
    "after an action with a brace": "%%\nm: A { '}' } | a = B { \"}\" }",
    "after a comment": "/* a = b */ (* %% *) // c\n%%\nm: a = A { }",
}
OTHERS = {
    "actions": "%{ let f a = a + 1 %}\n%%\nm: A { f (1 * 2) = 3 } | B { '=' ; {x = 1}; {|}=|} }",
    "types": "%token <int * (int -> int)> A\n%type <(int, 'a) t list> m\n%start m\n%%\nm: A { $1 }",
    "comments": "/* a = list(b) */\n%%\nm: /* x = y */ A { 1 } (* + *)",
    "a trailer": "%%\nm: A { 1 };\n%%\nlet f x = x + 1",
    "type variables": "%%\nm: A { (fun (x : 'a) -> x) } | B { 'b' };",
    "nothing": "",
    "an open action": "%%\nm: A { let",
}


@pytest.mark.parametrize("name", GRAMMARS)
def test_grammars_that_only_menhir_reads(name):
    assert is_for_menhir(GRAMMARS[name])


@pytest.mark.parametrize("name", OTHERS)
def test_grammars_that_ocamlyacc_reads(name):
    assert not is_for_menhir(OTHERS[name])


def test_a_grammar_in_any_encoding(project):
    project.path("src").mkdir()
    project.path("src/a.mly").write_bytes("/* Écrit à Orsay */\n".encode("latin-1") + MENHIR_GRAMMAR.encode())
    assert load(project).rules[0].kind == MENHIR


# Contradictions


def test_a_rule_for_a_source_that_exists(project):
    error = failure(project, "src/lexer.mll", "src/lexer.ml")
    assert error.message == '"src/lexer.ml" exists, although ocamllex of "src/lexer.mll" makes it'
    assert '"!src/lexer.mll"' in error.hint
    error = failure(project, "src/a.ml", sources=["src", "!src/lexer.mll"], rules=[rule("src/b.ml"), rule("src/a.ml")])
    assert error.message.startswith('"src/a.ml" exists, although the rule in line ')
    assert str(error.place).startswith(f"{project.path('package.json')}:") and error.source


def test_two_rules_for_one_file(project):
    error = failure(project, "src/lexer.mll", rules=[rule("src/lexer.ml")])
    assert '"src/lexer.ml" is made twice: by the rule in line ' in error.message
    assert 'and by ocamllex of "src/lexer.mll"' in error.message
    project.path("src/lexer.mll").unlink()
    error = failure(project, rules=[rule("src/x.ml"), rule("src/y.ml", "src/x.ml")])
    assert '"src/x.ml" is made twice: by the rule in line ' in error.message and error.source
    error = failure(project, "src/both.mll", "src/both.mly")
    assert 'ocamllex of "src/both.mll" and by ocamlyacc of "src/both.mly"' in error.message


def test_two_files_that_are_one_module(project):
    assert "two files are the implementation of module Lexer" in str(
        failure(project, "src/lexer.mll", "src/x/lexer.ml")
    )
    assert "cannot be the name of a module" in str(failure(project, rules=[rule("src/a-b.ml")]))


BAD = {
    "a shell line": {"rules": [{"command": "make x", "targets": ["src/x.ml"]}]},
    "an empty command": {"rules": [{"command": [], "targets": ["src/x.ml"]}]},
    "a program without a name": {"rules": [{"command": [""], "targets": ["src/x.ml"]}]},
    "a word with NUL": {"rules": [{"command": ["a", "b\0"], "targets": ["src/x.ml"]}]},
    "no command": {"rules": [{"targets": ["src/x.ml"]}]},
    "no targets": {"rules": [{"command": ["make"]}]},
    "a target above": {"rules": [rule("../x.ml")]},
    "a target above in the middle": {"rules": [rule("src/../../x.ml")]},
    "an absolute target": {"rules": [rule("/tmp/x.ml")]},
    "a target that is a folder": {"rules": [rule("src/")]},
    "a pattern as target": {"rules": [rule("src/*.ml")]},
    "a source above": {"rules": [rule("src/x.ml", sources=("../secret",))]},
    "a source that is not there": {"rules": [rule("src/x.ml", sources=("no.txt",))]},
    "a program that is no source": {"rules": [rule("src/x.ml", command=("tools/gen.sh",))]},
    "a program of OCaml that is not there": {"rules": [rule("src/x.ml", command=("tools/gen.ml",))]},
    "a program of a package that is no dependency": {
        "rules": [rule("src/x.ml", command=("node_modules/no/src/gen.ml",))]
    },
    "rules that need each other": {
        "rules": [rule("a.txt", sources=("b.txt",)), rule("b.txt", sources=("a.txt",))],
    },
    "an unknown key": {"rules": [{**rule("src/x.ml"), "target": 1}]},
    "an unknown generator": {"grammars": "bison"},
    "a grammar that is not there": {"grammars": {"Parser": {}}},
    "sources that are no grammars": {"grammars": {"Parser": {"sources": ["src/no.mly"]}}},
    "flags that menhir gets anyway": {"flags": {"menhir": "--base x"}},
    "flags that start programs": {"flags": {"menhir": ["--ocamlc", "touch x"]}},
    "flags of modules": {"moduleFlags": ["A"]},
    "a folder for one module": {"moduleFlags": {"A": "-w -a -I ext"}},
    "a preprocessor as a text": {"preprocessor": "cppo -D X"},
    "preprocessors by names of files": {"preprocessor": {"a.ml": ["cppo"]}},
}


@pytest.mark.parametrize("name", BAD)
def test_the_key_is_named(project, name):
    error = failure(project, "src/menhir.mly", **BAD[name])
    assert error.place.path == str(project.path("package.json"))
    assert error.place.line > 1 and error.source


def test_a_named_module_that_is_not_there_is_a_warning(project):
    load(project, "src/tables.ml", moduleFlags={"Tabels": "-w -a"}, preprocessor={"Table": ["cppo"]})
    warnings = load_project(str(project.root)).warnings
    assert len(warnings) == 2 and all("Tables" in warning for warning in warnings)


def test_a_rule_for_sources_of_tests_belongs_to_the_tests(project):
    """With what it needs; a rule that makes a source of each belongs to both, and the others to the package alone."""
    project.write("package.json", "{}")
    rules = [
        rule("src/own.ml"),
        rule("gen/words.txt"),
        rule("test/words.ml", sources=("gen/words.txt",)),
        rule("test/lexer.mll"),
        rule("src/one.ml", "test/two.ml"),
        rule("test/data.bin"),
    ]
    tests = {"programs": [{"entry": "test/a.ml"}]}
    own = load(project, "test/a.ml", "src/b.ml", rules=rules, tests=tests)
    every = {package.name: package for package in load_project(str(project.root)).packages}
    of_tests = every["app+test"]
    assert [each.keys[-1] for each in own.rules] == [0, 1, 4, 5]
    assert [each.keys[-1] for each in of_tests.rules if each.keys] == [1, 2, 3, 4]
    assert {source.path for source in own.sources} == {"src/b.ml", "src/own.ml", "src/one.ml"}
    assert {source.path for source in of_tests.sources} == {
        "test/a.ml",
        "test/words.ml",
        "test/lexer.ml",
        "test/two.ml",
    }


def test_without_programs_of_tests_a_rule_is_the_packages(project):
    assert [each.keys[-1] for each in load(project, rules=[rule("test/a.ml"), rule("x.txt")]).rules] == [0, 1]
