"""The dependency graph of modules, from ocamldep's answers in the last build, and paths through it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rebel_tools.errors import RebelError
from rebel_tools.memory.state_file import STATES
from rebel_tools.nearest import did_you_mean
from rebel_tools.outputs.naming import naming, top_level
from rebel_tools.outputs.places import Places
from rebel_tools.project.model import Target
from rebel_tools.text import quote

STATE = ".rebel-tools.json"


class Node(NamedTuple):
    """A module of a package, by the name of its unit. size: of its sources, in bytes. is_entry: of the target."""

    package: str
    module: str
    unit: str
    size: int = 0
    is_entry: bool = False

    def __str__(self) -> str:
        return f"{self.module} of {self.package}"


class Graph(NamedTuple):
    """For each node, the nodes that its sources name."""

    uses: Mapping[Node, tuple[Node, ...]]

    def users(self, node: Node) -> list[Node]:
        return [other for other, used in self.uses.items() if node in used]


def graph_of(places: Places, name: str | None) -> Graph:
    """The modules of the target with this name. Errors: RebelError if it is unknown, and before the first build."""
    project = places.project
    targets = [*project.default_targets, *project.every_target]
    target = next((each for each in targets if name in (None, each.name)), None)
    if target is None:
        names = [each.name for each in targets]
        raise RebelError(f"there is no target {quote(name or '')}", hint=did_you_mean(name or "", names))
    nodes = _nodes(places, target)
    named = _names(places, target)
    if not named:
        raise RebelError("this target has not been built yet", hint=f"rebel build {target.name}")
    units = {node.unit: node for node in nodes}
    uses = {}
    for node, paths in nodes.items():
        found = [units[unit] for path in paths for unit in named.get(path, ()) if unit in units]
        uses[node] = tuple(other for other in dict.fromkeys(found) if other is not node)
    return Graph(uses)


def _nodes(places: Places, target: Target) -> dict[Node, list[str]]:
    """The modules of all packages of a target, each with its sources as the build names them."""
    project, own = places.project, places.project.package_of(target)
    top, found = project.root.root, dict[Node, list[str]]()
    for package in (*project.closure(own), own):
        names = naming(top_level(package, target) if package is own else package)
        by_module: dict[str, list[str]] = {}
        for source in package.sources:
            by_module.setdefault(source.module, []).append(places.source(package, target, source))
        for module, paths in by_module.items():
            is_entry = package is own and module == target.entry_module
            node = Node(package.name, module, names.unit(module), sum(map(_size, paths)), is_entry)
            found[node] = [os.path.relpath(path, top).replace(os.sep, "/") for path in paths]
    return found


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:  # a generated source that was not made yet
        return 0


def _names(places: Places, target: Target) -> dict[str, list[str]]:
    """The units that each source names. The keys in a state file are a folder and a path, separated by a space."""
    found: dict[str, list[str]] = {}
    path = os.path.join(places.folder(places.group(target).home), STATE)
    for key, answer in STATES.get(path).names.items():
        units = answer[2]
        for at, character in enumerate(key):
            if character == " ":
                found.setdefault(key[at + 1 :], []).extend(units)
    return found


# Paths


def cycles(graph: Graph) -> list[list[Node]]:
    """The cycles (strongly connected components) of modules, by Tarjan's algorithm without recursion."""
    numbers: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    stack: list[Node] = []
    found = []
    for start in graph.uses:
        if start in numbers:
            continue
        todo: list[tuple[Node, Iterator[Node]]] = [(start, iter(graph.uses[start]))]
        numbers[start] = lowest[start] = len(numbers)
        stack.append(start)
        while todo:
            node, rest = todo[-1]
            following = next(rest, None)
            if following is None:
                todo.pop()
                if todo:
                    lowest[todo[-1][0]] = min(lowest[todo[-1][0]], lowest[node])
                if lowest[node] == numbers[node]:
                    at = stack.index(node)
                    found.append(stack[at:])
                    del stack[at:]
            elif following not in numbers:
                numbers[following] = lowest[following] = len(numbers)
                stack.append(following)
                todo.append((following, iter(graph.uses[following])))
            elif following in stack:
                lowest[node] = min(lowest[node], numbers[following])
    return [each for each in found if len(each) > 1]


def critical_path(graph: Graph) -> list[Node]:
    """The chain of dependent modules with the largest total size of sources; [] if there is a cycle.

    The size of a source stands in for the time of its compilation, which is not known here.
    """
    if cycles(graph):
        return []
    weights: dict[Node, tuple[int, Node | None]] = {}
    for node in _dependencies_first(graph):
        best = max(graph.uses[node], key=lambda used: weights[used][0], default=None)
        weights[node] = node.size + (weights[best][0] if best else 0), best
    path: list[Node] = []
    following = max(weights, key=lambda node: weights[node][0], default=None)
    while following is not None:
        path.append(following)
        following = weights[following][1]
    return path


def _dependencies_first(graph: Graph) -> Iterator[Node]:
    done: set[Node] = set()
    for start in graph.uses:
        todo = [start]
        while todo:
            node = todo[-1]
            missing = [used for used in graph.uses[node] if used not in done]
            if node in done or not missing:
                todo.pop()
                if node not in done:
                    done.add(node)
                    yield node
            else:
                todo += missing


def why(graph: Graph, name: str) -> list[str]:
    """Lines about a module: the path from the entry to it, and its users. Errors: RebelError without such a module."""
    lines: list[str] = []
    for node in _named(graph, name):
        way = _way(graph, lambda each: each.is_entry, node)
        if way:
            lines += [str(way[0]), *(f"{'  ' * depth}-> {each}" for depth, each in enumerate(way[1:], 1))]
        else:
            lines.append(f"no program reaches {node}")
        users = sorted(map(str, graph.users(node)))
        lines.append(f"{node} is used by {', '.join(users)}" if users else f"nothing uses {node}")
    return lines


def _named(graph: Graph, name: str) -> Sequence[Node]:
    module = name.rpartition(".")[2]
    names = {node.module for node in graph.uses}
    found = [node for node in graph.uses if name == node.unit or module == node.module and _is_in(node, name)]
    if not found:
        raise RebelError(f"there is no module {quote(name)} in this target", hint=did_you_mean(name, names))
    return found


def _is_in(node: Node, name: str) -> bool:
    package = name.rpartition(".")[0]
    return not package or node.unit.startswith(f"{package}__")


def _way(graph: Graph, starts: Callable[[Node], bool], end: Node) -> list[Node]:
    """The shortest path from one of the start nodes to `end`; [] without any."""
    before: dict[Node, Node | None] = {node: None for node in graph.uses if starts(node)}
    todo: Iterable[Node] = list(before)
    while todo and end not in before:
        new = {}
        for node in todo:
            new.update({used: node for used in graph.uses[node] if used not in before and used not in new})
        before.update(new)
        todo = list(new)
    way: list[Node] = []
    last = end if end in before else None
    while last is not None:
        way.append(last)
        last = before[last]
    return way[::-1]
