"""SCons tool `rpython`; see rebel_tools.scons.rpython."""

import find_rebel_tools  # noqa: F401  (for the next import)

from rebel_tools.scons.rpython import exists, generate

__all__ = ["exists", "generate"]
