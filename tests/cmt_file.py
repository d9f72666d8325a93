"""What the compiler wrote into a .cmt file, which is compressed from OCaml 5.1 on."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

_SCRIPT = "let () = print_string (Cmt_format.read_cmt Sys.argv.(1)).Cmt_format.cmt_builddir\n"


def folder_in_cmt(path: Path) -> str:
    """The folder in which the compiler ran, as BUILD_PATH_PREFIX_MAP shows it."""
    with tempfile.NamedTemporaryFile("w", suffix=".ml") as script:
        script.write(_SCRIPT)
        script.flush()
        command = ["ocaml", "-I", "+compiler-libs", "ocamlcommon.cma", script.name, path]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
