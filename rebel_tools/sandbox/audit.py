"""The files that a Python function opens, from the interpreter's audit events (PEP 578)."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from rebel_tools.sandbox.model import Access

_thread = threading.local()
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@contextmanager
def watched() -> Iterator[list[Access]]:
    """The files that this thread opens in the `with` block, without those of its processes and of other threads."""
    _install()
    outer = getattr(_thread, "accesses", None)
    accesses: list[Access] = []
    _thread.accesses = accesses
    try:
        yield accesses
    finally:
        _thread.accesses = outer


@cache
def _install() -> None:
    sys.addaudithook(_hook)  # permanent: an audit hook cannot be removed


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event != "open":
        return
    accesses = getattr(_thread, "accesses", None)
    if accesses is None or not isinstance(arguments[0], (str, bytes, os.PathLike)) or _is_import():
        return
    flags = arguments[2] if isinstance(arguments[2], int) else 0
    accesses.append(Access(os.path.abspath(os.fsdecode(arguments[0])), bool(flags & _WRITES)))


def _is_import() -> bool:
    """Whether Python itself opens a module; SCons tracks the code of an action."""
    return sys._getframe(2).f_code.co_filename.startswith("<frozen importlib")
