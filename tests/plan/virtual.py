"""Builds without processes and files: a disk in memory, and a small language that behaves like OCaml.

A source has one statement a line, and a line names the modules that it contains:

    type t = Other.t     part of the interface; its readers also read the modules that it names
    inline Other.f       part of the native code that other units see
    let x = Other.y      the rest
    (* anything *)       nothing
    broken               does not parse

The compiler follows the rules that docs/exactness.md assumes, and records what it consulted. So a test can derive from
two clean builds which steps an edit affects, and compare them with those that an incremental build has run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rebel_tools.memory.records import State
from rebel_tools.ocaml.imports import Imports
from rebel_tools.ocaml.names import Naming, module_name
from rebel_tools.ocaml.ocamldep import Batch
from rebel_tools.plan.layers import Layers
from rebel_tools.plan.model import NATIVE, Converter, Scope, Settings
from rebel_tools.plan.plan import Plan
from rebel_tools.plan.status import Status
from rebel_tools.plan.step import (
    Compile,
    CompileImplementation,
    CompileInterface,
    Link,
    LinkCommand,
    ModuleStep,
    Step,
    WriteAlias,
)
from rebel_tools.plan.steps import archive_step

_PATH = re.compile(r"[A-Z]\w*(?:\.[A-Z]\w*)*")
_ALIAS = re.compile(r"^module (\w+) = (\w+)$", re.MULTILINE)


class VirtualDisk:
    """Files in memory. The clock advances by more than a second at each write, so stamps always show changes."""

    root = "/virtual"

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files: dict[str, tuple[str, int, int]] = {}
        self._time = 1_000_000_000_007
        for path, text in files.items():
            self.write(path, text)

    def write(self, path: str, text: str) -> None:
        self._time += 3_000_000_001
        self._files[path] = text, self._time, len(self._files) + 1

    def read(self, path: str) -> str:
        if path not in self._files:
            raise FileNotFoundError(path)
        return self._files[path][0]

    def texts(self) -> dict[str, str]:
        return {path: text for path, (text, _, _) in self._files.items()}

    def now(self) -> int:
        return self._time + 3_000_000_001

    def status(self, path: str) -> os.stat_result | None:
        if path not in self._files:
            return None
        text, moment, inode = self._files[path]
        times = {"st_mtime_ns": moment, "st_ctime_ns": moment}
        return os.stat_result((0o100644, inode, 1, 1, 0, 0, len(text), 0, 0, 0), times)

    def content_digest(self, path: str) -> str:
        return _hash(self.read(path))

    def starts_with(self, path: str, data: bytes) -> bool:
        return self.read(path).startswith(data.decode())

    def names(self, folder: str) -> list[str]:
        return [os.path.basename(path) for path in self._files if os.path.dirname(path) == folder]

    def remove(self, path: str) -> None:
        if self._files.pop(path, None) is None:
            raise FileNotFoundError(path)

    def remove_folder(self, path: str) -> None:
        raise FileNotFoundError(path)  # only files exist here


class VirtualAsk:
    """ocamldep and the import tables for the small language."""

    def __init__(self, disk: VirtualDisk) -> None:
        self.disk = disk
        self.asked: list[str] = []

    def free_modules(self, work: Iterable[Batch], jobs: int) -> list[dict[str, tuple[str, ...]]]:
        return [
            {path: names for path in batch.files if (names := self._names(batch, path)) is not None} for batch in work
        ]

    def _names(self, batch: Batch, path: str) -> tuple[str, ...] | None:
        self.asked.append(path)
        lines = statements(self.disk.read(path))
        if any("broken" in line for line in lines):
            return None
        maps = {name: dict(_ALIAS.findall(text)) for name, text in batch.question.maps.items()}
        return tuple(dict.fromkeys([*batch.question.opened, *resolve(lines, batch.question.opened, maps)]))

    def outline(self, path: str) -> tuple[str, str] | None:
        text = "\n".join(statements(self.disk.read(path)))
        return self.disk.content_digest(path), text

    def imports(self, path: str) -> Imports:
        data = json.loads(self.disk.read(path))
        tables = (tuple(map(tuple, data[name])) for name in ("interfaces", "implementations"))
        return Imports(data["name"], "", "", data["crc"], *tables)

    def command(self, path: str, environ: Mapping[str, str] | None) -> str:
        return ""


def statements(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith("(*")]


def resolve(lines: Iterable[str], opened: Iterable[str], maps: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The units to which some lines refer, through alias modules that are open or named."""
    found = []
    for path in (match for line in lines for match in _PATH.findall(line)):
        first, *inner = path.split(".")
        unit = next((maps[each][first] for each in opened if first in maps.get(each, ())), first)
        found.append(unit)
        for name in inner:
            unit = maps.get(unit, {}).get(name, "")
            if not unit:
                break
            found.append(unit)
    return found


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Package:
    """A package of a project: its sources by name, and the packages that it uses."""

    files: Mapping[str, str]
    uses: tuple[str, ...] = ()
    public: str = ""
    private: frozenset[str] = frozenset()
    wrapped: bool = True


@dataclass
class World:
    """A project on a disk, and the records of its builds. The last package is the program, with the entry last."""

    packages: dict[str, Package]
    engines: tuple[str, ...] = (NATIVE,)
    flags: str = ""
    disk: VirtualDisk = field(default_factory=lambda: VirtualDisk({}))
    state: State = field(default_factory=lambda: State("/virtual/no-such-file"))
    last_first: bool = False

    def __post_init__(self) -> None:
        for package, parts in self.packages.items():
            for name, text in parts.files.items():
                self.disk.write(f"{package}/{name}", text)

    def copy(self) -> World:
        """A copy of the sources, without any build."""
        world = World({}, self.engines, self.flags)
        world.packages = self.packages
        sources = {path: text for path, text in self.disk.texts().items() if not path.startswith("out/")}
        world.disk = VirtualDisk(sources)
        return world

    def build(self) -> Build:
        """Build what is stale, layer by layer as SCons does."""
        build = Build(self)
        build.run()
        return build


class Build:
    """One build of a world. ran: the steps that ran, by first output; consulted: what each of them depended on."""

    def __init__(self, world: World) -> None:
        self.world, self.disk = world, world.disk
        self.plan = Plan(self.disk, VirtualAsk(self.disk), world.state)
        self.status = Status(self.plan)
        self.ran: list[str] = []
        self.consulted: dict[str, object] = {}
        self.layers: list[list[str]] = []
        self.goals: list[Step] = []
        self.scopes: dict[str, Scope] = {}
        for name, package in world.packages.items():
            self.scopes[name] = self._scope(name, package)
        self._goal()

    def _scope(self, name: str, package: Package) -> Scope:
        title = package.public or name.capitalize()
        namespace = f"{title}__" if package.public or package.private else title
        face = title if package.private and not package.public else ""
        naming = Naming(namespace, package.public, face, package.private, package.wrapped)
        settings = Settings(f"identity {self.world.flags}", ("ocamldep",), "ocamldep", _no_reason)
        used = dict.fromkeys(scope for use in package.uses for scope in (*self.scopes[use].uses, self.scopes[use]))
        scope = Scope(f"out/{name}", naming, self.world.engines, settings, tuple(used))
        for source in sorted(self._sources(name)):
            path = f"{name}/{source}"
            scope.add(module_name(source), *((None, path) if source.endswith("i") else (path, None)))
        self.plan.add_scope(scope)
        return scope

    def _sources(self, package: str) -> list[str]:
        return [path.split("/", 1)[1] for path in self.disk.texts() if path.startswith(f"{package}/")]

    def _goal(self) -> None:
        *packages, program = self.scopes.values()
        engine = program.engines[0]
        made = (archive_step(scope, engine, scope.path(scope.namespace), LinkCommand()) for scope in packages)
        archives = tuple(map(self.plan.add, made))
        entry = list(self.world.packages[list(self.scopes)[-1]].files)[-1]
        module = program.modules[module_name(entry)]
        step = Link(program, engine, ("out/app",), (), LinkCommand(), archives, entry=module)
        self.goals.append(self.plan.add(step))

    def run(self) -> None:
        self.plan.names.prepare(self.plan.scopes)
        for scope in self.plan.scopes:
            self.plan.ordered(scope)
        self.status.forget_vanished(self.plan.scopes, everything=True)
        layers = Layers(self.plan, self.status, self.goals)
        while layer := layers.next():
            self.layers.append([step.key for step in layer])
            for step in self._in_order(layer, layers):
                self._judge(step)
        self._judge(self.goals[0])

    def _in_order(self, layer: list[Step], layers: Layers) -> list[Step]:
        """A possible order of a parallel build: each time the last of the steps that can run, or the first."""
        if not self.world.last_first:
            return layer
        left, done = list(layer), []
        while left:
            ready = [step for step in left if not any(other in left for other in self._before(step, layers))]
            done.append(ready[-1])
            left.remove(ready[-1])
        return done

    def _before(self, step: Step, layers: Layers) -> list[Step]:
        if not isinstance(step, ModuleStep):
            return self.plan.linked(step)
        steps, scopes = layers.waits(step)
        reached = {each for scope in scopes for each in (scope, *layers.used(scope))}
        others = (other for other in layers._before if isinstance(other, ModuleStep))
        return [*steps, *(other for other in others if other.scope in reached)]

    def _judge(self, step: Step) -> None:
        if self.status.reason(step) is None:
            return
        self.ran.append(step.key)
        if self._compile(step):
            self.status.built(step)

    # The compilers

    def _compile(self, step: Step) -> bool:
        if isinstance(step, Compile):
            return self._compile_module(step)
        if isinstance(step, WriteAlias):
            self._write(step, {step.key: self.status.alias_text(step)})
        else:
            content = _hash(*(self.disk.read(path) for path in self.plan.inputs(step)))
            self._write(step, dict.fromkeys(step.outputs, content))
        return True

    def _write(self, step: Step, outputs: Mapping[str, str]) -> None:
        for path in step.outputs:
            self.disk.write(path, outputs[path])

    def _compile_module(self, step: Compile) -> bool:
        lines = statements(self.disk.read(step.source))
        if any("broken" in line for line in lines):
            for path in step.outputs:
                if self.disk.status(path):
                    self.disk.remove(path)
            return False
        unit = Unit(self, step, lines)
        self.consulted[step.key] = unit.key
        self._write(step, unit.outputs())
        return True


class Unit:
    """One compilation: what it consulted, and what it writes."""

    def __init__(self, build: Build, step: Compile, lines: list[str]) -> None:
        self.build, self.step, self.lines = build, step, lines
        self.own = step.module.object
        self.maps = self._maps()
        self.opened = [build.plan.opened(step)] if build.plan.opened(step) else []
        parts = {kind: [line for line in lines if line.startswith(kind)] for kind in ("type", "inline", "let")}
        self.said, self.inlined = parts["type"], parts["inline"]
        named = [] if step.module.generated else resolve(lines, self.opened, self.maps)
        self.named = [unit for unit in dict.fromkeys([*self.opened, *named]) if unit != self.own]
        self.interfaces = self._read_interfaces(self.named)
        is_interface = isinstance(step, CompileInterface)
        self.implementations = {} if is_interface or step.engine != NATIVE else self._read_code(self.named)
        if isinstance(step, CompileImplementation) and not step.makes_interface:
            self.interfaces[self.own] = self._interface_of(self.own)["crc"]

    @property
    def key(self) -> object:
        """Everything that a compiler with this source has consulted."""
        return self.lines, self.build.world.flags, self.opened, self.interfaces, self.implementations

    def _maps(self) -> dict[str, dict[str, str]]:
        scopes = (self.step.scope, *self.step.scope.uses)
        found = {}
        for scope in scopes:
            for module in (*scope.generated, *scope.other_aliases.values()):
                path = module.implementation or module.interface
                if self.build.disk.status(path):
                    found[module.object] = dict(_ALIAS.findall(self.build.disk.read(path)))
        return found

    def _find(self, unit: str, suffix: str) -> dict | None:
        for scope in (self.step.scope, *self.step.scope.uses):
            path = scope.path(unit + suffix)
            if self.build.disk.status(path):
                return json.loads(self.build.disk.read(path))
        return None

    def _interface_of(self, unit: str) -> dict:
        found = self._find(unit, ".cmi")
        assert found or self.step.scope.provider(unit) is None, f"{self.step} runs before the interface of {unit}"
        return found or {"crc": None, "reads": []}

    def _read_interfaces(self, named: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        todo = list(named)
        while todo:
            unit = todo.pop(0)
            if unit not in found and self.step.scope.provider(unit):
                interface = self._interface_of(unit)
                found[unit] = interface["crc"]
                todo += interface["reads"]
        return found

    def _read_code(self, named: Iterable[str]) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        todo = list(named)
        while todo:
            unit = todo.pop(0)
            if unit not in found and self._is_handwritten(unit):
                code = self._find(unit, ".cmx")
                found[unit] = code["crc"] if code else None
                todo += code["reads"] if code else []
        return found

    def _is_handwritten(self, unit: str) -> bool:
        """An alias module has no code that others consult: the compiler looks through it to another module."""
        found = self.step.scope.provider(unit)
        return found is not None and not found[1].generated

    def outputs(self) -> dict[str, str]:
        step, base = self.step, os.path.splitext(self.step.key)[0]
        said = self.lines if step.module.generated or isinstance(step, CompileInterface) else self.said
        reads = [] if step.module.generated else [u for u in resolve(said, self.opened, self.maps) if u != self.own]
        crc = _hash(self.own, said, self.interfaces)
        table = [[self.own, crc], *map(list, self.interfaces.items())]
        interface = {"name": self.own, "crc": crc, "interfaces": table, "implementations": [], "reads": reads}
        own = crc if step.makes_interface else self.interfaces[self.own]
        interfaces = [[self.own, own], *([unit, c] for unit, c in self.interfaces.items() if unit != self.own)]
        seen = [unit for unit in resolve(self.inlined, self.opened, self.maps) if unit != self.own]
        code = {
            "name": self.own,
            "crc": _hash(own, self.inlined, self._read_code(seen)) if step.engine == NATIVE else None,
            "interfaces": interfaces,
            "implementations": [[unit, c] for unit, c in self.implementations.items()],
            "reads": seen,
        }
        everything = _hash(self.lines, self.interfaces, self.implementations, self.build.world.flags)
        return {
            f"{base}.cmi": json.dumps(interface),
            f"{base}.cmx": json.dumps(code),
            f"{base}.cmo": json.dumps({**code, "code": everything}),
            f"{base}.o": everything,
            f"{base}.cmt": _hash(self.lines, self.interfaces),
            f"{base}.cmti": _hash(self.lines, self.interfaces),
        }


def _no_reason() -> Converter:
    raise AssertionError("there is no Reason here")


def concerned(before: Build, after: Build) -> set[str]:
    """The compilations that differ between two clean builds in anything that their compiler consulted."""
    return {key for key, consulted in after.consulted.items() if before.consulted.get(key) != consulted}
