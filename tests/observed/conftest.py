"""The tree that tests of `rebel scons` edit."""

from __future__ import annotations

import pytest
from asking import SCONSTRUCT


@pytest.fixture
def tree(project):
    """A tree with one program; nothing is built."""
    project.write("SConstruct", SCONSTRUCT)
    project.write("include/a.h", "#define A 0\n")
    project.write("src/main.c", '#include "a.h"\nint main(void) { return A; }\n')
    return project
