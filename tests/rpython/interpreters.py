#!/usr/bin/env python3
"""Public interpreters as cores, with unmodified sources, and an extension of each.

    python tests/rpython/interpreters.py rpysom --source FOLDER    SOM-st/RPySOM, with its submodule core-lib
    python tests/rpython/interpreters.py tiger  --source FOLDER    abrown/tiger-rpython
    python tests/rpython/interpreters.py pylox  --source FOLDER    hardbyte/pylox, a bytecode stack machine

Prints the costs of the translations, checks the extension's results, and runs the interpreter's own tests in the core
before and after the extension is loaded. `--monolith` also translates both as one program, for the ratio. One core
takes one to two minutes of processor time, so this is not part of the test suite.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT)]

from rebel_tools.rpython import setup  # noqa: E402
from rebel_tools.rpython.run import Sepcomp  # noqa: E402

RPYSOM_CORE = """from sepcomp import entrypoint, export_package
from som.vm.universe import Exit, main

export_package('som.vmobjects')
export_package('som.vm.universe')


@entrypoint(str)
def run(arguments):
    try:
        main(['som'] + arguments.split(' '))
    except Exit as e:
        return e.code
    return 1
"""
RPYSOM_EXTENSION = """from sepcomp import entrypoint
from som.vm.universe import get_current
from som.vmobjects.abstract_object import AbstractObject
from som.vmobjects.integer import Integer
from som.vmobjects.primitive import BinaryPrimitive, UnaryPrimitive


class Rational(AbstractObject):
    _immutable_fields_ = ['n', 'd']

    def __init__(self, n, d):
        AbstractObject.__init__(self)
        self.n = n
        self.d = d

    def get_class(self, universe):
        return universe.integerClass


def fact(receiver):
    assert isinstance(receiver, Integer)
    n = 1
    for i in range(1, receiver.get_embedded_integer() + 1):
        n *= i
    return Rational(n, 1)


def plus(receiver, arg):
    assert isinstance(receiver, Rational) and isinstance(arg, Rational)
    return Rational(receiver.n * arg.d + arg.n * receiver.d, receiver.d * arg.d)


@entrypoint(int)
def f(n):
    universe = get_current()
    factorial = UnaryPrimitive('fact', universe, fact)
    first, second = factorial.invoke(Integer(n), []), factorial.invoke(Integer(n + 1), [])
    result = BinaryPrimitive('+', universe, plus).invoke(first, [second])
    assert isinstance(result, Rational)
    return result.n
"""
TIGER_CORE = """from sepcomp import entrypoint, export, export_package
from src.ast import FunctionParameter, NativeFunctionDeclaration, TypeId
from src.environment import Environment
from src.native_functions import create_empty_environment, create_native_functions, read_file
from src.parser import Parser

export_package('src.ast')
NATIVES = []


@export(NativeFunctionDeclaration)
def add_native(function):
    NATIVES.append(function)


@export()
def integer():
    return TypeId('int')


@export(str)
def parameter(name):
    return FunctionParameter(name, integer())


@entrypoint(str)
def run(path):
    program = Parser(read_file(path), path).parse(create_native_functions() + NATIVES)
    result = program.evaluate(create_empty_environment())
    if result:
        print result.to_string()
    return 0
"""
TIGER_EXTENSION = """import os

import tigercore
from sepcomp import entrypoint, initializer
from src.ast import IntegerValue, NativeFunctionDeclaration


class Gcd(NativeFunctionDeclaration):
    def call(self, arguments):
        a, b = arguments[0], arguments[1]
        assert isinstance(a, IntegerValue) and isinstance(b, IntegerValue)
        return IntegerValue(gcd(a.integer, b.integer))


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


@initializer
def install():
    parameters = [tigercore.parameter('a'), tigercore.parameter('b')]
    tigercore.add_native(Gcd('gcd', parameters, tigercore.integer()))


@entrypoint(int)
def f(n):
    return gcd(n * 6, n * 4)
"""
PYLOX_CORE = """import os

from lox.vm import VM
from sepcomp import entrypoint, export_package

for module in ('chunk', 'object', 'value', 'vm'):
    export_package('lox.' + module)


@entrypoint(str)
def run(path):
    fd = os.open(path, os.O_RDONLY, 0)
    source = os.read(fd, 1000000)
    os.close(fd)
    return VM(debug=False).interpret(source)
"""
PYLOX_EXTENSION = """from lox.chunk import Chunk
from lox.object import ObjString
from lox.opcodes import OpCode
from lox.value import PrimitiveObjValue
from lox.vm import VM
from sepcomp import entrypoint


class Rope(ObjString):
    def __init__(self, left, right):
        ObjString.__init__(self, left.buffer + right.buffer)
        self.depth = depth_of(left) + 1

    def repr(self):
        return '%s (a rope of %d)' % (self.buffer, self.depth)

    def concat(self, other):
        rope = LONGEST.rope = Rope(self, other)
        return rope


class Longest(object):
    def __init__(self):
        self.rope = None


LONGEST = Longest()


def depth_of(string):
    return string.depth if isinstance(string, Rope) else 1


def load(chunk, value):
    chunk.write_chunk(OpCode.OP_CONSTANT, 1)
    chunk.write_chunk(chunk.add_constant(PrimitiveObjValue(value)), 1)


@entrypoint(int)
def f(n):
    vm, chunk = VM(debug=False), Chunk()
    load(chunk, Rope(ObjString('a'), ObjString('b')))
    for i in range(n):
        load(chunk, ObjString(str(i)))
        chunk.write_chunk(OpCode.OP_ADD, 1)
    chunk.write_chunk(OpCode.OP_RETURN, 1)
    return vm.interpret_chunk(chunk) * 100 + depth_of(LONGEST.rope)
"""
LOAD = """
import ctypes, sys
core = ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
core.run.argtypes, core.sepcomp_last_error.restype = [ctypes.c_char_p], ctypes.c_char_p
if sys.argv[2]:
    extension = ctypes.CDLL(sys.argv[2])
    assert extension.init_module() == 0
    extension.f.restype = ctypes.c_long
    print("f", extension.f(ctypes.c_long(int(sys.argv[4]))), flush=True)
status = core.run(sys.argv[3].encode())
sys.exit(core.sepcomp_last_error() or status)
"""


@dataclass(frozen=True)
class Interpreter:
    """folder: where its modules are, below the source; f: (argument, result) of the extension's entry point."""

    core: str
    extension: str
    folder: str
    f: tuple[int, int]

    def tests(self, source: Path) -> list[tuple[str, str]]:
        """[(argument of run(), text that must be in the output)]"""
        raise NotImplementedError


class RPySOM(Interpreter):
    def tests(self, source: Path) -> list[tuple[str, str]]:
        return [(f"-cp {source}/Smalltalk {source}/TestSuite/TestHarness.som", "Number of successful tests:      102")]


class Tiger(Interpreter):
    def tests(self, source: Path) -> list[tuple[str, str]]:
        programs = sorted((source / "src" / "test" / "print-tests").glob("*.tig"))
        return [(str(path), path.with_suffix(".out.bak").read_text().strip()) for path in programs]


class Pylox(Interpreter):
    """It has examples but no tests: the expected output is in its README and follows from their source."""

    def tests(self, source: Path) -> list[tuple[str, str]]:
        results = {"simple_add.lox": "232.000000", "lots_of_basic_calculations.lox": "3.191743"}
        return [(str(source / "examples" / name), result) for name, result in results.items()]


INTERPRETERS = {
    "rpysom": RPySOM(RPYSOM_CORE, RPYSOM_EXTENSION, "src", (5, 120 + 720)),
    "pylox": Pylox(PYLOX_CORE, PYLOX_EXTENSION, ".", (5, 7)),
    "tiger": Tiger(TIGER_CORE, TIGER_EXTENSION, ".", (7, 14)),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=sorted(INTERPRETERS))
    parser.add_argument("--source", required=True, type=Path, help="a checkout of the interpreter")
    parser.add_argument("--monolith", action="store_true", help="translate core and extension as one program, too")
    parser.add_argument("--output", type=Path, help="keep what is made in this folder, and use it again")
    args = parser.parse_args()
    sepcomp = Sepcomp(*setup.ensure(str(ROOT / ".tools")))
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.output or Path(temporary)).resolve()
        folder.mkdir(exist_ok=True)
        return check(sepcomp, args.name, args.source.resolve(), folder, args.monolith)


def check(sepcomp: Sepcomp, name: str, source: Path, folder: Path, monolith: bool) -> int:
    interpreter = INTERPRETERS[name]
    core, extension = f"{name}core", f"{name}ext"
    (folder / f"{core}.py").write_text(interpreter.core)
    (folder / f"{extension}.py").write_text(interpreter.extension)
    whole_text = interpreter.extension.replace("@initializer", "@entrypoint()")  # a core has no initializers
    (folder / "whole.py").write_text(f"import {core}\n{whole_text}")
    path = ("--path", str(source / interpreter.folder), "--output-dir", "out")
    library, module = folder / "out" / f"lib{core}.so", folder / "out" / f"{extension}.so"
    if not library.exists():
        print(f"core: {spent(sepcomp, folder, 'core', f'{core}.py', *path):.1f} s, {library.stat().st_size} bytes")
    where = ("--core", f"out/{core}.interface", "--core-library", str(library))
    seconds = spent(sepcomp, folder, "extension", f"{extension}.py", *where, *path)
    print(f"extension: {seconds:.1f} s, {module.stat().st_size} bytes", flush=True)
    if monolith:
        whole = spent(sepcomp, folder, "core", "whole.py", *path)
        print(f"one program: {whole:.1f} s, extension / program: {seconds / whole:.3f}")
    failed = 0
    for loaded in ("", str(module)):
        found = [passes(library, loaded, test, interpreter.f) for test in interpreter.tests(source)]
        print(f"{sum(found)} of {len(found)} of its tests pass, extension {'' if loaded else 'not '}loaded")
        failed += found.count(False)
    return 1 if failed else 0


def passes(library: Path, module: str, test: tuple[str, str], f: tuple[int, int]) -> bool:
    command = [sys.executable, "-c", LOAD, str(library), module, test[0], str(f[0])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    right = done.returncode == 0 and test[1] in done.stdout and (not module or f"f {f[1]}\n" in done.stdout)
    if not right:
        print(f"{test[0]}: exit {done.returncode}\n{done.stdout[-500:]}{done.stderr[-500:]}", file=sys.stderr)
    return right


def spent(sepcomp: Sepcomp, folder: Path, *arguments: str) -> float:
    """Processor seconds of one translation, including the C compiler's."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    os.environ.setdefault("SOM_INTERP", "AST")
    done = sepcomp.run(*arguments, cwd=folder)
    if done.returncode:
        raise SystemExit(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
