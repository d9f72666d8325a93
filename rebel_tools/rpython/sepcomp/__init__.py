"""sepcomp: separate compilation of RPython, a layer over the unmodified `rpython` package (CPython or PyPy 2.7).

A *core* is translated into a shared library and an interface; an *extension* is translated later, on its own, from
that interface and the core's Python source, and is loaded into the same process with the core's GC.

    api             the decorators that users import; needs no rpython
    errors          what a user can get wrong
    program         loads a user's sources, names what they define, hashes them
    toolchain       configuration and the passes of a translation, common to both sides
    adapter         what differs between versions of rpython
    annotations     annotations <-> plain data
    lltexts         low-level types -> canonical text, layouts
    openness        open call families: methods that an extension may override
    widening        what an interface may promise: no constants, no signs
    core, extension the two translations;  corelib, bound: what the library holds / what the extension takes from it
    stable          classes whose layout may change
    coregc, extgc   the GC transformers of the two sides
    database        C names and visibility;  glue: generated C;  build: gcc, atomically
    interface       the file between the two
"""

from sepcomp.api import entrypoint, export, export_class, export_stable, initializer

__all__ = ['entrypoint', 'export', 'export_class', 'export_stable', 'initializer']
