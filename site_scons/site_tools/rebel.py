"""SCons tool `rebel`; see rebel_tools.scons.rebel."""

import find_rebel_tools  # noqa: F401  (for the next import)

from rebel_tools.scons.rebel import exists, generate

__all__ = ["exists", "generate"]
