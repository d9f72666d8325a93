"""Targets of one project: common parts are compiled once, and each target has the same outputs as alone."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from user_interactive import Interactive
from user_project import outputs, rebel, steps, unquoted

pytestmark = pytest.mark.skipif(not shutil.which("ocamlopt"), reason="ocamlopt is not installed")

PROGRAMS = ("client", "server", "tool")


def target(name, engine="native", entry=None, **flags):
    return {"target": name, "engine": engine, "entry": entry or f"src/{name}.ml", "unstable_flags": flags}


def write_targets(project, targets):
    rebel = {"targets": targets, "ocamlfindDependencies": ["unix"]}
    project.write("package.json", json.dumps({"name": "app", "dependencies": {"net": "*"}, "rebel": rebel}))


@pytest.fixture
def app(project):
    """Three programs over two modules, and a package of two."""
    write_targets(project, [target(name) for name in PROGRAMS])
    project.write("node_modules/net/package.json", '{"name": "net", "rebel": {}}')
    project.write("node_modules/net/src/port.ml", "let number = 80\n")
    project.write("node_modules/net/src/url.ml", 'let text host = Printf.sprintf "%s:%d" host Port.number\n')
    project.write("src/greeting.mli", "val hello : string -> string\n")
    project.write("src/greeting.ml", 'let hello who = "hello " ^ who\n')
    for name in PROGRAMS:
        project.write(f"src/{name}.ml", f'let () = print_string (Greeting.hello (Net.Url.text "{name}"))\n')
    return project


def said(app, name, suffix="out"):
    return app.run(*(["ocamlrun"] if suffix == "bc" else []), app.path(f"_build/{name}/src/app.{suffix}")).out


def clean_equals(app, *names):
    """The outputs are those of a clean build with many jobs."""
    before = outputs(app)
    shutil.rmtree(app.path("_build"))
    rebel(app, "build", "-j8", *names)
    assert outputs(app) == before


def test_each_module_is_compiled_once_and_all_outputs_are_where_they_belong(app):
    done = steps(rebel(app, "build", "-j4"))
    assert len(done) == len(set(done))
    compiled = [step for step in done if step.startswith("ocamlopt")]
    assert len(compiled) == len({step.split(" ")[-1] for step in compiled})
    assert len(list(app.path("_build").rglob("*.cmx"))) == 2 + 4 + 2  # of sources, and of two namespaces
    for name in PROGRAMS:
        assert said(app, name) == f"hello {name}:80"
        archive = app.path(f"_build/{name}/net/Net.cmxa")
        assert archive.read_bytes() == app.path("_build/client/net/Net.cmxa").read_bytes()
        assert archive.with_suffix(".a").exists() and not archive.is_symlink()
    clean_equals(app)


def test_an_edit_does_what_it_must_for_each(app):
    rebel(app, "build")
    assert steps(rebel(app, "build")) == []
    assert steps(app.scons("-f", script(app))) == []
    app.write("src/greeting.ml", 'let hello who = "hello " ^ who (* a comment *)\n')
    assert steps(rebel(app, "build")) == ["ocamlopt src/greeting.ml"]
    app.write("src/tool.ml", 'let () = print_string "tool"\n')
    assert steps(rebel(app, "build")) == ["ocamlopt src/tool.ml", "link _build/tool/src/app.out"]
    app.write("node_modules/net/src/port.ml", "let number = 8080\n")
    done = steps(rebel(app, "build"))
    assert {f"copy _build/{name}/net/Net.cmxa" for name in ("server", "tool")} <= set(done)
    assert said(app, "server") == "hello server:8080"
    clean_equals(app)


def script(project):
    return rebel(project, "sconstruct").out.strip()


@pytest.mark.parametrize("asked", ["server", "_build/server/src/app.out"])
def test_who_asks_for_one_target_gets_that_one(app, asked):
    rebel(app, "build", asked)
    programs = {path.relative_to(app.root).as_posix() for path in app.path("_build").rglob("app.out")}
    assert programs == {"_build/server/src/app.out"}
    assert app.path("_build/server/net/Net.cmxa").exists() and not app.path("_build/tool").exists()
    assert "up to date" in rebel(app, "build", asked).out
    assert {step for step in steps(rebel(app, "build")) if not step.startswith("copy")} == {
        f"link _build/{name}/src/app.out" for name in ("client", "tool")
    }
    app.write("src/greeting.ml", 'let hello who = "bye " ^ who\n')
    rebel(app, "build", asked)
    assert (said(app, "server"), said(app, "tool")) == ("bye server:80", "hello tool:80")
    rebel(app, "build")
    assert said(app, "tool") == "bye tool:80"
    clean_equals(app)


def test_an_archive_can_be_asked_for(app):
    rebel(app, "build", "_build/tool/net/Net.cmxa")
    assert app.path("_build/tool/net/Net.a").exists() and not list(app.path("_build").rglob("app.out"))


EDITS = {
    "the first one less": [target("server"), target("tool")],
    "another name": [target("client"), target("daemon", entry="src/server.ml"), target("tool")],
    "another first name": [target("console", entry="src/client.ml"), target("server"), target("tool")],
    "another order, and one less": [target("tool"), target("client")],
    "flags of one": [target("client"), target("server", compile="-w +a"), target("tool")],
    "flags of the first one": [target("client", compile="-inline 7"), target("server"), target("tool")],
    "an environment": [target("client"), target("server", envvars="OCAMLRUNPARAM=b"), target("tool")],
    "another engine": [target("client"), target("server", "byte"), target("tool")],
    "another default": [target("client"), target("default", entry="src/server.ml"), target("tool")],
    "none": [],
}


@pytest.mark.parametrize("edit", EDITS)
def test_targets_come_go_and_change(app, edit):
    """There and back again: each time, the outcome is as after a clean build."""
    names = () if edit == "none" else [each["target"] for each in EDITS[edit]]
    rebel(app, "build", *PROGRAMS)
    first = outputs(app)
    write_targets(app, EDITS[edit])
    rebel(app, "build", *names)
    before = outputs(app)
    assert steps(rebel(app, "build", *names)) == []
    shutil.rmtree(app.path("_build"))
    rebel(app, "build", *names)
    assert outputs(app) == before
    write_targets(app, [target(name) for name in PROGRAMS])
    rebel(app, "build", *PROGRAMS)
    assert outputs(app) == first
    assert {path.name for path in app.path("_build").iterdir()} - {".rebel-tools.up-to-date"} == set(PROGRAMS)


def test_one_more_target_compiles_nothing_again(app):
    rebel(app, "build")
    write_targets(app, [*(target(name) for name in PROGRAMS), target("again", entry="src/tool.ml", link="-linkall")])
    assert {step.partition(" ")[0] for step in steps(rebel(app, "build"))} == {"link", "copy"}
    assert said(app, "again") == "hello tool:80"


def test_clean(app):
    sources = set(app.snapshot())
    rebel(app, "build")
    rebel(app, "clean")
    assert set(app.snapshot()) == sources and not app.path("_build").exists()
    for targets in (
        [target("default", entry="src/client.ml"), target("server"), target("tool")],
        [target("server"), target("tool")],
    ):
        write_targets(app, targets)
        rebel(app, "build", "server", "tool")
        rebel(app, "clean", "server")
        assert not app.path("_build/server/src/app.out").exists()
        assert steps(rebel(app, "build", "tool")) == []
    rebel(app, "clean", "tool")  # the last one removes what all of them share
    assert set(app.snapshot()) == sources
    rebel(app, "build", "server", "tool")
    rebel(app, "clean", "server", "tool")
    assert set(app.snapshot()) == sources


def test_what_a_version_left_that_compiled_for_each_target(app):
    """It has records of its own in each folder."""
    rebel(app, "build")
    wanted = outputs(app)
    for name in ("server", "tool", "gone"):
        shutil.rmtree(app.path(f"_build/{name}"), ignore_errors=True)
        shutil.copytree(app.path("_build/client"), app.path(f"_build/{name}"))
        app.write(f"_build/{name}/src/Tool_Tar__Greeting.cmx", "old")
        app.write(f"_build/{name}/.rebel-tools.json", "rebel-tools 0.0 state 1\n")
    app.write("_build/gone/mine.txt", "not of a compiler")
    rebel(app, "build")
    assert {**wanted, "gone/mine.txt": b"not of a compiler"} == outputs(app)


def test_what_lies_behind_a_link_is_not_ours(app, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for name in ("a.ml", ".rebel-tools.json"):
        (elsewhere / name).write_text("mine")
    rebel(app, "build")
    app.path("_build/linked").symlink_to(elsewhere)
    app.write("_build/gone/.rebel-tools.json", "")
    app.path("_build/gone/below").symlink_to(elsewhere)
    rebel(app, "build", "tool")
    assert sorted(path.name for path in elsewhere.iterdir()) == [".rebel-tools.json", "a.ml"]


def test_nothing_is_written_through_a_link(app, tmp_path_factory):
    """The folder of a target, one in it, and an output are links."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    rebel(app, "build")
    (elsewhere / "main.o").write_text("mine")
    for name in ("_build/tool", "_build/client/src"):
        shutil.rmtree(app.path(name))
        app.path(name).symlink_to(elsewhere)
    objects = sorted(app.path("_build/server/src").iterdir())
    for number, path in enumerate(objects):
        path.unlink()
        path.symlink_to(elsewhere / ("main.o" if number % 2 else "new"))
    app.path("_build/server/notes.txt").symlink_to(elsewhere / "main.o")
    rebel(app, "build", "--silent")
    assert app.path("_build/server/notes.txt").is_symlink()
    app.path("_build/server/notes.txt").unlink()
    assert (elsewhere / "main.o").read_text() == "mine" and len(list(elsewhere.iterdir())) == 1
    clean_equals(app)
    shutil.rmtree(app.path("_build/tool"))
    app.path("_build/tool").symlink_to(elsewhere)
    rebel(app, "clean")
    assert len(list(elsewhere.iterdir())) == 1


def test_an_output_folder_that_is_a_link_is_refused(app, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    app.path("_build").symlink_to(elsewhere)
    for command in ("build", "clean"):
        assert "_build: the output folder is a symbolic link" in rebel(app, command, rc=2).err
    assert not list(elsewhere.iterdir())


def test_a_target_is_removed_when_the_list_of_targets_is_damaged(app):
    rebel(app, "build")
    (listed,) = app.path("_build").rglob(".rebel-tools.targets")
    listed.write_text("[")
    write_targets(app, [target("client")])
    rebel(app, "build")
    clean_equals(app)


def test_targets_are_removed_when_all_records_are_lost(app):
    """Also one that shares nothing, because its flags are its own."""
    write_targets(app, [target("client"), target("server"), {**target("tool"), "unstable_flags": {"compile": "-g"}}])
    rebel(app, "build")
    for path in [*app.path("_build").rglob(".rebel-tools*"), app.path(".sconsign.dblite")]:
        if path.name != ".rebel-tools.target":
            path.unlink(missing_ok=True)
    write_targets(app, [target("client")])
    rebel(app, "build")
    clean_equals(app)


def test_a_link_that_fails_is_no_matter_of_the_others(app):
    write_targets(app, [target("client"), target("server", link="-cclib -lthereisnone"), target("tool")])
    assert "thereisnone" in rebel(app, "build", rc=2).err
    assert (said(app, "client"), said(app, "tool")) == ("hello client:80", "hello tool:80")
    assert steps(rebel(app, "build", rc=2)) == ["link _build/server/src/app.out"]
    assert steps(rebel(app, "build", "client", "tool")) == []
    write_targets(app, [target("client"), target("server"), target("tool")])
    assert steps(rebel(app, "build")) == ["link _build/server/src/app.out"]
    clean_equals(app)


@pytest.mark.parametrize("options", [[], ["-k"], ["-j8"]])
def test_an_error_in_what_is_shared(app, options):
    app.write("src/greeting.ml", "let hello who = 1 + who\n")
    run = rebel(app, "build", *options, rc=2)
    assert unquoted(run.err).count("\nError: The implementation src/greeting.ml") == 1
    assert not list(app.path("_build").rglob("app.out"))
    app.write("src/greeting.ml", "let hello who = who\n")
    rebel(app, "build", *options)
    assert said(app, "tool") == "tool:80"


def test_two_targets_with_one_entry(app):
    write_targets(app, [target("client"), target("noisy", entry="src/client.ml", link="-linkall")])
    for name in ("server", "tool"):
        app.path(f"src/{name}.ml").unlink()
    app.write("src/loud.ml", 'let () = print_string "loud "\n')
    rebel(app, "build", "-j4")
    assert (said(app, "client"), said(app, "noisy")) == ("hello client:80", "loud hello client:80")
    clean_equals(app)


def test_check_shares_with_a_byte_target(app):
    write_targets(app, [target("default", "byte", entry="src/tool.ml"), target("server", "byte")])
    rebel(app, "build", "server")
    assert not any(step.startswith("ocamlc") for step in steps(rebel(app, "check")))
    before = outputs(app)
    assert steps(rebel(app, "build", "server")) == [] and outputs(app) == before
    assert "up to date" in rebel(app, "check").out
    rebel(app, "build")
    app.write("src/tool.ml", "let () = print_string 1\n")
    assert 'File "src/tool.ml"' in rebel(app, "check", rc=2).err
    rebel(app, "clean")
    assert not app.path("_build").exists()


@pytest.mark.skipif(not shutil.which("js_of_ocaml"), reason="js_of_ocaml is not installed")
def test_javascript_shares_with_bytecode(app):
    write_targets(app, [target("default", "byte", entry="src/tool.ml"), target("web", "jsoo", entry="src/server.ml")])
    done = steps(rebel(app, "build", "default", "web"))
    assert len([step for step in done if step == "ocamlc src/greeting.ml"]) == 1
    assert app.run("node", "_build/web/src/app.js").out == "hello server:80"
    clean_equals(app, "default", "web")
    write_targets(app, [target("default", "byte", entry="src/tool.ml")])
    rebel(app, "build")
    assert not app.path("_build/web").exists()


def test_editors_are_told_where_things_are_whichever_target_was_built(app):
    rebel(app, "build", "tool")
    assert "B _build/client/src\n" in app.path(".merlin").read_text()
    answer = rebel(app, "ocaml-merlin", "--dump-config", "src/server.ml").out
    assert f"B {app.path('_build/client/src')}" in answer and "UNIT_NAME Default_Tar__Server" in answer
    rebel(app, "build")
    rebel(app, "clean")
    assert not app.path(".merlin").exists()


def test_sources_that_another_builder_makes(app):
    app.path("src/greeting.ml").unlink()
    app.write("words.txt", "hi")
    app.write("rest.txt", '|}\nlet hello who = String.trim words ^ " " ^ who\n')
    app.write(
        "SConstruct",
        """\
import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=["rebel"], toolpath=[rebel_tools.TOOLPATH])
env.Rebel()
env.Command("src/greeting.ml", "words.txt", "(echo 'let words = {|'; cat words.txt; cat rest.txt) > $TARGET")
""",
    )
    app.scons("-j8")
    assert (said(app, "client"), said(app, "tool")) == ("hi client:80", "hi tool:80")
    assert steps(app.scons()) == []
    app.write("words.txt", "ho")
    app.scons("tool")
    assert (said(app, "client"), said(app, "tool")) == ("hi client:80", "ho tool:80")
    app.scons("-j8")
    assert said(app, "client") == "ho client:80"


def test_a_cache_of_results(app):
    app.write(
        "SConstruct",
        """\
import rebel_tools
DefaultEnvironment(tools=[])
CacheDir("cache")
env = Environment(tools=["rebel"], toolpath=[rebel_tools.TOOLPATH])
env.Rebel()
""",
    )
    app.scons()
    before = outputs(app)
    shutil.rmtree(app.path("_build"))
    again = app.scons("-j8").out
    assert not re.search(r"(?m)^\[\d+/\d+\] (link|ocamlopt) ", again), again
    assert outputs(app) == before


def test_rules_for_one_program(app):
    app.write("notes.txt", "1")
    app.write(
        "SConstruct",
        """\
import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=["rebel"], toolpath=[rebel_tools.TOOLPATH])
client, server, tool = env.Rebel()
env.Depends(server, "notes.txt")
env.AddPostAction(tool, "cp $TARGET copy")
""",
    )
    app.scons("-j4")
    assert app.path("copy").exists() and steps(app.scons()) == []
    app.write("notes.txt", "2")
    assert steps(app.scons()) == ["link _build/server/src/app.out"]


def test_an_interactive_session(app):
    app.write(
        "SConstruct",
        """\
import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=["rebel"], toolpath=[rebel_tools.TOOLPATH])
env.Rebel()
""",
    )
    with Interactive(app) as scons:
        scons("build tool")
        assert not app.path("_build/server").exists()
        assert "link _build/server/src/app.out" in scons("build -j4")
        app.write("src/greeting.ml", 'let hello who = "ho " ^ who\n')
        scons("build server")
        assert (said(app, "server"), said(app, "tool")) == ("ho server:80", "hello tool:80")
        assert "link _build/tool/src/app.out" in scons("build")
        scons("clean")
        assert not app.path("_build").exists()
        scons("build")
    assert steps(app.scons()) == []


def test_nothing_is_made_in_a_dry_run(app):
    done = steps(rebel(app, "build", "-n"))
    assert "link _build/tool/src/app.out" in done and not app.path("_build").exists()
    rebel(app, "build")
    assert steps(rebel(app, "build", "-n")) == []
    app.write("src/tool.ml", "let () = print_char '!'\n")
    before = app.snapshot("_build")
    assert "link _build/tool/src/app.out" in steps(rebel(app, "build", "-n"))
    assert app.snapshot("_build") == before


@pytest.mark.parametrize("name", ["Net.cmxa", "Net.a"])
def test_a_copy_that_is_damaged_or_gone(app, name):
    rebel(app, "build")
    before = outputs(app)
    copy = app.path(f"_build/tool/net/{name}")
    copy.unlink()
    rebel(app, "build")
    assert outputs(app) == before
    copy.unlink()
    copy.write_text("damaged")
    rebel(app, "build")
    assert outputs(app) == before
    other = app.write("other", "mine")
    copy.unlink()
    copy.symlink_to(other)
    rebel(app, "build")
    assert outputs(app) == before and other.read_text() == "mine" and not copy.is_symlink()


def test_in_the_sandbox(app):
    for program in ("bwrap", "strace"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    rebel(app, "build")
    before = outputs(app)
    shutil.rmtree(app.path("_build"))
    rebel(app, "build", "--sandbox", "-j4")
    assert outputs(app) == before
