"""Graphs in the language of graphviz (graphviz.org, "The DOT Language"); in quotation marks any text is a name."""

from __future__ import annotations

from collections.abc import Iterator

from rebel_tools.outputs.graph import Graph, Node, critical_path, cycles
from rebel_tools.project.model import Project
from rebel_tools.text import printable


def packages_text(project: Project) -> str:
    """Packages, each with an arrow to those that it uses."""
    lines = [f"  {_quoted(package.name)};" for package in project.packages]
    edges = ((package.name, other) for package in project.packages for other in package.dependencies)
    lines += [f"  {_quoted(one)} -> {_quoted(other)};" for one, other in edges]
    return _whole(lines)


def modules_text(graph: Graph) -> str:
    """Modules in boxes of their packages; the critical path is thick, and what is in a cycle is red."""
    way = critical_path(graph)
    critical = set(zip(way, way[1:]))
    circles = [set(each) for each in cycles(graph)]
    lines = list(_boxes(graph, set(way)))
    for node, used in graph.uses.items():
        for other in used:
            is_wrong = any({node, other} <= circle for circle in circles)
            style = " [color=red, penwidth=2]" if is_wrong else " [penwidth=3]" if (node, other) in critical else ""
            lines.append(f"  {_quoted(node.unit)} -> {_quoted(other.unit)}{style};")
    return _whole(lines)


def _boxes(graph: Graph, critical: set[Node]) -> Iterator[str]:
    packages = dict.fromkeys(node.package for node in graph.uses)
    for number, package in enumerate(packages):
        yield f"  subgraph cluster_{number} {{"
        yield f"    label={_quoted(package)};"
        for node in graph.uses:
            if node.package == package:
                thick = ", penwidth=3" if node in critical else ""
                yield f"    {_quoted(node.unit)} [label={_quoted(node.module)}{thick}];"
        yield "  }"


def _whole(lines: list[str]) -> str:
    return "\n".join(["digraph {", "  rankdir=LR;", "  node [shape=box];", *lines, "}"]) + "\n"


def _quoted(name: str) -> str:
    escaped = printable(name).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
