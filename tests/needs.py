"""What machines may lack for Reason; a test that is skipped for it says what."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache

import pytest
from user_project import ROOT

from rebel_tools.errors import MissingTool
from rebel_tools.ocaml.reason import find_refmt

PPXLIB = (0, 22), (0, 35)
"""The first release that knows the syntax trees of refmt 3.6, which are those of OCaml 4.06, and the first one after
that no longer does."""


@cache
def missing_for_reason() -> str:
    """Why Reason does not work on this machine; '' when it does."""
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
    first, last = PPXLIB
    version = tuple(int(number) for number in re.findall(r"\d+", said.stdout)[:2])
    if not first <= version < last:
        return f"ppxlib {said.stdout} cannot read the syntax trees of refmt: 0.22 to 0.34 can"
    return ""


def needs_reason() -> pytest.MarkDecorator:
    """A mark for tests that convert Reason."""
    return pytest.mark.skipif(bool(missing_for_reason()), reason=missing_for_reason())
