"""Completion in real shells, and manual pages that man can show: both made from the parsers of the commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from user_project import ROOT

from rebel_tools.cli import rebel_commands, symbol_audit_commands
from rebel_tools.cli.parser import subparsers

REBEL = [sys.executable, "-m", "rebel_tools"]
NAMES = list(subparsers(rebel_commands.parser()))


@pytest.fixture
def app(project):
    targets = [{"target": name, "engine": "native", "entry": "src/index.ml"} for name in ("tool", "touring")]
    project.write("package.json", json.dumps({"name": "app", "rebel": {"targets": targets}}))
    project.write("src/index.ml", "")
    project.write("bin/rebel", f'#!/bin/sh\nexec {sys.executable} -m rebel_tools "$@"\n').chmod(0o755)
    return project


def script(project, shell: str) -> Path:
    return project.write(f"completion.{shell}", project.run(*REBEL, "completion", shell).out)


def environ(project) -> dict[str, str]:
    path = f"{project.path('bin')}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(project.root)}


def need(program: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"needs {program}")


def bash(project, *words: str) -> list[str]:
    ask = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); FUNCTION; printf "%s\\n" "${COMPREPLY[@]}"'
    ask = ask.replace("FUNCTION", f"_{words[0].replace('-', '_')}")
    return sorted(project.run("bash", "-c", ask, script(project, "bash"), *words, env=environ(project)).out.split())


def fish(project, *words: str) -> list[str]:
    ask = 'source $argv[1]; complete -C "$argv[2]"'
    command = ["fish", "-c", ask, script(project, "fish"), " ".join(words)]
    lines = project.run(*command, env=environ(project)).out.splitlines()
    return sorted(line.partition("\t")[0] for line in lines)


@pytest.mark.parametrize("shell", [bash, fish])
def test_words_of_the_command_line(app, shell):
    need(shell.__name__)
    assert shell(app, "rebel", "cl") == ["clean"]
    assert [word for word in shell(app, "rebel", "build", "to") if word.startswith("to")] == ["tool", "touring"]
    assert "--verbose" in shell(app, "rebel", "build", "--verb")
    assert "--keep-going" in shell(app, "rebel", "build", "--keep")
    assert shell(app, "rebel", "completion", "z") == ["zsh"]
    assert shell(app, "symbol-audit", "e") == ["exports"] and "--evidence" in shell(
        app, "symbol-audit", "check", "--ev"
    )
    assert "package.json" in shell(app, "symbol-audit", "show", "pack")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_takes_the_script(app, shell):
    need(shell)
    text = script(app, shell)
    assert app.run(shell, "-n", text, env=environ(app)).text == ""
    assert all(name in text.read_text() for name in NAMES)


def test_zsh_loads_it(app):
    need("zsh")
    script(app, "zsh").rename(app.path("_rebel"))
    load = "fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; echo $_comps[rebel] $_comps[symbol-audit]"
    assert app.run("zsh", "-f", "-c", load, env=environ(app)).out == "_rebel _rebel\n"


def test_hostile_targets_are_no_commands(app):
    hostile = ["$(touch RAN)", "`touch RAN`", "a;touch RAN", "x y", "tool"]
    targets = [{"target": name, "engine": "native", "entry": "src/index.ml"} for name in hostile]
    app.write("package.json", json.dumps({"name": "app", "rebel": {"targets": targets}}))
    for shell in (bash, fish):
        if shutil.which(shell.__name__):
            shell(app, "rebel", "build", "")
    assert not app.path("RAN").exists()
    app.write("package.json", "{")
    assert app.run(*REBEL, "completion", "targets").text.strip() == ""


@pytest.mark.parametrize("name", ["rebel", "symbol-audit"])
def test_manual_pages(app, name):
    need("man")
    parser = rebel_commands.parser() if name == "rebel" else symbol_audit_commands.parser(())
    path = app.write(f"{name}.1", app.run(*REBEL, "manual", name).out)
    shown = app.run("man", "--warnings=w", "-l", path, env={"MANWIDTH": "200", "LC_ALL": "C"})
    text = " ".join(shown.out.split())
    assert shown.err == "" and all(f"{name} {command}" in text for command in subparsers(parser))
    assert "xit status" in text


@pytest.mark.parametrize("program", ["rebel", "symbol-audit"])
def test_help_tells_the_exit_statuses(program):
    module = "rebel_tools" if program == "rebel" else "rebel_tools.cli.symbol_audit"
    parser = rebel_commands.parser() if program == "rebel" else symbol_audit_commands.parser(())
    for words in ([], *([name] for name in subparsers(parser))):
        command = [sys.executable, "-m", module, *words, "--help"]
        run = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
        assert run.returncode == 0 and "Exit status:" in " ".join(run.stdout.split()), words
