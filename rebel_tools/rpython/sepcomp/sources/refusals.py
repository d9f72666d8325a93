"""Refuses features of rpython that sepcomp does not support: they would be ignored or crash at run time."""

import os
import subprocess

from sepcomp.sources import program as programs
from sepcomp.command.errors import SepcompError, SetupError

DECORATORS = ('entrypoint_highlevel', 'entrypoint_lowlevel', 'jit_entrypoint')

_marked = []        # [(name of the decorator, function)]


def watch_decorators():
    """Note the functions that rpython's own decorators make entry points; call this before the program is loaded."""
    from rpython.rlib import entrypoint
    for name in DECORATORS:
        if hasattr(entrypoint, name):
            setattr(entrypoint, name, watched(name, getattr(entrypoint, name)))


def watched(name, original):
    def decorator(*args, **kwds):
        decorate = original(*args, **kwds)

        def mark(func):
            _marked.append((name, func))
            return decorate(func)
        return mark
    return decorator


def check_decorators(program):
    modules = program.modules()
    for name, func in _marked:
        if func.__module__ in modules or func.__module__ == program.module.__name__:
            raise SepcompError("%s: @%s is of no effect in a library of sepcomp; write sepcomp's @entrypoint(types...) "
                               'above %s()' % (programs.place_of(func), name, func.__name__))


def check_initializers(functions):
    """Those of a core would never be called."""
    for func in functions:
        raise SepcompError('%s: @initializer is for extensions, whose init_module() calls %s(); a core runs no code '
                           'when it is loaded: do this at the top level of the module, or in an entry point' % (
                               programs.place_of(func), func.__name__))


def check_compiler():
    """Raises SetupError for a C compiler for another system: rpython measures the system that it runs on."""
    compiler = os.environ.get('CC', 'gcc')
    try:
        machine = subprocess.check_output(compiler.split() + ['-dumpmachine']).strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError('the C compiler %s does not run: %s' % (compiler, error))
    if any(word in machine for word in ('mingw', 'windows', 'cygwin')):
        raise SetupError('$CC is %s, which makes programs for %s: rpython measures sizes, constants and headers of the '
                         'system that it runs on, so a core.dll cannot be made here (docs/rpython.md says what it '
                         'would take)' % (compiler, machine))


def install(is_extension):
    """Install hooks that refuse such features while a program is translated."""
    from rpython.rlib import rgc
    from rpython.translator.translator import TranslationContext
    TranslationContext.ll_hash_string = property(None, refuse_siphash)
    if is_extension:
        rgc.RegisterGcTraceEntry.specialize_call = refuse_trace_hook


def refuse_siphash(translator, function):
    """Strings store their hash, so all libraries must compute the same one; siphash has a seed for each library."""
    from rpython.annotator.model import AnnotatorError
    raise AnnotatorError('enable_siphash24() cannot be used: its seed would differ between core and extensions')


def refuse_trace_hook(self, hop):
    from rpython.rtyper.error import TyperError
    raise TyperError('rgc.register_custom_trace_hook() cannot be used in an extension: the GC of the core knows the '
                     'types that have such a hook when it is translated; let a module of the core register %s' % (
                         hop.args_s[0].const,))
