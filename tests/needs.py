"""What Reason needs and a machine may lack; skipped tests name it."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache

import pytest
from user_project import ROOT

from rebel_tools.errors import MissingTool
from rebel_tools.ocaml.reason import find_refmt

PPXLIB = (0, 22)
"""The first release with one syntax tree for all compilers."""


@cache
def missing_for_reason() -> str:
    """Why Reason does not work on this machine; '' if it does."""
    for program in ("ocamlfind", "ocamlopt"):
        if not shutil.which(program):
            return f"{program} is not installed"
    try:
        find_refmt(str(ROOT))
    except MissingTool as error:
        return error.message
    query = ["ocamlfind", "query", "-format", "%v", "ppxlib"]
    said = subprocess.run(query, capture_output=True, text=True)
    if said.returncode:
        return "the OCaml library ppxlib is not installed"
    version = tuple(int(number) for number in re.findall(r"\d+", said.stdout)[:2])
    if version < PPXLIB:
        return f"ppxlib {said.stdout} is too old for Reason: 0.22 or later is needed"
    return ""


def needs_reason() -> pytest.MarkDecorator:
    """A mark for tests that convert Reason."""
    return pytest.mark.skipif(bool(missing_for_reason()), reason=missing_for_reason())
