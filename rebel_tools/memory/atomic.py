"""Files that are written whole or not at all."""

from __future__ import annotations

import os


def write_atomically(path: str, data: bytes) -> None:
    """Write a file anew: whoever reads it finds the old contents or all of the new ones."""
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "wb") as f:
        f.write(data)
    try:
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
