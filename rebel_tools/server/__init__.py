"""The resident server of a project: it has loaded scons, and a build that asks it need not."""

from __future__ import annotations

import sys
from collections.abc import Mapping

SOCKET = "_build/.rebel-tools.server"
VARIABLE = "REBEL_SERVER"

_NO = ("", "0", "false")


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether builds may be left to a server: where REBEL_SERVER does not say so, everywhere but in continuous
    integration, which builds once and waits for the processes that it has started.
    """
    if sys.platform != "linux":  # it looks at who is at the other end of a socket, and at namespaces, as Linux has them
        return False
    asked = environ.get(VARIABLE)
    return asked != "0" if asked else environ.get("CI", "").lower() in _NO
