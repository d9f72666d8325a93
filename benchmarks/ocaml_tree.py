#!/usr/bin/env python3
"""A generated OCaml project of any size, in the forms of rebel-tools (package.json) and of dune, from the same sources.

    python benchmarks/ocaml_tree.py FOLDER --modules 1100 --per-package 100 --interfaces 0.3 --seed 1

Dependencies are similar to those of real code: most modules use a few recent neighbours and a few old hubs of their own
package, and some modules of one to three other packages. Those are among the first ten, which all may use, or among the
ten of an area of the program, so the number of packages that a package uses does not grow with the program. The program
prints one number, so that it can be checked.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass
from pathlib import Path

APP = "app"
AREA = 10  # packages


@dataclass(frozen=True)
class Module:
    """One module: `uses` are (package, module) names; `interface` says whether it has a .mli."""

    package: str
    name: str
    interface: bool
    uses: tuple[tuple[str, str], ...]

    @property
    def stem(self) -> str:
        """The path of the sources below the project, without suffix."""
        folder = "src" if self.package == APP else f"node_modules/{self.package}/src"
        return f"{folder}/{self.name}"

    @property
    def files(self) -> tuple[str, ...]:
        return (f"{self.stem}.ml", f"{self.stem}.mli") if self.interface else (f"{self.stem}.ml",)


@dataclass(frozen=True)
class Tree:
    """All modules, dependencies first; the packages that each package names in its package.json, in the same order."""

    modules: tuple[Module, ...]
    packages: dict[str, tuple[str, ...]]


def plan_tree(modules: int = 1100, per_package: int = 100, interfaces: float = 0.3, seed: int = 1) -> Tree:
    """Choose the dependencies. The last package is the program itself; its entry is `index`."""
    rng = random.Random(seed)
    count = max(1, round(modules / per_package))
    names = [f"lib{n:02}" for n in range(count - 1)] + [APP]
    packages = _package_graph(names, rng)
    planned: list[Module] = []
    by_package: dict[str, list[Module]] = {}
    for package in names:
        own: list[Module] = []
        size = per_package if package != APP else modules - per_package * (count - 1)
        for number in range(size):
            uses = _choose_uses(own, [by_package[p] for p in packages[package]], rng)
            # The first two modules are those that the benchmark edits: one without an interface, one with.
            interface = number == 1 if number < 2 else rng.random() < interfaces
            own.append(Module(package, f"m{number:03}", interface, uses))
        by_package[package] = own
        planned += own
    planned.append(_entry(by_package, packages))
    return Tree(tuple(planned), packages)


def _package_graph(names: list[str], rng: random.Random) -> dict[str, tuple[str, ...]]:
    graph = {}
    for n, name in enumerate(names):
        seen = names[: min(n, AREA)] + names[max(n // AREA, 1) * AREA : n]
        graph[name] = tuple(rng.sample(seen, min(len(seen), rng.randint(1, 3))))
    used = {package for uses in graph.values() for package in uses}
    graph[APP] += tuple(name for name in names if name not in used and name != APP)
    return graph


def _choose_uses(own: list[Module], others: list[list[Module]], rng: random.Random) -> tuple:
    near = rng.sample(own[-10:], min(len(own), rng.randint(0, 3)))
    hubs = rng.sample(own[:8], min(len(own), rng.randint(0, 2)))
    foreign = [rng.choice(modules[:30]) for modules in others if rng.random() < 0.3]
    return tuple(dict.fromkeys((m.package, m.name) for m in (*near, *hubs, *foreign)))


def _entry(by_package: dict, packages: dict) -> Module:
    # All modules are reachable, so that all tools build the same.
    used = {use for m in by_package[APP] for use in m.uses}
    own = [(APP, m.name) for m in by_package[APP] if (APP, m.name) not in used]
    return Module(APP, "index", False, (*own, *((p, by_package[p][-1].name) for p in packages[APP])))


def write_tree(folder: Path, tree: Tree) -> None:
    """Write sources, package.json files and dune files below `folder`."""
    for module in tree.modules:
        _write(folder / f"{module.stem}.ml", _implementation(module))
        if module.interface:
            _write(folder / f"{module.stem}.mli", INTERFACE)
    for package, uses in tree.packages.items():
        root = folder if package == APP else folder / "node_modules" / package
        _write(root / "package.json", _package_json(package, uses))
        _write(root / "src" / "dune", _dune(package, uses))
    _write(folder / "dune-project", "(lang dune 2.0)\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _reference(module: Module, use: tuple[str, str]) -> str:
    package, name = use
    return name.capitalize() if package == module.package else f"{package.capitalize()}.{name.capitalize()}"


def _implementation(module: Module) -> str:
    references = [_reference(module, use) for use in module.uses]
    # Each call goes one level deeper with a smaller argument: the program ends whatever the graph.
    total = " + ".join(["x", *(f"{r}.value (x - 1)" for r in references)])
    if module.name == "index":
        return f"let value x = if x <= 0 then 1 else {total}\nlet () = print_endline (string_of_int (value 2))\n"
    links = "".join(f"let link{n} () = {r}.size ({r}.make 1 {r}.Small)\n" for n, r in enumerate(references))
    return IMPLEMENTATION % {"name": module.name, "total": total, "links": links, "weight": len(module.uses)}


INTERFACE = """\
type kind = Small | Large of int | Named of string * int
type t = { id : int; label : string; kind : kind; children : t list }

val weight : int
val make : int -> kind -> t
val size : t -> int
val describe : t -> string
val fold : ('a -> t -> 'a) -> 'a -> t -> 'a
val value : int -> int
"""

IMPLEMENTATION = """\
type kind = Small | Large of int | Named of string * int
type t = { id : int; label : string; kind : kind; children : t list }

let weight = %(weight)d

let make id kind = { id; label = "%(name)s:" ^ string_of_int id; kind; children = [] }

let rec size t = 1 + List.fold_left (fun n child -> n + size child) 0 t.children

let describe_kind = function
  | Small -> "small"
  | Large n when n > 1000 -> Printf.sprintf "very large (%%d)" n
  | Large n -> Printf.sprintf "large (%%d)" n
  | Named (name, n) -> name ^ "/" ^ string_of_int n

let rec describe t =
  let children = String.concat ", " (List.map describe t.children) in
  t.label ^ " " ^ describe_kind t.kind ^ (if children = "" then "" else " [" ^ children ^ "]")

let rec fold f acc t = List.fold_left (fold f) (f acc t) t.children

module Table = Map.Make (String)

let index ts =
  let add table t = Table.update t.label (function None -> Some [t] | Some l -> Some (t :: l)) table in
  List.fold_left add Table.empty ts

let duplicates ts = Table.bindings (Table.filter (fun _ l -> List.length l > 1) (index ts))

%(links)s
let value x = if x <= 0 then weight else %(total)s
"""


def _package_json(package: str, uses: tuple[str, ...]) -> str:
    target = {"target": "default", "engine": "native", "entry": "src/index.ml"}
    rebel = {"targets": [target]} if package == APP else {}
    data = {"name": package, "version": "1.0.0", "dependencies": dict.fromkeys(uses, "*"), "rebel": rebel}
    return json.dumps(data, indent=2) + "\n"


def _dune(package: str, uses: tuple[str, ...]) -> str:
    libraries = f" (libraries {' '.join(uses)})" if uses else ""
    kind = "(executable (name index)" if package == APP else f"(library (name {package})"
    # Warnings and debugging information as in our own builds; native code only, as in the default target.
    modes = "(modes exe)" if package == APP else "(modes native)"
    return f"{kind} {modes} (flags (-w -a -g)) (ocamlopt_flags ()){libraries})\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    add_arguments(parser)
    options = parser.parse_args()
    tree = plan_tree(options.modules, options.per_package, options.interfaces, options.seed)
    write_tree(options.folder, tree)
    edges = sum(len(m.uses) for m in tree.modules)
    print(f"{len(tree.modules)} modules, {len(tree.packages)} packages, {edges} dependencies in {options.folder}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--modules", type=int, default=1100)
    parser.add_argument("--per-package", type=int, default=100)
    parser.add_argument("--interfaces", type=float, default=0.3, help="share of modules that have a .mli")
    parser.add_argument("--seed", type=int, default=1)


if __name__ == "__main__":
    main()
