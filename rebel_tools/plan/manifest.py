"""The status of every file that a finished build depended on: one look at them tells that there is nothing to do.

A manifest holds while nothing that could change the answer did: sources, folders (a new file changes its folder's time
stamp), package.json files, outputs, compilers and installed packages by their status, and everything else (flags,
environment, versions) by `identity`. Whatever is in doubt makes it not hold, and then the plan decides.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping

from rebel_tools import __version__
from rebel_tools.plan.files import RACY_NS, Stamp, stamp

FORMAT = f"rebel-tools {__version__} manifest 1"


class Manifest:
    """The manifest in the file `path`; relative paths in it are below `root`."""

    def __init__(self, path: str, root: str):
        self.path = path
        self.root = root

    def holds(self, identity: str) -> bool:
        try:
            with open(self.path, encoding="utf-8", errors="surrogateescape") as f:
                data = json.load(f)
            if data["format"] != FORMAT or data["identity"] != identity:
                return False
            return all(stamp(os.path.join(self.root, path)) == known for path, known in data["files"].items())
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return False  # missing, or damaged

    def write(self, identity: str, files: Mapping[str, Stamp]) -> None:
        data = {"format": FORMAT, "identity": identity, "files": files}
        temporary = f"{self.path}.{os.getpid()}"
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write(json.dumps(data, separators=(",", ":"), ensure_ascii=False))  # dump() encodes in Python
        os.replace(temporary, self.path)

    def remove(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


def stamps_before(paths: Iterable[str], moment_ns: int) -> Mapping[str, Stamp] | None:
    """Stamps of files that were read after `moment_ns`; None when one of them may have changed since."""
    found = {path: stamp(path) for path in paths}
    late = any(each and each[0] > moment_ns - RACY_NS for each in found.values())
    return None if late else found
