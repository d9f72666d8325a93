"""SCons tool `ocaml`; see rebel_tools.scons.ocaml."""

from rebel_tools.scons.ocaml import exists, generate

__all__ = ["exists", "generate"]
