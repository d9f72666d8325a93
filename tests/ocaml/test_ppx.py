"""ppx rewriters of a package, from findlib and from the project: one program for each set of them."""

from __future__ import annotations

import json
import shutil

import pytest
from needs import missing_for_reason, needs_reason
from package_app import App, edit, steps

from rebel_tools import tools

REASON = missing_for_reason()
pytestmark = [
    pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind"),
    pytest.mark.skipif("ppxlib" in REASON, reason=f"needs ppxlib 0.22: {REASON}"),
]

ANSWER = """\
open Ppxlib
let answer = ref 1
let () = Driver.add_arg "-answer" (Arg.Set_int answer) ~doc:"N the answer"
let expand ~ctxt =
  let loc = Expansion_context.Extension.extension_point_loc ctxt in
  [%expr Runtime.Value.given [%e Ast_builder.Default.eint ~loc !answer]]
let rule =
  Context_free.Rule.extension
    (Extension.V3.declare "answer" Extension.Context.expression Ast_pattern.(pstr nil) expand)
let () = Driver.register_transformation "answer" ~rules:[ rule ]
"""


@pytest.fixture
def app(project) -> App:
    app = App(project)
    manifest = {
        "name": "my-ppx",
        "dependencies": {"runtime": "*"},
        "rebel": {"ocamlfindDependencies": ["ppxlib"], "ppx": ["ppxlib.metaquot"], "ppxRuntime": ["runtime"]},
    }
    app.write("node_modules/my-ppx/package.json", json.dumps(manifest))
    app.write("node_modules/my-ppx/src/answer.ml", ANSWER)
    app.write("node_modules/runtime/package.json", '{"name": "runtime", "rebel": {}}')
    app.write("node_modules/runtime/src/value.ml", "let given n = n * 2\n")
    app.write("src/index.ml", "let () = print_int [%answer]\n")
    use(app)
    return app


def use(app: App, ppx: object = None, **rebel) -> None:
    app.package(dependencies={"my-ppx": "*"}, ppx=ppx or {"my-ppx": ["-answer", "21"]}, **rebel)


def drivers(said: str) -> list[str]:
    return [step for step in steps(said) if step == "link driver.out"]


def test_a_rewriter_of_the_project(app):
    said = app.build("-j1")
    assert app.output() == "42"
    assert len(drivers(said)) == 2  # for the program, and for its own rewriter
    made = app.made()
    app.settle()
    app.project.run("rm", "-r", "_build")
    app.build("-j8")
    assert app.made() == made
    app.project.run("rebel", "clean")
    assert not app.path("_build").exists()


EDITS = {
    "a comment in the rewriter": ("node_modules/my-ppx/src/answer.ml", "[ rule ]", "[ rule ] (* one *)"),
    "another rewriter": ("node_modules/my-ppx/src/answer.ml", "eint ~loc !answer", "eint ~loc (!answer + 1)"),
    "another argument": ("package.json", '"21"', '"4"'),
    "a comment in what is rewritten": ("src/index.ml", "[%answer]", "[%answer] (* it *)"),
    "what the code needs that is made": ("node_modules/runtime/src/value.ml", "n * 2", "n * 3"),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_makes_what_a_clean_build_makes(app, name):
    app.settle()
    before = app.output()
    edit(app, *EDITS[name])
    done = steps(app.build())
    assert (app.output() == before) == ("comment" in name)
    if "rewriter" not in name:
        assert "link driver.out" not in done
    if name == "a comment in the rewriter":
        assert "ocamlopt index.ml" not in done
    app.equals_a_clean_build()


def workspace(app: App) -> None:
    """The packages as members of a workspace, so that the rewriter is also a target."""
    shutil.move(app.path("node_modules"), app.path("packages"))
    app.path("node_modules").mkdir()
    for name in ("my-ppx", "runtime"):
        edit(app, f"packages/{name}/package.json", '"rebel": {', '"rebel": {"targets": []' + ", " * (name == "my-ppx"))
        app.path(f"node_modules/{name}").symlink_to(app.path(f"packages/{name}"))
    shutil.move(app.path("src"), app.path("packages/app/src"))
    shutil.move(app.path("package.json"), app.path("packages/app/package.json"))
    app.write("package.json", '{"workspaces": ["packages/*"]}')


def test_a_rewriter_is_a_member_of_a_workspace(app):
    workspace(app)
    said = app.build("-j1")
    program = app.path("_build/app/default/src/app.out")
    assert app.project.run(program).out == "42"
    assert steps(said).count("ocamlopt answer.ml") == 1
    app.settle()
    app.is_made_alike_by_many_jobs()
    edit(app, "packages/my-ppx/src/answer.ml", "eint ~loc !answer", "eint ~loc (!answer + 1)")
    app.build()
    assert app.project.run(program).out == "44"
    app.equals_a_clean_build()
    shutil.rmtree(app.path("_build"))
    app.build("my-ppx")
    library = app.path("_build/my-ppx/default/my-ppx")
    assert {"MyPpx.cmxa", "MyPpx.cma", "MyPpx.cmxs"} <= {path.name for path in library.iterdir()}
    assert app.build("my-ppx").endswith(" up to date\n")
    app.build()
    app.equals_a_clean_build()


def test_one_program_for_each_set(app):
    """The order of rewriters does not matter, and arguments are not part of the set."""
    use(app, {"my-ppx": ["-answer", "21"], "ppxlib.metaquot": []})
    other = {"name": "other", "dependencies": {"my-ppx": "*"}, "rebel": {"ppx": ["ppxlib.metaquot", "my-ppx"]}}
    app.write("node_modules/other/package.json", json.dumps(other))
    app.write("node_modules/other/src/o.ml", "let one = [%answer]\n")
    edit(app, "package.json", '"my-ppx": "*"', '"my-ppx": "*", "other": "*"')
    app.write("src/index.ml", "let () = print_int ([%answer] + Other.O.one)\n")
    assert len(drivers(app.build())) == 2
    assert app.output() == "44"


def test_bytecode_and_check_have_rewriters_in_native_code(app):
    use(app, targets=[{"target": "default", "engine": "byte", "entry": "src/index.ml"}])
    app.build()
    assert app.output() == "42"
    app.settle()
    app.equals_a_clean_build()
    app.project.run("rebel", "check")


def test_a_rewriter_is_no_part_of_the_program(app):
    app.write("src/index.ml", "let () = ignore MyPpx.Answer.rule\n")
    assert "Unbound module" in app.build(rc=2)


@needs_reason()
def test_reason_is_rewritten_and_errors_have_their_places(app):
    app.path("src/index.ml").unlink()
    app.write("src/Index.re", "let text: string =\n  [%answer];\n")
    said = app.build(rc=2)
    assert 'File "src/Index.re", line 2, characters 2-11:\n2 |   [%answer];' in said
    app.write("src/Index.re", "print_int([%answer]);\n")
    app.build()
    assert app.output() == "42"


def test_findlib_and_deriving(app):
    if not shutil.which("ocamlfind") or app.project.run("ocamlfind", "query", "ppx_deriving", rc=None).rc:
        pytest.skip("needs ppx_deriving")
    use(app, {"my-ppx": [], "ppx_deriving.show": []})
    app.write("src/index.ml", "type t = A of int [@@deriving show]\nlet () = print_string (show (A [%answer]))\n")
    app.build()
    assert app.output() == "(Index.A 2)"
    app.write("src/index.ml", "type t = A of in [@@deriving show]\n")
    assert 'File "src/index.ml", line 1, characters 14-16:' in app.build(rc=2)


def test_a_dry_run_makes_nothing(app):
    app.build("-n")
    assert not app.path("_build/default/src").exists()


# Errors


def test_an_unknown_rewriter_is_at_its_key(app):
    use(app, ["my-ppx", "no_such_ppx"])
    said = app.build(rc=2)
    message = 'the ppx rewriter "no_such_ppx" is neither a package in `dependencies` nor a findlib package'
    assert f"package.json:1:78: {message}" in said and "^" in said
    use(app, {"my-ppx": [], "no_such_ppx": []})
    assert message in app.build(rc=2)


def test_a_rewriter_that_does_not_compile_is_named(app):
    edit(app, "node_modules/my-ppx/src/answer.ml", "ref 1", "ref true")
    assert 'File "node_modules/my-ppx/src/answer.ml", line 3, characters ' in app.build(rc=2)
    edit(app, "node_modules/my-ppx/src/answer.ml", "ref true", "ref 1")
    app.build()
    assert app.output() == "42"


def test_a_rewriter_is_a_program_of_a_package(app):
    said = app.build("--package-programs=none", rc=2)
    assert "package.json:1:68: the package my-ppx rewrites sources" in said
    use(app, packagePrograms=["my-ppx"])
    app.build("--package-programs=listed")
    assert app.output() == "42"
