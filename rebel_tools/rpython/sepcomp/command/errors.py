"""Errors that a user can cause.  `str(error)` is shown to the user once; the log has the traceback."""


class SepcompError(Exception):
    """A mistake in the user's sources or options: one or more lines of text, with file and line where known."""


class SetupError(SepcompError):
    """A mistake outside of the sources: in an option, in a given file, or a tool that is missing."""


class InterfaceError(SepcompError):
    """The interface does not match: it is of another core or another rpython, or sources have changed."""
