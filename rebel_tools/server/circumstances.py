"""The properties of a process that a server must share with a client to build for it.

The server adopts what a request can carry (variables, the working folder, the umask, streams). Everything else must be
the same; in doubt a client builds by itself.
"""

from __future__ import annotations

import os
import resource
import sys

from rebel_tools import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:  # a client loads next to nothing
    from collections.abc import Mapping, Sequence

# Variables that Python reads when it starts, and the locale, which determines encodings.
_AT_START = ("PYTHON", "LC_", "LANG", "LD_")
_NAMESPACES = ("mnt", "net", "pid", "user", "cgroup", "ipc", "uts", "time")


def circumstances(environ: Mapping[str, str], path: Sequence[str]) -> str:
    """A text that is the same for all processes that one server can build for. path: where Python looks for modules."""
    parts = [__version__, sys.executable, sys.version, repr(sys.flags), *path, os.path.dirname(__file__)]
    parts += [f"{name}={value}" for name, value in sorted(environ.items()) if name.startswith(_AT_START)]
    parts += [
        str(os.getuid()),
        str(os.getgid()),
        str(sorted(os.getgroups())),
        repr(_root()),
        *map(_namespace, _NAMESPACES),
    ]
    parts += [str(os.getpriority(os.PRIO_PROCESS, 0)), str(_processors()), *_limits()]
    return repr(parts)


def _root() -> tuple[int, int]:
    status = os.stat("/")
    return status.st_dev, status.st_ino


def _namespace(kind: str) -> str:
    try:
        return os.readlink(f"/proc/self/ns/{kind}")
    except OSError:
        return ""


def _processors() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def _limits() -> list[str]:
    kinds = sorted(name for name in dir(resource) if name.startswith("RLIMIT_"))
    return [f"{kind}={resource.getrlimit(getattr(resource, kind))}" for kind in kinds]
