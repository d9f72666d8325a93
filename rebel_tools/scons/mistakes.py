"""Reports user errors: in calls of builders with the line of the SConstruct, in a package.json without."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import SCons.Errors

from rebel_tools.errors import RebelError
from rebel_tools.scons.compat import in_the_name_of_scons, shows_stacktrace, tell_mistakes, tells_mistakes_itself


def user_error(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: a RebelError of a builder or emitter ends the reading of the SConstruct with its message."""

    def checked(*args: Any, **kw: Any) -> Any:
        try:
            return function(*args, **kw)
        except RebelError as error:
            raise SCons.Errors.UserError(str(error)) from error
        except SCons.Errors.UserError as error:  # from a builder that this one calls
            raise SCons.Errors.UserError(*error.args) from error

    return _in_the_name_of(function, checked)


class ProjectMistake(SCons.Errors.UserError):
    """An error in package.json or in files that it refers to; the line of the SConstruct is irrelevant."""


def project_error(function: Callable[..., Any]) -> Callable[..., Any]:
    """Like `user_error`, for functions that read a package.json."""

    def checked(*args: Any, **kw: Any) -> Any:
        try:
            return function(*args, **kw)
        except RebelError as error:
            _tell_without_line()
            raise ProjectMistake(str(error)) from error

    return _in_the_name_of(function, checked)


@cache
def _tell_without_line() -> None:
    def tell(error: SCons.Errors.UserError) -> None:
        if not isinstance(error, ProjectMistake) or shows_stacktrace():
            told(error)
        sys.stderr.write(f"\nscons: *** {error}\n")
        sys.exit(2)

    if tells_mistakes_itself():  # otherwise `rebel` reports it
        told = tell_mistakes(tell)


def _in_the_name_of(function: Callable[..., Any], checked: Callable[..., Any]) -> Callable[..., Any]:
    checked.__doc__ = function.__doc__
    return in_the_name_of_scons(checked)
