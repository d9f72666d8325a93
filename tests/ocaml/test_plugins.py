"""Plugins, which a program loads with Dynlink: they are checked against that program when they are linked."""

from __future__ import annotations

import json

import pytest
from package_app import App, edit, steps

from rebel_tools import tools

pytestmark = pytest.mark.skipif(not tools.find("ocamlfind"), reason="needs ocamlfind")

HOST = "let () = Dynlink.loadfile Sys.argv.(1)\nlet () = print_string !Api.said\n"
API = 'let said = ref ""\nlet say text = said := !said ^ text\n'
PLUGIN = 'let () = Api.say (Helper.twice "a")\n'


def targets(every: str = "native", **plugin) -> list:
    return [
        {"target": "default", "engine": every, "entry": "src/index.ml"},
        {"target": "extra", "engine": every, "plugin": "default", "entry": "src/extra.ml", **plugin},
    ]


@pytest.fixture
def app(project) -> App:
    app = App(project)
    app.package(targets=targets(), ocamlfindDependencies=["dynlink"])
    for name, text in (("index", HOST), ("api", API), ("extra", PLUGIN), ("helper", "let twice a = a ^ a\n")):
        app.write(f"src/{name}.ml", text)
    return app


def loaded(app: App, suffix: str = "cmxs") -> str:
    return app.project.run(app.path("_build/default/src/app.out"), f"_build/extra/src/app.{suffix}").out


@pytest.mark.parametrize("engine, suffix", [("native", "cmxs"), ("byte", "cma")])
def test_a_program_loads_a_plugin(app, engine, suffix):
    app.package(targets=targets(engine), ocamlfindDependencies=["dynlink"])
    app.build("default", "extra")
    assert loaded(app, suffix) == "aa"
    assert app.build("default", "extra").endswith(" are up to date\n")
    made = app.made()
    app.project.run("rm", "-r", "_build")
    app.build("-j8", "extra", "default")
    assert app.made() == made


def test_a_plugin_alone_has_its_program_built(app):
    app.build("extra")
    assert loaded(app) == "aa"


def test_edits(app):
    app.build("default", "extra")
    edit(app, "src/extra.ml", "twice", "(* comment *) twice")
    assert steps(app.build("default", "extra")) == ["ocamlopt extra.ml", "link app.cmxs"]
    edit(app, "src/helper.ml", "a ^ a", "a ^ a ^ a")
    app.build("default", "extra")
    assert loaded(app) == "aaa"
    edit(app, "src/api.ml", "let said", "let unused = 1\nlet said")
    app.build("default", "extra")
    assert loaded(app) == "aaa"
    made = app.made()
    app.project.run("rm", "-r", "_build")
    app.build("default", "extra")
    assert app.made() == made


def test_a_plugin_for_a_program_elsewhere(app):
    """Both use the same package; after a change in it, the plugin is refused until the program was rebuilt, too."""
    package = {"name": "host-api", "rebel": {}}
    for where in ("api", "other/node_modules/host-api"):
        app.write(f"{where}/package.json", json.dumps(package))
        app.write(f"{where}/src/say.ml", API)
    app.write("node_modules/keep", "")
    app.path("node_modules/host-api").symlink_to("../api")
    link = {"unstable_flags": {"link": "-linkall"}}
    app.package(
        targets=[{"entry": "src/index.ml", **link}], dependencies={"host-api": "*"}, ocamlfindDependencies=["dynlink"]
    )
    app.write("src/index.ml", HOST.replace("Api.", "HostApi.Say."))
    for name in ("api", "extra", "helper"):
        app.path(f"src/{name}.ml").unlink()
    target = {"target": "extra", "plugin": "../_build/default/src/app.out", "entry": "src/extra.ml"}
    other = {"name": "other", "dependencies": {"host-api": "*"}, "rebel": {"targets": [target]}}
    app.write("other/package.json", json.dumps(other))
    app.write("other/src/extra.ml", PLUGIN.replace("Api", "HostApi.Say"))
    app.write("other/src/helper.ml", "let twice a = a ^ a\n")

    def build(rc: int = 0) -> str:
        return app.project.run("rebel", "build", cwd="other", rc=rc, env={"REBEL_SERVER": "0"}).text

    said = build(rc=2)
    assert "other/package.json:1:" in said and 'the program "../_build/default/src/app.out" cannot be read' in said
    app.build()
    build()
    plugin = app.path("other/_build/extra/src/app.cmxs")
    assert app.project.run(app.path("_build/default/src/app.out"), plugin).out == "aa"
    edit(app, "other/node_modules/host-api/src/say.ml", "let say", "let more = 1\nlet say")
    said = build(rc=2)
    assert 'cannot load the plugin "extra"' in said and "was compiled with the interface" in said
    assert "of HostApi__Say, and the program has" in said
    assert not plugin.exists()
    edit(app, "api/src/say.ml", "let say", "let more = 1\nlet say")
    app.build()
    build()
    assert app.project.run(app.path("_build/default/src/app.out"), plugin).out == "aa"


def test_a_package_has_a_plugin_of_itself(app):
    app.package(targets=[])
    app.path("src/index.ml").unlink()
    app.build()
    names = app.project.run("ocamlobjinfo", "_build/default/app/App.cmxs").out
    assert "Name: App__Api" in names and "Name: App__Helper" in names
    app.settle()
    app.equals_a_clean_build()


@pytest.mark.parametrize(
    "more, message",
    [
        ({"plugin": "defalt"}, 'there is no program with the target name "defalt"'),
        ({"engine": "byte"}, 'the target "extra" is not compiled in the same way as "default"'),
        ({"engine": "jsoo"}, "there are no plugins for the engine jsoo"),
        ({"plugin": "../x"}, "a package with plugins for a program elsewhere has no programs of its own"),
    ],
)
def test_mistakes(app, more, message):
    app.package(targets=targets(**more), ocamlfindDependencies=["dynlink"])
    said = app.build(rc=2)
    assert message in said and "package.json:1:" in said
