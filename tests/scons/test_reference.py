"""docs/reference.md lists every variable, builder, method and option of the tools, and nothing else."""

from __future__ import annotations

import ast
import re

import pytest
from user_project import ROOT, Project

from rebel_tools.sconstruct import PROFILE_OPTION

PAGE = (ROOT / "docs" / "reference.md").read_text()
TOOLS = ("ocaml", "rebel", "export_table", "rpython", "remote")
# SCons 4.4 sets TOOLS only in environments that have tools.
SCONSTRUCT = """
import rebel_tools
DefaultEnvironment(tools=[])
plain = Environment(tools=[])
methods = {method.name for method in plain.added_methods}
for tool in %r:
    env = Environment(tools=[tool], toolpath=[rebel_tools.TOOLPATH])
    variables = set(env.Dictionary()) - set(plain.Dictionary()) - {"toolpath", "TOOLS"}
    calls = set(env["BUILDERS"]) | {method.name for method in env.added_methods} - methods
    print("HAS", repr((tool, sorted(variables), sorted(calls - set(plain["BUILDERS"])))))
"""


@pytest.fixture(scope="module")
def tools(tmp_path_factory) -> list[tuple[str, list[str], list[str]]]:
    project = Project(tmp_path_factory.mktemp("reference"))
    project.write("SConstruct", SCONSTRUCT % (TOOLS,))
    lines = project.scons("-n").out.splitlines()
    return [ast.literal_eval(line.removeprefix("HAS ")) for line in lines if line.startswith("HAS ")]


def section(title: str) -> str:
    return PAGE.partition(f"\n### {title}\n")[2].partition("\n#")[0]


def test_every_variable_has_a_line(tools) -> None:
    assert [tool for tool, _, _ in tools] == list(TOOLS)
    said = set(re.findall(r"`([A-Z][A-Z_]+)`", PAGE.partition("## Construction variables")[2]))
    known = {name for _, variables, _ in tools for name in variables if not name.startswith("_")}
    assert known - said == set()
    code = "\n".join(path.read_text() for path in (ROOT / "rebel_tools" / "scons").glob("*.py"))
    unknown = {name for name in said - known - {"STR", "REFMT"} if name.removesuffix("STR") not in code}
    assert unknown == set()


def test_variables_stand_under_their_tool(tools) -> None:
    inherited = {"rebel": "ocaml", "rpython": "export_table"}
    sets = {tool: {name for name in variables if not name.startswith("_")} for tool, variables, _ in tools}
    for tool, variables in sets.items():
        own = variables - sets.get(inherited.get(tool, ""), set())
        assert {name for name in own if f"`{name}`" not in section(tool)} == set(), tool


def test_every_builder_and_method_has_a_line(tools) -> None:
    said = set(re.findall(r"`env\.(\w+)\(", PAGE)) - {"Tool"}
    assert said == {name for _, _, calls in tools for name in calls if not name.startswith("_")}


def test_every_option_and_check_has_a_line() -> None:
    code = [path.read_text() for path in (ROOT / "rebel_tools" / "scons").glob("*.py")]
    options = {word for text in code for word in re.findall(r'AddOption\(\s*"(--[a-z-]+)"', text)} | {PROFILE_OPTION}
    assert options and {word for word in options if f"`{word}" not in PAGE} == set()
    checks = set(re.findall(r'"(Check\w+)":', "\n".join(code)))
    assert checks == set(re.findall(r"`conf\.(\w+)\(", PAGE.partition("## Checks")[2]))
