"""The costs of Reason compared with OCaml, and of the tool for a project that has neither."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import ocaml_tree
from measuring import ROOT, Result, result, rounds, timed
from ocaml_tools import Rebel

sys.path.insert(0, str(ROOT))
from rebel_tools.errors import MissingTool  # noqa: E402
from rebel_tools.ocaml.reason import find_refmt  # noqa: E402

MODULES = 150
C_FILES = 50


def reason(work: Path, count: int, jobs: int) -> list[Result]:
    """Full builds of one generated project in OCaml and in Reason syntax; `runs` is the number of files."""
    try:
        refmt = find_refmt(str(ROOT))
    except MissingTool as error:
        print(f"left out: {error}", file=sys.stderr)
        return []
    os.environ["REFMT"] = refmt
    found = []
    tree = ocaml_tree.plan_tree(MODULES, 50)
    files = [name for module in tree.modules for name in module.files]
    for parallel in dict.fromkeys((jobs, 1)):
        tools = {name: Rebel(work / f"{name} -j{parallel}", parallel) for name in ("OCaml", "Reason")}
        for name, tool in tools.items():
            if not tool.folder.exists():
                ocaml_tree.write_tree(tool.folder, tree)
                if name == "Reason":
                    _to_reason(tool.folder, files, refmt)
            tool.run()  # compiles the converter of trees, once for all projects of this user
        samples = rounds({name: partial(_full, tool) for name, tool in tools.items()}, count, 600)
        subject = f"Reason, -j{parallel}"
        found += [result(subject, "full", name, samples[name], len(files)) for name in tools]
    return found


def _full(tool: Rebel, number: int):
    tool.clean()
    return tool.run()


def _to_reason(folder: Path, files: list, refmt: str) -> None:
    def convert(name: str) -> None:
        path = folder / name
        interface = "true" if name.endswith("i") else "false"
        command = [refmt, "--parse", "ml", "--print", "re", "--interface", interface, str(path)]
        path.with_suffix(path.suffix.replace("ml", "re")).write_bytes(subprocess.check_output(command))
        path.unlink()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(convert, files))
    package = folder / "package.json"
    package.write_text(package.read_text().replace("index.ml", "index.re"))


def without_ocaml(work: Path, count: int) -> list[Result]:
    """Null builds of a C program, without and with the tool `ocaml` loaded."""
    commands = {
        "plain": 'env = Environment(tools=["default"])\n',
        "with the tool": "import rebel_tools\n"
        'env = Environment(tools=["default", "ocaml"], toolpath=[rebel_tools.TOOLPATH])\n',
    }
    command = [sys.executable, "-m", "SCons", "-j2"]
    for name, text in commands.items():
        _write_c(work / name, f'DefaultEnvironment(tools=[])\n{text}env.Program("main", Glob("*.c"))\n')
        timed(command, work / name)
    samples = rounds({name: lambda n, name=name: timed(command, work / name) for name in commands}, count, 120)
    return [result("C only", "null", name, samples[name]) for name in commands]


def _write_c(folder: Path, sconstruct: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SConstruct").write_text(sconstruct)
    names = [f"unit{number:02}" for number in range(C_FILES)]
    for name in names:
        (folder / f"{name}.c").write_text(f"int {name}(void) {{ return {len(name)}; }}\n")
    declarations = "".join(f"int {name}(void);\n" for name in names)
    calls = " + ".join(f"{name}()" for name in names)
    (folder / "main.c").write_text(f"{declarations}int main(void) {{ return ({calls}) == 0; }}\n")
