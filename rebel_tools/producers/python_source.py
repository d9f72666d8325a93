"""Reads a Python file of `@export` declarations.

The file is code of the user, like an SConscript, and is executed. Any exception becomes an InterfaceSourceError with
the file and the line.
"""

from __future__ import annotations

import os
import traceback

from rebel_tools.abi.types import Declarations
from rebel_tools.errors import Place, RebelError
from rebel_tools.interface.declare import collecting
from rebel_tools.interface.errors import InterfaceSourceError
from rebel_tools.interface.model import ExceptionType, Target
from rebel_tools.producers.layout import Layout


def read_python(path: str | os.PathLike[str], target: Target) -> tuple[Declarations, dict[str, ExceptionType]]:
    """Run the file and lay out what it declared for `target`."""
    name = os.fspath(path)
    with collecting() as collected:
        _run(name)
    declarations = Layout(collected, target).declarations()
    if not collected.exports:
        hint = "from rebel_tools.interface.declare import export"
        raise InterfaceSourceError("the file exports nothing", place=Place(name), expected="@export(...)", hint=hint)
    return declarations, collected.exceptions


def _run(path: str) -> None:
    try:
        with open(path, "rb") as stream:
            code = compile(stream.read(), path, "exec", dont_inherit=True)
        exec(code, {"__name__": "__interface__", "__file__": path, "__builtins__": __builtins__})
    except RebelError:
        raise
    except SyntaxError as error:
        place = Place(error.filename or path, error.lineno, error.offset)
        raise InterfaceSourceError(f"{error.msg}", place=place, expected="Python") from error
    except OSError as error:
        raise InterfaceSourceError(f"{error.strerror or error}", place=_line_of(error, path)) from error
    except (Exception, SystemExit) as error:  # the user's code can raise anything, and all of it is a mistake in it
        message = f"{type(error).__name__}: {error}"
        raise InterfaceSourceError(message, place=_line_of(error, path), expected="a file that runs") from error


def _line_of(error: BaseException, path: str) -> Place:
    """The last line of the user's file in the traceback."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return Place(path, lines[-1] if lines else None)
