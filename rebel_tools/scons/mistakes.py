"""A user's mistake in a call of a builder is told with the line of the SConstruct."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import SCons.Errors

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

    checked.__doc__ = function.__doc__
    # SCons shows the place of the innermost call that is not in its own files: that of the builder, in the SConstruct.
    checked.__code__ = checked.__code__.replace(co_filename=SCons.Errors.__file__)
    return checked
