"""SCons tool `remote`; see rebel_tools.scons.remote."""

import find_rebel_tools  # noqa: F401  (for the next import)

from rebel_tools.scons.remote import exists, generate

__all__ = ["exists", "generate"]
