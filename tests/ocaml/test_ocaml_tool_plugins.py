"""env.OCamlPlugin: plugins for a program of an SConstruct, which are checked against it when they are linked."""

from __future__ import annotations

import pytest
from tool_project import append, five_checks, replace, sconstruct, targets

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")

BODY = """
env["OCAMLENGINES"] = ["%s"]
api = env.OCamlLibrary("api", ["registry.ml"])
text = env.OCamlLibrary("text", ["words.ml"])
host = env.OCamlProgram("host", ["main.ml"], OCAMLLIBS=api, OCAMLPACKAGES=["dynlink"], OCAMLLINKFLAGS=["-linkall"])
env.OCamlPlugin("json", ["json.ml", "helper.ml"], OCAMLLIBS=[api, text], OCAMLHOST=host)
env.OCamlPlugin("yaml", ["helper2.ml", "yaml.ml"], OCAMLLIBS=api, OCAMLHOST=host)
"""
FILES = {
    "registry.ml": "let said : string list ref = ref []\nlet say text = said := text :: !said\n",
    "words.ml": 'let join = String.concat "-"\n',
    "main.ml": """\
        let load name = try Dynlink.loadfile name with Dynlink.Error e -> print_string (Dynlink.error_message e)
        let () = List.iter load (List.tl (Array.to_list Sys.argv))
        let () = print_string (String.concat " " (List.rev !Api.Registry.said))
        """,
    "json.ml": "let () = Api.Registry.say (Text.Words.join [ Helper.a; Helper.a ])\n",
    "helper.ml": 'let a = "json"\n',
    "helper2.ml": 'let () = Api.Registry.say "early"\n',
    "yaml.ml": 'let () = Api.Registry.say "yaml"\n',
}


def loaded(project, suffix: str = "cmxs") -> str:
    return project.run(project.path("host"), f"json.{suffix}", f"yaml.{suffix}").out


@pytest.mark.parametrize("engine, suffix", [("native", "cmxs"), ("byte", "cma")])
def test_a_program_loads_two_plugins(project, engine, suffix):
    sconstruct(project, BODY % engine, FILES)
    project.scons()
    assert loaded(project, suffix) == "json-json early yaml"


def test_a_plugin_as_any_other_builder(project):
    sconstruct(project, BODY % "native", FILES)
    five_checks(
        project, "helper.ml", ["json.objs/Json__Helper.cmx"], lambda p: replace(p, "helper.ml", '"json"', '"more"')
    )
    assert loaded(project) == "more-more early yaml"


def test_a_plugin_follows_its_program(project):
    """A changed interface of a common library rebuilds both, even if only the plugin was requested."""
    sconstruct(project, BODY % "native", FILES)
    project.scons("yaml.cmxs")
    assert project.path("host").exists() and not project.path("json.cmxs").exists()
    append(project, "registry.ml", "let more = 1\n")
    assert {"yaml.cmxs", "host"} <= set(targets(project.scons("yaml.cmxs")))
    project.scons()
    assert loaded(project) == "json-json early yaml"


def test_a_plugin_that_cannot_be_loaded_is_refused(project):
    """The program is linked only with what it references, and the plugin needs more."""
    body = (BODY % "native").replace('["registry.ml"]', '["registry.ml", "other.ml"]').replace('["-linkall"]', "[]")
    files = {**FILES, "other.ml": "let x = print_string\n", "yaml.ml": 'let () = Api.Other.x "yaml"\n'}
    sconstruct(project, body, files)
    said = project.scons("yaml.cmxs", rc=2).text
    assert 'the program "host" cannot load the plugin "yaml.cmxs"' in said and "Api__Other" in said
    assert "-linkall" in said and not project.path("yaml.cmxs").exists() and "Traceback" not in said


WRONG = {
    "no host": (
        'env.OCamlPlugin("json", ["json.ml"])',
        "$OCAMLHOST is not set",
        "the result of env.OCamlProgram",
    ),
    "a library": (
        'env.OCamlPlugin("json", ["json.ml"], OCAMLHOST=api)',
        "`api.cmxa` is not an OCaml program",
        "the result of env.OCamlProgram",
    ),
    "a name": ('env.OCamlPlugin("json", ["json.ml"], OCAMLHOST="main")', "`main` is not an OCaml program", ""),
    "another engine": (
        'env.OCamlPlugin("json", ["json.ml"], OCAMLHOST=host, OCAMLENGINES=["byte"])',
        "the program `host` is compiled for the engine native",
        'OCAMLENGINES=["native"]',
    ),
    "its namespace": (
        'env.OCamlPlugin("host", ["json.ml"], OCAMLHOST=host)',
        "has the namespace Host__ of its program",
        "set OCAMLNAMESPACE",
    ),
    "no sources": ('env.OCamlPlugin("json", [], OCAMLHOST=host)', "got no sources", ""),
    "no target": ('env.OCamlPlugin(None, ["json.ml"], OCAMLHOST=host)', "makes one target", ""),
    "what is no source": ('env.OCamlPlugin("json", ["json.c"], OCAMLHOST=host)', "json.c", ""),
}


@pytest.mark.parametrize("call, message, expected", WRONG.values(), ids=WRONG.keys())
def test_wrong_inputs(project, call, message, expected):
    """Each error has the line in the SConstruct."""
    body = (
        'api = env.OCamlLibrary("api", ["registry.ml"])\nhost = env.OCamlProgram("host", ["main.ml"], OCAMLLIBS=api)\n'
    )
    sconstruct(project, body + call + "\n", FILES)
    said = project.scons(rc=2).text
    assert message in said and expected in said and "Traceback" not in said
    assert 'SConstruct", line 6' in said or "SConstruct:6" in said
