"""SCons tool `remote`; see rebel_tools.scons.remote."""

from rebel_tools.scons.remote import exists, generate

__all__ = ["exists", "generate"]
