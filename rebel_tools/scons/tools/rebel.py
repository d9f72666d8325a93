"""SCons tool `rebel`; see rebel_tools.scons.rebel."""

from rebel_tools.scons.rebel import exists, generate

__all__ = ["exists", "generate"]
