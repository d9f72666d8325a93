"""rebel doctor: the tools of this machine, and of one where nothing is installed."""

from __future__ import annotations

import json
import os
import shutil
import sys

from rebel_tools import tools
from rebel_tools.errors import MissingTool


def doctor(project, *arguments, **options):
    return project.run(sys.executable, "-m", "rebel_tools", "doctor", *arguments, **options)


def findings(run) -> dict:
    return {finding["name"]: finding for finding in json.loads(run.out)["findings"]}


def nothing_installed(project) -> dict:
    """An environment whose PATH has no program at all."""
    project.path("empty").mkdir()
    return {"PATH": str(project.path("empty"))}


def test_what_is_found_has_a_version_and_a_path(project):
    found = findings(doctor(project, "--json", rc=None))
    assert found["scons"]["status"] == "found" and found["scons"]["version"][0].isdigit()
    gcc = shutil.which("gcc")
    if gcc:
        assert found["gcc"]["path"] == gcc and found["gcc"]["version"]


def test_what_is_missing_has_a_command_that_installs_it(project):
    run = doctor(project, rc=1, env=nothing_installed(project))
    assert "! missing     ocamlopt" in run.out
    assert "install: apt-get install ocaml-findlib" in run.out
    assert "Not ready to build OCaml: ocamlfind, ocamlc, ocamlopt, ocamldep, gcc" in run.out


def test_text_and_json_tell_the_same(project):
    environment = nothing_installed(project)
    report = json.loads(doctor(project, "--json", rc=1, env=environment).out)
    text = doctor(project, rc=1, env=environment).out
    assert report["ok"] is False
    for finding in report["findings"]:
        assert finding["name"] in text
        if finding["status"] != "found":
            assert finding["install"] in text


def test_a_project_needs_what_its_sources_and_targets_need(project):
    rebel = {
        "targets": [{"engine": "jsoo", "entry": "src/a.re"}],
        "ocamlfindDependencies": ["str", "no-such-library"],
    }
    project.write("package.json", json.dumps({"rebel": rebel}))
    project.write("src/a.re", "")
    found = findings(doctor(project, "--json", rc=1))
    assert all(found[name]["required"] for name in ("refmt", "ppxlib", "js_of_ocaml", "str", "no-such-library"))
    assert not found["bsc"]["required"]
    assert found["no-such-library"]["status"] == "missing"
    assert "apt-get install libno-such-library-ocaml-dev" in found["no-such-library"]["install"]


def test_a_project_that_cannot_be_read(project):
    project.write("package.json", "{,}")
    run = doctor(project, rc=1)
    assert "This project cannot be read" in run.out and "package.json:1:2" in run.out


def test_a_tool_that_is_too_old_or_does_not_work(project):
    for name, script in {"ocamlc": "echo 4.02.3", "ocamlopt": "exit 1"}.items():
        project.write(f"bin/{name}", f"#!/bin/sh\n{script}\n").chmod(0o755)
    path = f"{project.path('bin')}{os.pathsep}{os.environ['PATH']}"
    found = findings(doctor(project, "--json", rc=1, env={"PATH": path}))
    assert (found["ocamlc"]["status"], found["ocamlc"]["version"]) == ("too old", "4.02.3")
    assert found["ocamlopt"]["status"] == "not working"


def test_a_library_that_is_too_old(project):
    project.write("bin/ocamlfind", "#!/bin/sh\nprintf '0.15.0\\n/some/where\\n'\n").chmod(0o755)
    path = f"{project.path('bin')}{os.pathsep}{os.environ['PATH']}"
    ppxlib = findings(doctor(project, "--json", rc=None, env={"PATH": path}))["ppxlib"]
    assert (ppxlib["status"], ppxlib["version"], ppxlib["path"]) == ("too old", "0.15.0", "/some/where")


def test_refmt_is_found_by_its_variable_on_path_and_in_node_modules(project, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("REFMT", raising=False)
    monkeypatch.setattr(sys, "executable", str(project.path("bin/python")))
    root = str(project.path("app/inner"))
    assert tools.find("refmt", root=root) is None

    def program(name):
        path = project.write(name, "#!/bin/sh\n")
        path.chmod(0o755)
        return str(path)

    platform = "win32" if sys.platform == "win32" else sys.platform.rstrip("0123456789")
    in_npm = program(f"app/node_modules/bs-platform/{platform}/refmt.exe")
    assert tools.find("refmt", root=root) == in_npm
    beside_python = program("bin/refmt")
    assert tools.find("refmt", root=root) == beside_python
    chosen = program("chosen")
    monkeypatch.setenv("REFMT", chosen)
    assert tools.find("refmt", root=root) == chosen


def test_a_missing_tool_says_what_needs_it_and_how_to_install_it(monkeypatch):
    monkeypatch.setenv("REFMT", "/no/such/refmt")
    try:
        tools.require("refmt")
    except MissingTool as error:
        assert "$REFMT is /no/such/refmt, which is not a program" in str(error)
        assert "Reason" in error.message and "npm install bs-platform" in error.hint
    else:
        raise AssertionError("no error")
