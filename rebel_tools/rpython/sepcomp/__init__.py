"""sepcomp: separate compilation of RPython, a layer over the unmodified `rpython` package (CPython or PyPy 2.7).

A *core* is translated into a shared library and an interface; an *extension* is translated later, on its own, from
that interface and the core's Python source, and is loaded into the same process with the core's GC.

    api             the decorators that users import; needs no rpython
    cli, log, messages, errors      the command line; what the user sees, and what goes to the log
    program         loads a user's sources, names what they define, takes their fingerprints
    settle, hashes, determinism     the same sources give the same bytes
    adapters                        what differs between versions of rpython, and what all must have
    toolchain, runner, build        passes of a translation; generated C; gcc, and files that appear complete
    annotations, lltexts            annotations and low-level types as plain data
    interface, names, support       the file between the two sides; symbols

    depfile, refusals               what a translation read; what rpython offers and sepcomp does not
    classnames, graphs              names of classes that lead to them; graphs of sepcomp's own

    exports, widening, describe     what a core promises
    chars, functions                constants of one character; functions as values
    core, coregc, coreglue          the translation of a core

    bound, hooks, importreprs       a core as an extension sees it, and where rpython asks for it
    extension, extgc, extglue       the translation of an extension

    importing       what an extension's modules do when they are imported
    templates, containers   generic code that extensions compile; lists and dicts that they share
    openness        methods that an extension may override
    answers, classvalues, ownvalues     memo functions that extensions answer; x.__class__; what an extension answers for
    classids        isinstance and exceptions across libraries
    stable          classes whose layout may change
    finalizers, memo, entries, escaped, gcnames

All hooks into rpython are `install()` functions of these modules.  An interface names the rpython package that it
was made with by a hash of its sources, and an extension is translated with no other.
"""

from sepcomp.api import entrypoint, export, export_class, export_package, export_stable, initializer

__all__ = ['entrypoint', 'export', 'export_class', 'export_package', 'export_stable', 'initializer']
