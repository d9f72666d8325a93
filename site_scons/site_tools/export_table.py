"""SCons tool `export_table`; see rebel_tools.scons.export_table."""

import find_rebel_tools  # noqa: F401  (for the next import)

from rebel_tools.scons.export_table import exists, generate

__all__ = ["exists", "generate"]
