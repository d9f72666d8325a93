"""What a user can get wrong.  `str(error)` is what the user sees, once; the log has the rest."""


class SepcompError(Exception):
    """A mistake in the user's sources or options: one or more lines of text, with file and line where known."""


class SetupError(SepcompError):
    """Nothing in a source is wrong: an option, a file that was given, or a tool."""


class InterfaceError(SepcompError):
    """The interface does not fit: another core, another rpython, changed sources."""
