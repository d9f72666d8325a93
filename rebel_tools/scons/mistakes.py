"""A user's mistake in a call of a builder is told with the line of the SConstruct; one in a package.json without."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import SCons.Errors
import SCons.Script.Main

from rebel_tools.errors import RebelError


def user_error(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a builder or an emitter has to complain about ends the reading of the SConstruct with the message."""

    def checked(*args: Any, **kw: Any) -> Any:
        try:
            return function(*args, **kw)
        except RebelError as error:
            raise SCons.Errors.UserError(str(error)) from error
        except SCons.Errors.UserError as error:  # of a builder that this one calls
            raise SCons.Errors.UserError(*error.args) from error

    return _in_the_name_of(function, checked)


class ProjectMistake(SCons.Errors.UserError):
    """A mistake in package.json or in what it leads to: the line of the SConstruct has nothing to do with it."""


def project_error(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `user_error`, for what reads a package.json."""

    def checked(*args: Any, **kw: Any) -> Any:
        try:
            return function(*args, **kw)
        except RebelError as error:
            _tell_without_line()
            raise ProjectMistake(str(error)) from error

    return _in_the_name_of(function, checked)


@cache
def _tell_without_line() -> None:
    told: Callable[[SCons.Errors.UserError], None] = SCons.Script.Main._scons_user_error

    def tell(error: SCons.Errors.UserError) -> None:
        if not isinstance(error, ProjectMistake) or SCons.Script.Main.print_stacktrace:
            told(error)
        sys.stderr.write(f"\nscons: *** {error}\n")
        sys.exit(2)

    if told.__module__ == SCons.Script.Main.__name__:  # else `rebel` tells it
        SCons.Script.Main._scons_user_error = tell


def _in_the_name_of(function: Callable[..., Any], checked: Callable[..., Any]) -> Callable[..., Any]:
    checked.__doc__ = function.__doc__
    # SCons shows the place of the innermost call that is not in its own files: that of the builder, in the SConstruct.
    checked.__code__ = checked.__code__.replace(co_filename=SCons.Errors.__file__)
    return checked
