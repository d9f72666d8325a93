"""Layouts that are computed from Python declarations, compared with those of the compilers."""

from __future__ import annotations

import shutil

import pytest

from rebel_tools.gate.compare import Comparison
from rebel_tools.interface.errors import InterfaceSourceError
from rebel_tools.interface.render_header import to_header
from rebel_tools.producers.compiler import Compiler
from rebel_tools.producers.source import read_source

DECLARED = """\
from rebel_tools.interface.declare import *

kinds = dict(a=char, b=int64, c=boolean, d=double, e=int16, f=pointer(void), g=char, h=long_, i=float_, j=uint8,
             k=size_t, l=array(int16, 3), m=uint32)
struct("all", **kinds)
struct("small", x=char, y=int16)
struct("nested", a=char, b="struct small", c=array("struct small", 2), d="union either", e="enum mode")
union("either", a=int64, b=array(char, 9))
enum("mode", FAST=-1, EXACT=2)
struct("handle")
struct("node", next=pointer("struct node"), call=function(cint, pointer(char), result=double))

@export(pointer("struct all"), pointer("struct nested"), pointer("struct handle"), "struct node", result=int64)
def core_use(a, n, h, node):
    pass

@export(cint, varargs=True)
def core_log(level):
    pass
"""


@pytest.mark.parametrize("command", ["gcc", "gcc -m32", "x86_64-w64-mingw32-gcc", "i686-w64-mingw32-gcc"])
def test_the_compiler_agrees(tmp_path, command):
    words = command.split()
    if not shutil.which(words[0]):
        pytest.skip(f"needs {words[0]}")
    (tmp_path / "exports.py").write_text(DECLARED)
    compiler = Compiler(tuple(words), cwd=str(tmp_path))
    declared = read_source([str(tmp_path / "exports.py")], compiler)
    includes = (
        "#include <stddef.h>\n#include <stdint.h>"  # gcc -m32 works even if the headers of a second libc are missing
    )
    (tmp_path / "exports.h").write_text(to_header(declared).replace(includes, PRELUDE))
    compiled = read_source(["exports.h"], compiler)
    comparison = Comparison(declared.declarations, compiled.declarations)
    for key in compiled.declarations.types:
        assert comparison.definition((key, key)).differences == ()
    for name, function in declared.declarations.functions.items():
        assert comparison.function(function, compiled.declarations.functions[name]).differences == ()
    assert {"struct all", "struct nested", "union either"} <= set(compiled.declarations.types)


PRELUDE = """\
typedef __SIZE_TYPE__ size_t;
#define offsetof(type, field) __builtin_offsetof(type, field)
typedef __INT8_TYPE__ int8_t; typedef __INT16_TYPE__ int16_t; typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t; typedef __UINT8_TYPE__ uint8_t; typedef __UINT32_TYPE__ uint32_t;
"""


@pytest.mark.parametrize(
    "text, words",
    [
        ('struct("a", x="struct a")', "contains itself"),
        ('struct("a", x="struct b")', "struct b is not declared"),
        ('struct("a", x=void)', "has no size"),
        ('struct("h"); struct("a", x="struct h")', "has no size"),
        ('struct("a", x=int)', "struct a.x is <class 'int'>"),
        ('struct("a", x=cint); struct("a", y=cint)', "declared twice"),
        ("array(cint, -1)", "-1 elements"),
        ('enum("e", A="x")', "an integer"),
        ("export(convention='pascal')", "pascal"),
        ("raise SystemExit(3)", "SystemExit"),
        ("pass", "exports nothing"),
    ],
)
def test_declarations_that_cannot_be_right(tmp_path, text, words):
    path = tmp_path / "exports.py"
    path.write_text("from rebel_tools.interface.declare import *\n" + text + "\n" + USE * (text != "pass"))
    with pytest.raises(InterfaceSourceError) as caught:
        read_source([str(path)], Compiler(("gcc",)))
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


USE = "\n@export()\ndef f():\n    pass\n"
