"""sepcomp: separate compilation of RPython, a layer over the unmodified `rpython` package (CPython or PyPy 2.7).

A *core* is translated into a shared library and an interface; an *extension* is translated later, on its own, from
that interface and the core's Python source, and is loaded into the same process with the core's GC.

    api             the decorators that users import; needs no rpython
    command/        the command line, messages for the user, and the log
    sources/        reads a user's sources: what they define, import and use; makes translations reproducible; refuses
                    features of rpython that sepcomp does not support
    adapters/       the differences between versions of rpython, and what every version must have
    passes/         the passes of a translation; sepcomp's own graphs; generated C; compilation; complete output files
    interfaces/     the interface file: annotations and low-level types as plain data, names, symbols
    core/           the exports of a core and its translation; constants of one character; functions as values
    extension/      the core from an extension's side, and the hooks into rpython for it; the translation of an
                    extension; what its modules do when they are imported
    shared/         what libraries share in one process: classes and methods, objects, generic code, memo functions,
                    entry points and exceptions, finalizers, threads
    jit/            a core with a JIT: what a trace may assume of open calls, and of fields that an extension writes

All hooks into rpython are `install()` functions of these modules.  An interface names the rpython package that it
was made with by a hash of its sources, and an extension is translated with no other.
"""

from sepcomp.api import entrypoint, export, export_class, export_package, export_stable, initializer

__all__ = ['entrypoint', 'export', 'export_class', 'export_package', 'export_stable', 'initializer']
