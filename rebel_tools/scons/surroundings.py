"""Checks two things that SCons relies on when it starts: the standard streams are open, and its database is a file."""

from __future__ import annotations

import os
import stat
from functools import cache

from rebel_tools.errors import Place, RebelError
from rebel_tools.process import open_streams
from rebel_tools.project.reading import kind_of
from rebel_tools.scons.mistakes import project_error

# How SCons calls it, for each kind of hash (SCons.SConsign).
_DATABASES = (".sconsign.dblite", ".sconsign_md5.dblite", ".sconsign_sha1.dblite", ".sconsign_sha256.dblite")


@cache
@project_error
def check() -> None:
    """Make closed streams usable, and the database a file of the project.

    Errors: UserError for a FIFO as database, which SCons would wait for, or a folder.
    """
    open_streams()
    for name in _DATABASES:
        try:
            status = os.stat(name)
        except OSError:  # usually there is none of this name
            if os.path.islink(name):
                os.unlink(name)  # SCons would create the file to which it leads
            continue
        if not stat.S_ISREG(status.st_mode):
            message, what = "SCons cannot keep its database here", f"this is {kind_of(status)}"
            raise RebelError(f"{message}: {what}", place=Place(name), expected="a file", hint="remove or rename it")
