"""SCons tool `rpython`; see rebel_tools.scons.rpython."""

from rebel_tools.scons.rpython import exists, generate

__all__ = ["exists", "generate"]
