"""Random small OCaml projects, as data that can be written to a folder; random_edits.py changes them.

A project compiles, unless an edit breaks it: modules only use modules that come before them.
The uses follow cases in which build systems failed before: aliases and types that one module takes from another,
packages that are opened, modules with the name of one in the standard library or in another package, interfaces
that are added and removed.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from needs import missing_for_reason
from random_extras import PACKAGE_SCRIPT, SCRIPTED_PRE, Pre, Stub, workspace_files

from rebel_tools.ocaml.reason import find_refmt

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
    form: str = ""  # the source of the implementation, if a rule makes it: "lexer", or "text"
    quiet: bool = False  # has flags of its own

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
    public: bool = False  # has a handwritten public interface, which names the modules that others may use
    grammar: int = 0  # has a grammar, with one line of comments and actions more than this
    member: bool = False  # is a member of a workspace
    code: int = 0  # has C code, with that number in it

    @property
    def function(self) -> str:
        """The C function that the first module calls."""
        return "code_" + "".join(letter for letter in self.name if letter.isalnum())

    @property
    def root(self) -> str:
        if self.member:
            return f"packages/{self.name.rpartition('/')[2]}/"
        return "" if self.name == APP else f"node_modules/{self.name}/"

    @property
    def shown(self) -> list[str]:
        return [m.name for m in self.modules if not m.only_interface]

    def module(self, name: str) -> Module | None:
        return next((m for m in self.modules if m.name == name), None)


@dataclass
class Target:
    """An additional program of a package.json. flags: for its compilations, in addition to those of all targets."""

    name: str
    engine: str
    flags: list[str] = field(default_factory=list)
    link: list[str] = field(default_factory=list)


@dataclass
class Project:
    packages: dict[str, Package]
    flags: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=lambda: ["native"])
    scripted: bool = False  # built by an SConstruct with the tool `ocaml`, not by package.json
    more: list[Target] = field(default_factory=list)  # of a package.json
    profile: str = "dev"
    stub: Stub | None = None
    pre: Pre | None = None
    workspace: bool = False
    extra: bool = False  # the workspace has one more member with a program

    @property
    def native(self) -> bool:
        """Whether nothing is built in bytecode, whose programs cannot contain C code without a runtime of their own."""
        return self.targets == ["native"] and all(target.engine == "native" for target in self.more)

    @property
    def own_script(self) -> bool:
        return self.scripted or (self.stub is not None and self.stub.builder != "")

    @property
    def broken(self) -> bool:
        return any(m.broken for p in self.packages.values() for m in p.modules)

    @property
    def asked(self) -> list[str]:
        """The names of all targets, if a plain `scons` would not build them all."""
        names = ["default"] if "native" in self.targets else []
        names += ["bytes"] if "byte" in self.targets else []
        names += [target.name for target in self.more]
        return names if len(names) > 1 and not self.scripted else []

    def become_workspace(self) -> None:
        """Make the packages members of a workspace, with a root above them."""
        self.workspace = True
        for package in self.packages.values():
            package.member = True

    def links(self) -> dict[str, str]:
        """Path -> target of every symbolic link."""
        return workspace_files(self._members(), "")[1] if self.workspace else {}

    def _members(self) -> list[tuple[str, str]]:
        return [(name, package.root.rstrip("/")) for name, package in self.packages.items() if name != APP]

    def files(self) -> dict[str, str | bytes]:
        """Path -> contents of every source and package.json."""
        found: dict[str, str | bytes] = {}
        for package in self.packages.values():
            found[f"{package.root}package.json"] = self._manifest(package)
            if self._has_grammar(package):
                found[f"{package.root}src/grammar.mly"] = self._grammar(package)
            if package.code and not self.scripted:
                found[f"{package.root}c/code.h"] = f"#define CODE {package.code}\n"
                found[f"{package.root}c/code.c"] = CODE % package.function
            for module in package.modules:
                stem = f"{package.root}{module.path}.{'re' if self._is_reason(module) else 'ml'}"
                if not module.only_interface:
                    text = self._text(module, self._implementation(package, module), "false")
                    found.update(self._implemented(package, module, stem, text))
                if module.interface or module.only_interface:
                    found[stem + "i"] = self._text(module, self._interface(package, module), "true")
            if package.public:
                face = PACKAGES[package.name]
                found[f"{package.root}src/{face}.ml"] = "".join(f"module {m} = {m}\n" for m in package.shown)
        root = self.packages[APP].root
        found[f"{root}src/index.ml"] = self._index()
        if self.stub:
            found.update(self.stub.files())
        if self.pre:
            found.update(self.pre.files(root, "pre/" if self.scripted else "src/"))
        if self.workspace:
            shown = self.packages["lib-a"].shown
            found.update(workspace_files([], (f"LibA.{shown[-1]}.f 3" if shown else "0") if self.extra else "")[0])
        if self.scripted:
            found["SConstruct"] = self._sconstruct(sorted(found))
        elif self.own_script:
            found["SConstruct"] = f"{PACKAGE_SCRIPT}{self.stub.builder}\n"
        return found

    def _is_reason(self, module: Module) -> bool:
        return module.reason and (self.scripted or not module.form)

    def _implemented(self, package: Package, module: Module, stem: str, text: str) -> dict[str, str]:
        if self.scripted or not module.form:
            return {stem: text}
        if module.form == "lexer":
            return {f"{stem}l": f"{{\n{text}}}\nrule lex = parse eof {{ c }}\n"}
        return {f"{package.root}texts/{module.name}.txt": text}

    def _has_grammar(self, package: Package) -> bool:
        return package.grammar > 0 and not self.scripted and MENHIR

    def _grammar(self, package: Package) -> str:
        """The types of the grammar are inferred from the last module that has values."""
        used = next((f"{m.name}.f" for m in reversed(package.modules) if not m.only_interface), "Fun.id")
        actions = "".join(f"/* {n} */\n| B{n} {{ {used} {n} }}\n" for n in range(1, package.grammar))
        tokens = "".join(f" B{n}" for n in range(1, package.grammar))
        start = "%start main\n%type <int> main\n%%\nmain: l = list(one) END { ignore l; 1 }\n"
        return f"%token A END{tokens}\n{start}one:\n| A {{ {used} 0 }}\n{actions}"

    def _sconstruct(self, files: list[str]) -> str:
        lines = [SCONSTRUCT % {"flags": self.flags, "engines": self.targets, "refmt": REFMT or "refmt"}]
        lines += [self.stub.builder] if self.stub else []
        lines += [SCRIPTED_PRE] if self.pre else []
        for name, package in self.packages.items():
            sources = [f.replace("$", "$$") for f in files if f.startswith(f"{package.root}src/")]
            libraries = "".join(f"{PACKAGES[use]}, " for use in package.uses)
            options = f"OCAMLLIBS=[{libraries}], OCAMLPACKAGES={package.findlib}"
            options += ", OCAMLPUBLICMODULE=True" if package.public else ""
            if name == APP:
                options = options.replace("OCAMLLIBS=[", "OCAMLLIBS=[Prelib, ") if self.pre else options
                options += f", OCAMLLINKFLAGS={self.stub.words}" if self.stub else ""
                lines.append(f"env.OCamlProgram('_build/app', {sources}, {options})")
            else:
                module = PACKAGES[name]
                lines.append(f"{module} = env.OCamlLibrary('_build/{module}', {sources}, {options})")
        return "\n".join(lines) + "\n"

    def _text(self, module: Module, text: str, interface: str) -> str:
        if not self._is_reason(module):
            return text
        broken = module.broken if interface == "false" else ""
        return in_reason(text.replace(broken, "") if broken else text, interface) + broken

    def _manifest(self, package: Package) -> str:
        rebel: dict = {"ocamlfindDependencies": package.findlib, "publicModule": package.public}
        made = [module for module in package.modules if module.form == "text" and not module.only_interface]
        texts = [(f"texts/{module.name}.txt", f"{module.path}.ml") for module in made]
        rebel["rules"] = [{"command": ["cat", text], "sources": [text], "stdout": path} for text, path in texts]
        if package.code:
            rebel["stubs"] = {"sources": ["c"], "flags": "-O1"}
        rebel["moduleFlags"] = {module.name: "-w -a" for module in package.modules if module.quiet}
        if self.workspace and package.name != APP:
            rebel["targets"] = []
        if package.name == APP:
            keys = self.pre.keys() if self.pre else {}
            rebel["moduleFlags"].update(keys.pop("moduleFlags", {}))
            rebel.update(keys)
            link = self.stub.words if self.stub else []
            flags = {"compile": self.flags, "link": link} if self.flags or link else {}
            rebel["targets"] = [
                {"target": name, "engine": engine, "entry": "src/index.ml", "unstable_flags": flags}
                for name, engine in (("default", "native"), ("bytes", "byte"))
                if engine in self.targets
            ]
            rebel["targets"] += [
                {
                    "target": each.name,
                    "engine": each.engine,
                    "entry": "src/index.ml",
                    "unstable_flags": {"compile": [*self.flags, *each.flags], "link": [*each.link, *link]},
                }
                for each in self.more
            ]
        dependencies = dict.fromkeys(package.uses, "*")
        data = {"name": package.name, "version": f"{package.version}.0.0", "dependencies": dependencies, "rebel": rebel}
        return json.dumps(data, indent=1) + "\n"

    def _index(self) -> str:
        app = self.packages[APP]
        calls = [f"{m.name}.f 3" for m in app.modules if not m.only_interface]
        calls += ["(ignore Grammar.main; 1)"] if self._has_grammar(app) else []
        for name in app.uses:
            calls += [f"{PACKAGES[name]}.{module}.f 3" for module in self.packages[name].shown[-1:]]
        calls += [f"{'Prelib.' if self.scripted else ''}Pre.value"] if self.pre else []
        calls += ["answer ()"] if self.stub else []
        head = 'external answer : unit -> int = "answer"\n' if self.stub else ""
        return f"{head}let () = print_endline (string_of_int ({' + '.join(calls or ['0'])}))\n"

    def target_of(self, package: Package, module: Module, use: Use) -> Module | None:
        """The module that `module` uses; None if it was removed or, after being added again, would close a cycle."""
        if use.package:
            other = self.packages[use.package]
            visible = use.package in package.uses and not (other.public and use.module not in other.shown)
            return other.module(use.module) if visible else None
        return next((m for m in package.modules[: package.modules.index(module)] if m.name == use.module), None)

    def _lines(self, package: Package, module: Module) -> list[tuple[str, str, str]]:
        """(line of the implementation, line of the interface, term of the sum) for each use."""
        lines = []
        for n, use in enumerate(module.uses):
            target = self.target_of(package, module, use)
            if target is None:
                continue
            prefix = f"{PACKAGES[use.package]}." if use.package else ""
            path = f"{prefix}{use.module}"
            # ocamldep does not look into a handwritten interface, and takes the name for the package's own.
            taken = use.package and self.packages[use.package].public and package.module(use.module)
            lines.append(self._use(n, use, target, "" if taken else prefix, path))
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
        if package.code and not self.scripted and module.name in package.shown[:1]:
            text += [f'external code : unit -> int = "{package.function}"', "let _ = code ()"]
        text += [module.broken] if module.broken else []
        text += [f"(* {module.bottom} *)"] if module.bottom else []
        return "\n".join(text) + "\n"

    def _interface(self, package: Package, module: Module) -> str:
        lines = [line for _, line, _ in self._lines(package, module) if line]
        extras = [f"val e{n} : int" for n in range(module.extras)]
        more = ["val length : 'a list -> int"] if module.name == "List" else []
        values = [] if module.only_interface else ["val c : int", "val f : int -> int", *more, *extras]
        return "\n".join([SHAPES[module.shape], *lines, *values]) + "\n"


CODE = """\
#include <caml/mlvalues.h>
#include "code.h"
value %s(value unit) { return Val_int(CODE); }
"""

SCONSTRUCT = """\
import os
import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "ar", "gnulink", "ocaml"], toolpath=[rebel_tools.TOOLPATH], ENV=os.environ)
env["REFMT"] = "%(refmt)s"
env.Append(OCAMLFLAGS=%(flags)s)
env["OCAMLENGINES"] = %(engines)s"""

MENHIR = shutil.which("menhir") is not None

REFMT = None if missing_for_reason() else find_refmt(str(Path(__file__).parent))
"""None if Reason does not work: then there are no Reason files."""


@cache
def in_reason(text: str, interface: str) -> str:
    """The same program in Reason syntax."""
    command = [REFMT, "--parse", "ml", "--print", "re", "--interface", interface]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


HOSTILE = (
    "an $odd (one)/",
    "$(touch ran) `touch ran`/",
    "${__import__('os').mkdir('ran')}/",
    """quo'te "two"/""",
    "; touch ran; > ran/",
    "-dash/",
    "a#b=c%d/",
    "{x} ~ !y/",
    "\u00fcn\u00ef \u00a9/",
    "two  blanks /",
)
"""Names of folders with a special meaning in a shell, SCons, make, or a terminal; rules may write there."""

SHAPES = ("type t = A of int | B", "type t = { a : int }", "type t = { a : int; b : string }", "type t = int")


def random_project(rng: random.Random) -> Project:
    """A program over three packages in a diamond; `libC` is the bottom."""
    project = Project({})
    for name, uses in (("@scope/libC", []), ("lib-a", ["@scope/libC"]), ("lib_b", ["@scope/libC"]), (APP, None)):
        package = Package(name, ["lib-a", "lib_b"] if uses is None else uses, [])
        project.packages[name] = package
        package.grammar = rng.choice((0, 0, 1))
        package.code = rng.choice((0, 0, 1))
        for number in range(rng.choice((1, 2, 2, 3))):
            module = Module(f"M{number}", rng.randrange(100), interface=rng.random() < 0.4)
            random_form(rng, module)
            package.modules.append(module)
            random_uses(rng, project, package, module)
    return project


def random_form(rng: random.Random, module: Module) -> None:
    module.folder = rng.choice(("", "", "deep/er/", *HOSTILE[:1]))
    module.capital = rng.random() < 0.5
    module.uses_list = rng.random() < 0.4
    module.reason = rng.random() < 0.3 and REFMT is not None
    module.form = rng.choice(("", "", "", "", "", "lexer", "text"))


def random_uses(rng: random.Random, project: Project, package: Package, module: Module) -> None:
    own = [("", m.name) for m in package.modules[: package.modules.index(module)]]
    foreign = [(p, m.name) for p in package.uses for m in project.packages[p].modules]
    choices = [pair for pair in own + foreign if pair != ("", module.name)]
    picked = rng.sample(choices, min(len(choices), rng.randint(0, 3)))
    module.uses = [Use(rng.choice(HOWS), *pair) for pair in picked]
