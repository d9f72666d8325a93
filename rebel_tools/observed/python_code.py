"""Whether two Python sources are the same program, apart from comments and blank lines."""

from __future__ import annotations

import sys
from types import CodeType
from typing import Any

# Names in programs that use their own line numbers.
_LINES = (b"lineno", b"_getframe", b"currentframe", b"inspect", b"traceback", b"warnings", b"logging", b"__code__")


def same_program(path: str, before: bytes, lines_count: bool) -> bool:
    """Whether a file is the same program as `before`. lines_count: whether line numbers have to be the same, as for a
    program that uses them.
    """
    try:
        with open(path, "rb") as f:
            now = f.read()
    except OSError:
        return False
    if now == before:
        return True
    with_lines = lines_count or any(word in text for word in _LINES for text in (before, now))
    old, new = _program(before, with_lines), _program(now, with_lines)
    return old is not None and old == new


def _program(text: bytes, with_lines: bool) -> tuple[Any, ...] | None:
    """The code that would run; None for a text that does not compile."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = compile(text, "", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    return _parts(code, with_lines)


def _parts(code: CodeType, with_lines: bool) -> tuple[Any, ...]:
    """The parts of a code object apart from positions, with the types of its constants."""
    constants = tuple(
        _parts(each, with_lines) if isinstance(each, CodeType) else (type(each), repr(each)) for each in code.co_consts
    )
    shape = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags, code.co_name
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    caught = getattr(code, "co_exceptiontable", b"")  # from Python 3.11 on
    places = tuple(_lines(code)) if with_lines else ()
    return (code.co_code, constants, *shape, *names, caught, places)


def _lines(code: CodeType) -> list[Any]:
    """The line number of each instruction."""
    if sys.version_info >= (3, 10):
        return list(code.co_lines())
    return [code.co_firstlineno, code.co_lnotab]
