"""Random small OCaml projects and random edits of them, as data that can be written to a folder.

A project is always one that compiles, unless an edit says otherwise: modules use only modules that come before them.
What is used how follows what went wrong in build systems before: aliases and types that one module takes from another,
packages that are opened, modules that have the name of one of the standard library or of another package, interfaces
that come and go.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

APP = "app"
PACKAGES = {"lib-a": "LibA", "lib_b": "Lib_b", "@scope/libC": "LibC"}
HOWS = ("call", "call", "alias", "type", "open", "through")


@dataclass
class Use:
    """`package` is '' for the module's own package."""

    how: str
    package: str
    module: str


@dataclass
class Module:
    name: str
    const: int = 1
    shape: int = 0
    uses: list[Use] = field(default_factory=list)
    interface: bool = False
    extras: int = 0
    top: int = 0
    bottom: int = 0
    folder: str = ""
    capital: bool = True
    uses_list: bool = False
    findlib: bool = False
    broken: str = ""
    only_interface: bool = False
    reason: bool = False

    @property
    def path(self) -> str:
        stem = self.name if self.capital else self.name[0].lower() + self.name[1:]
        return f"src/{self.folder}{stem}"


@dataclass
class Package:
    name: str
    uses: list[str]
    modules: list[Module]
    findlib: list[str] = field(default_factory=list)
    version: int = 1

    @property
    def root(self) -> str:
        return "" if self.name == APP else f"node_modules/{self.name}/"

    def module(self, name: str) -> Module | None:
        return next((m for m in self.modules if m.name == name), None)


@dataclass
class Project:
    packages: dict[str, Package]
    flags: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=lambda: ["native"])

    @property
    def broken(self) -> bool:
        return any(m.broken for p in self.packages.values() for m in p.modules)

    def files(self) -> dict[str, str]:
        """Path -> text of every source and package.json."""
        found = {}
        for package in self.packages.values():
            found[f"{package.root}package.json"] = self._manifest(package)
            for module in package.modules:
                stem = f"{package.root}{module.path}.{'re' if module.reason else 'ml'}"
                if not module.only_interface:
                    found[stem] = self._text(module, self._implementation(package, module), "false")
                if module.interface or module.only_interface:
                    found[stem + "i"] = self._text(module, self._interface(package, module), "true")
        found["src/index.ml"] = self._index()
        return found

    def _text(self, module: Module, text: str, interface: str) -> str:
        if not module.reason:
            return text
        broken = module.broken if interface == "false" else ""
        return in_reason(text.replace(broken, "") if broken else text, interface) + broken

    def _manifest(self, package: Package) -> str:
        rebel: dict = {"ocamlfindDependencies": package.findlib}
        if package.name == APP:
            flags = {"compile": self.flags} if self.flags else {}
            rebel["targets"] = [
                {"target": name, "engine": engine, "entry": "src/index.ml", "unstable_flags": flags}
                for name, engine in (("default", "native"), ("bytes", "byte"))
                if engine in self.targets
            ]
        dependencies = dict.fromkeys(package.uses, "*")
        data = {"name": package.name, "version": f"{package.version}.0.0", "dependencies": dependencies, "rebel": rebel}
        return json.dumps(data, indent=1) + "\n"

    def _index(self) -> str:
        app = self.packages[APP]
        calls = [f"{m.name}.f 3" for m in app.modules if not m.only_interface]
        for name in app.uses:
            last = [m.name for m in self.packages[name].modules if not m.only_interface][-1:]
            calls += [f"{PACKAGES[name]}.{module}.f 3" for module in last]
        return f"let () = print_endline (string_of_int ({' + '.join(calls or ['0'])}))\n"

    def target_of(self, package: Package, module: Module, use: Use) -> Module | None:
        """What `module` uses; None where it is gone or, having come back under its old name, would close a cycle."""
        if use.package:
            return self.packages[use.package].module(use.module) if use.package in package.uses else None
        return next((m for m in package.modules[: package.modules.index(module)] if m.name == use.module), None)

    def _lines(self, package: Package, module: Module) -> list[tuple[str, str, str]]:
        """(line of the implementation, line of the interface, term of the sum) for every use."""
        lines = []
        for n, use in enumerate(module.uses):
            target = self.target_of(package, module, use)
            if target is None:
                continue
            prefix = f"{PACKAGES[use.package]}." if use.package else ""
            path = f"{prefix}{use.module}"
            lines.append(self._use(n, use, target, prefix, path))
        return lines

    def _use(self, n: int, use: Use, target: Module, prefix: str, path: str) -> tuple[str, str, str]:
        if target.only_interface:
            return f"type u{n} = {path}.t", f"type u{n} = {path}.t", "0"
        if use.how == "alias":
            return f"module X{n} = {path}", f"module X{n} = {path}", f"X{n}.f (x - 1)"
        if use.how == "type":
            return f"type u{n} = {path}.t", f"type u{n} = {path}.t", f"{path}.c"
        if use.how == "open" and prefix:
            return f"let o{n} x = let open! {prefix[:-1]} in {use.module}.f x", "", f"o{n} (x - 1)"
        if use.how == "through":
            alias = next((i for i, other in enumerate(target.uses) if other.how == "alias"), None)
            home = self.packages[next(p.name for p in self.packages.values() if target in p.modules)]
            aliased = alias is not None and self.target_of(home, target, target.uses[alias])
            if aliased and not aliased.only_interface:
                return "", "", f"{path}.X{alias}.f (x - 1)"
        return "", "", f"{path}.f (x - 1)"

    def _implementation(self, package: Package, module: Module) -> str:
        lines = self._lines(package, module)
        terms = ["x", *(term for _, _, term in lines)]
        if module.uses_list:
            terms.append("List.length [x]")
        if module.findlib and "str" in package.findlib:
            terms.append('String.length (Str.quote "a.b")')
        text = [f"(* {module.top} *)"] if module.top else []
        text += [SHAPES[module.shape], *(line for line, _, _ in lines if line)]
        text += [f"let c = {module.const}"]
        if module.name == "List":
            text.append("let length l = List.length l + c")
        text.append(f"let f x = if x <= 0 then c else {' + '.join(terms)}")
        text += [f"let e{n} = {n}" for n in range(module.extras)]
        text += [module.broken] if module.broken else []
        text += [f"(* {module.bottom} *)"] if module.bottom else []
        return "\n".join(text) + "\n"

    def _interface(self, package: Package, module: Module) -> str:
        lines = [line for _, line, _ in self._lines(package, module) if line]
        extras = [f"val e{n} : int" for n in range(module.extras)]
        more = ["val length : 'a list -> int"] if module.name == "List" else []
        values = [] if module.only_interface else ["val c : int", "val f : int -> int", *more, *extras]
        return "\n".join([SHAPES[module.shape], *lines, *values]) + "\n"


REFMT = os.environ.get("REFMT") or shutil.which("refmt")


@cache
def in_reason(text: str, interface: str) -> str:
    """The same program in Reason."""
    command = [REFMT, "--parse", "ml", "--print", "re", "--interface", interface]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


SHAPES = ("type t = A of int | B", "type t = { a : int }", "type t = { a : int; b : string }", "type t = int")


def random_project(rng: random.Random) -> Project:
    """A program over three packages in a diamond; `libC` is the bottom."""
    project = Project({})
    for name, uses in (("@scope/libC", []), ("lib-a", ["@scope/libC"]), ("lib_b", ["@scope/libC"]), (APP, None)):
        package = Package(name, ["lib-a", "lib_b"] if uses is None else uses, [])
        project.packages[name] = package
        for number in range(rng.randint(2, 4)):
            module = Module(f"M{number}", rng.randrange(100), interface=rng.random() < 0.4)
            _random_form(rng, module)
            package.modules.append(module)
            _random_uses(rng, project, package, module)
    return project


def _random_form(rng: random.Random, module: Module) -> None:
    module.folder = rng.choice(("", "", "deep/er/"))
    module.capital = rng.random() < 0.5
    module.uses_list = rng.random() < 0.4
    module.reason = rng.random() < 0.3 and REFMT is not None


def _random_uses(rng: random.Random, project: Project, package: Package, module: Module) -> None:
    own = [("", m.name) for m in package.modules[: package.modules.index(module)]]
    foreign = [(p, m.name) for p in package.uses for m in project.packages[p].modules]
    choices = [pair for pair in own + foreign if pair != ("", module.name)]
    picked = rng.sample(choices, min(len(choices), rng.randint(0, 3)))
    module.uses = [Use(rng.choice(HOWS), *pair) for pair in picked]


# Edits: each one changes the project and says what it did, or returns None where it does not apply.


def _any_module(rng: random.Random, project: Project) -> tuple[Package, Module]:
    package = rng.choice(list(project.packages.values()))
    return package, rng.choice(package.modules)


def edit_const(rng, project):
    package, module = _any_module(rng, project)
    module.const += 1
    return f"another constant in {package.name} {module.name}"


def edit_top_comment(rng, project):
    package, module = _any_module(rng, project)
    module.top += 1
    return f"comment at the top of {package.name} {module.name}"


def edit_bottom_comment(rng, project):
    package, module = _any_module(rng, project)
    module.bottom += 1
    return f"comment at the end of {package.name} {module.name}"


def edit_shape(rng, project):
    package, module = _any_module(rng, project)
    module.shape = (module.shape + 1) % len(SHAPES)
    return f"another type in {package.name} {module.name}"


def edit_extras(rng, project):
    package, module = _any_module(rng, project)
    module.extras = max(0, module.extras + rng.choice((-1, 1, 1)))
    return f"{module.extras} more values in {package.name} {module.name}"


def edit_interface(rng, project):
    package, module = _any_module(rng, project)
    module.interface = not module.interface
    return f"{'add' if module.interface else 'remove'} the interface of {package.name} {module.name}"


def edit_only_interface(rng, project):
    package, module = _any_module(rng, project)
    if module.name == "List" or module.broken:
        return None
    module.only_interface = not module.only_interface
    return f"{package.name} {module.name} {'loses its implementation' if module.only_interface else 'is whole again'}"


def edit_language(rng, project):
    package, module = _any_module(rng, project)
    module.reason = not module.reason and REFMT is not None
    return f"{package.name} {module.name} in {'Reason' if module.reason else 'OCaml'}"


def edit_uses(rng, project):
    package, module = _any_module(rng, project)
    _random_uses(rng, project, package, module)
    return f"other dependencies of {package.name} {module.name}"


def edit_how(rng, project):
    package, module = _any_module(rng, project)
    if not module.uses:
        return None
    use = rng.choice(module.uses)
    use.how = rng.choice(HOWS)
    return f"{package.name} {module.name} uses {use.module} by {use.how}"


def edit_rename(rng, project):
    package, module = _any_module(rng, project)
    old, new = module.name, rng.choice([f"R{n}" for n in range(9) if not package.module(f"R{n}")])
    module.name = new
    for other in project.packages.values():
        for use in [u for m in other.modules for u in m.uses]:
            if use.module == old and (use.package or other.name) == package.name:
                use.module = new
    return f"rename {package.name} {old} to {new}"


def edit_delete(rng, project):
    package, module = _any_module(rng, project)
    if len(package.modules) < 2:
        return None
    package.modules.remove(module)
    return f"delete {package.name} {module.name}"


def edit_add(rng, project):
    package, _ = _any_module(rng, project)
    module = Module(next(f"N{n}" for n in range(99) if not package.module(f"N{n}")), rng.randrange(100))
    _random_form(rng, module)
    package.modules.append(module)
    _random_uses(rng, project, package, module)
    return f"add {package.name} {module.name}"


def edit_shadow_list(rng, project):
    package, _ = _any_module(rng, project)
    shadow = package.module("List")
    if shadow:
        package.modules.remove(shadow)
        return f"remove the module List of {package.name}"
    package.modules.insert(0, Module("List", rng.randrange(100), interface=rng.random() < 0.5))
    return f"add a module List to {package.name}"


def edit_shadow_opened(rng, project):
    """A module with the name of one that its user reaches by opening a package: a cycle for who reads names only."""
    app = project.packages[APP]
    for module in app.modules:
        for use in module.uses:
            if use.how == "open" and use.package and not app.module(use.module):
                app.modules.append(Module(use.module, rng.randrange(100), uses=[Use("call", "", module.name)]))
                return f"add a module {use.module}, which {module.name} opens a package for and which uses it"
    return None


def edit_move(rng, project):
    package, module = _any_module(rng, project)
    module.folder = "" if module.folder else "else/where/"
    return f"move {package.name} {module.name} to src/{module.folder}"


def edit_flags(rng, project):
    choices = [["-w", "-8"], ["-principal"], ["-g"], []]
    project.flags = rng.choice([flags for flags in choices if flags != project.flags])
    return f"compile with {project.flags}"


def edit_findlib(rng, project):
    package, module = _any_module(rng, project)
    package.findlib = [] if package.findlib else ["str"]
    module.findlib = bool(package.findlib)
    return f"findlib packages {package.findlib} in {package.name}"


def edit_dependency(rng, project):
    """The program stops using lib_b, or uses it again; uses of it that remain are left out."""
    app = project.packages[APP]
    app.uses = ["lib-a"] if len(app.uses) > 1 else ["lib-a", "lib_b"]
    return f"dependencies {app.uses}"


def edit_version(rng, project):
    package, _ = _any_module(rng, project)
    package.version += 1
    return f"another version number of {package.name}"


def edit_break(rng, project):
    package, module = _any_module(rng, project)
    if module.only_interface:
        return None
    module.broken = "" if module.broken else rng.choice(("let x : int = true", "let let", "let y = Nowhere.z"))
    return f"{'break' if module.broken else 'mend'} {package.name} {module.name}"


def edit_mend(rng, project):
    broken = [m for p in project.packages.values() for m in p.modules if m.broken]
    for module in broken:
        module.broken = ""
    return f"mend {len(broken)} modules" if broken else None


EDITS = [
    function
    for name, function in sorted(globals().items())
    if name.startswith("edit_")
    for _ in range(4 if name in ("edit_mend", "edit_how", "edit_shape") else 2)
]


def random_edit(rng: random.Random, project: Project) -> str:
    """Change the project somehow; what was done."""
    while True:
        done = rng.choice(EDITS)(rng, project)
        if done:
            return done


def write(project: Project, folder: Path) -> None:
    """Bring the sources in `folder` to what the project says, writing and removing only what differs."""
    wanted = project.files()
    for path in [p for p in folder.rglob("*") if p.is_file() and p.suffix in (".ml", ".mli", ".re", ".rei")]:
        name = path.relative_to(folder).as_posix()
        if not name.startswith("_build/") and name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
