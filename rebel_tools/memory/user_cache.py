"""The user's cache folder, for files that can be made again (XDG Base Directory Specification)."""

from __future__ import annotations

import os
from collections.abc import Mapping


def user_cache(environ: Mapping[str, str] = os.environ) -> str:
    """$XDG_CACHE_HOME/rebel-tools, or ~/.cache/rebel-tools."""
    base = environ.get("XDG_CACHE_HOME") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".cache")
    return os.path.join(base, "rebel-tools")
