"""The resident server of a project: it has SCons loaded, so a build that it runs need not load it."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # a client loads next to nothing
    from collections.abc import Mapping

SOCKET = "_build/.rebel-tools.server"
VARIABLE = "REBEL_SERVER"

_NO = ("", "0", "false")


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether builds may use a server: as REBEL_SERVER says; by default everywhere except in continuous integration,
    which builds once and waits for the processes that it has started.
    """
    if sys.platform != "linux":  # it needs the credentials of sockets, and namespaces, as on Linux
        return False
    asked = environ.get(VARIABLE)
    return asked != "0" if asked else environ.get("CI", "").lower() in _NO
