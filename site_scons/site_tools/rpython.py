"""SCons tool `rpython`; see rebel_tools.scons.rpython."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import _rebel_tools_path  # noqa: E402, F401

sys.path.pop(0)

from rebel_tools.scons.rpython import exists, generate  # noqa: E402

__all__ = ["exists", "generate"]
