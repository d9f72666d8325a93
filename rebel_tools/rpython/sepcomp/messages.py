"""What to tell the user about an exception of the toolchain: rpython's own words, with file and line, once."""

from sepcomp.errors import SepcompError


def of(error):
    if isinstance(error, SepcompError):
        return 'error: %s' % error
    text = str(error).strip() or type(error).__name__
    return 'error: %s' % text
