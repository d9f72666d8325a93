"""The command rebel itself: its command line, and that build and clean are scons and no more."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import rebel_tools


def rebel(project, *arguments, **options):
    return project.run(sys.executable, "-m", "rebel_tools", *arguments, **options)


def test_the_shipped_sconstruct(project):
    path = Path(rebel(project, "sconstruct").out.strip())
    assert path.is_file() and path.is_relative_to(Path(rebel_tools.__file__).parent)


def test_unknown_commands_and_arguments(project):
    assert "invalid choice: 'bild'" in rebel(project, "bild", rc=2).err
    assert "unrecognized arguments: x" in rebel(project, "doctor", "x", rc=2).err


def test_version(project):
    assert rebel(project, "--version").out == f"rebel {rebel_tools.__version__}\n"


def test_an_sconstruct_of_the_folder_is_used_with_all_arguments(project):
    project.write(
        "SConstruct",
        "DefaultEnvironment(tools=[])\n"
        "env = Environment(tools=[])\n"
        "env.Command('out', [], 'echo made > $TARGET')\n"
        "env.Command('more', [], f'echo {ARGUMENTS[\"word\"]} > $TARGET')\n",
    )
    rebel(project, "build", "-j", "2", "more", "word=x", "-Q")
    assert project.path("more").read_text() == "x\n" and not project.path("out").exists()
    rebel(project, "build", "word=x")
    rebel(project, "clean", "word=x")
    assert not project.path("more").exists() and not project.path("out").exists()


def test_the_exit_status_is_the_one_of_scons(project):
    project.write("SConstruct", "DefaultEnvironment(tools=[])\nEnvironment(tools=[]).Command('a', [], 'exit 3')\n")
    assert "[a] Error 3" in rebel(project, rc=2).err


def test_interrupts_reach_scons(project):
    """build replaces the process by scons, so that signals and the terminal are its own."""
    project.write("SConstruct", "import os\nprint('pid', os.getpid())\n")
    command = f"{shlex.quote(sys.executable)} -m rebel_tools build -Q & echo pid $!; wait"
    run = project.run("sh", "-c", command)
    pids = [line.split()[1] for line in run.out.splitlines() if line.startswith("pid ")]
    assert len(pids) == 2 and pids[0] == pids[1]
