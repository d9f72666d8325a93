"""How an annotation file (.cmt, .cmti) was made, from OCaml's own `ocamlobjinfo`."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

_COMMAND = "Compilation flags: "


def command_of(path: str, root: str, environ: Mapping[str, str] | None) -> str:
    """The command line, separated by spaces, of the compiler that wrote a file; '' if it cannot be read.

    The contents are marshalled values, compressed from OCaml 5.2 on, so that OCaml itself has to read them.
    """
    try:
        said = subprocess.run(
            ["ocamlobjinfo", path],
            cwd=root,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        ).stdout.decode("utf-8", "surrogateescape")
    except OSError:
        return ""
    return next((line[len(_COMMAND) :] for line in said.split("\n") if line.startswith(_COMMAND)), "")
