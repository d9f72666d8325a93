"""SCons tool `export_table`; see rebel_tools.scons.export_table."""

from rebel_tools.scons.export_table import exists, generate

__all__ = ["exists", "generate"]
