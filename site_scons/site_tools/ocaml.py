"""SCons tool `ocaml`; see rebel_tools.scons.ocaml."""

import find_rebel_tools  # noqa: F401  (for the next import)

from rebel_tools.scons.ocaml import exists, generate

__all__ = ["exists", "generate"]
