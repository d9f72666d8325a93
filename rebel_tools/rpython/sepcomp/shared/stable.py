"""Stable classes: their fields are read and written through functions of the core, so their layout may change.

rpython has Controllers for a similar purpose (rtyper.controllerentry).  The core exports a getter and a setter for
each field; in an extension the field is a property with these functions, and the structure is opaque.  The type is part
of the symbol's name: after a change of a field's type the old symbol is missing.

An extension translated with `--stable` compares the stable digest, which does not cover the fields of stable classes.
"""

import hashlib

from rpython.annotator import model
from rpython.flowspace.model import Constant

from sepcomp.interfaces import annotations

GETTER = 'def %s__getter__(self):\n    return self.%s\n'
SETTER = 'def %s__setter__(self, value):\n    self.%s = value\n'
SUFFIXES = ('__getter__', '__setter__')


def make_function(text, name, cls):
    namespace = {}
    exec text % (name, name) in namespace
    [func] = [value for key, value in namespace.items() if key.startswith(name)]
    func.__module__ = cls.__module__
    return func


def add_accessors(exports):
    """Make and annotate the accessors of all stable classes; returns {function: 'module.Class.name__getter__'}."""
    made = {}
    for classname in sorted(exports.stable):
        cls = exports.stable[classname]
        classdef = exports.bookkeeper.getuniqueclassdef(cls)
        for name, attr in sorted(classdef.attrs.items()):
            if attr.readonly or not is_describable(attr.s_value):
                continue
            for text, args_s in [(GETTER, []), (SETTER, [attr.s_value])]:
                func = make_function(text, name, cls)
                made[func] = '%s.%s' % (classname, func.__name__)
                s_func = model.SomePBC([exports.bookkeeper.getdesc(func)])
                exports.bookkeeper.emulate_pbc_call(('sepcomp', made[func]), s_func,
                                                    [model.SomeInstance(classdef)] + args_s)
    exports.annotator.complete()
    return made


def is_describable(s):
    try:
        annotations.encode(s)
        return True
    except annotations.Unsupported:
        return False


def symbol_of(symbol, entry):
    """The symbol of an accessor, with its type in its name."""
    return '%s_%s' % (symbol, hashlib.sha256(repr((entry['ll_args'], entry['ll_result']))).hexdigest()[:8])


def is_accessor(name):
    return name.endswith(SUFFIXES)


def without_accessors(plain):
    """The plain data of an interface without what the fields of stable classes add."""
    extra = plain['extra']
    accessors = [name for name in extra['functions'] if is_accessor(name)]
    symbols = set(extra['functions'][name]['symbol'] for name in accessors)
    return dict(
        plain,
        functions=dict(item for item in plain['functions'].items() if item[0] not in symbols),
        extra=dict(extra, functions=dict(item for item in extra['functions'].items() if item[0] not in accessors)))


def restore_accessors(core, classdef, attribute):
    """In an extension: make properties from the accessors of a stable class.  attribute: imported.ImportedAttribute."""
    prefix = classdef.name + '.'
    found = {}
    for name in core.data['functions']:
        if name.startswith(prefix) and is_accessor(name):
            field, kind = name[len(prefix):-len(SUFFIXES[0])], name[-len(SUFFIXES[0]):]
            found.setdefault(field, {})[kind] = name
    for field, names in found.items():
        functions = {}
        for kind, text in zip(SUFFIXES, (GETTER, SETTER)):
            func = functions[kind] = make_function(text, field, classdef.classdesc.pyobj)
            core.names[func] = names[kind]
            add_method(core, classdef, func, attribute)
        value = property(functions['__getter__'], functions['__setter__'])
        classdef.classdesc.classdict[field] = Constant(value)


def add_method(core, classdef, func, attribute):
    desc = core.bookkeeper.getdesc(func)
    method = core.bookkeeper.getmethoddesc(desc, classdef, None, func.__name__)
    classdef.attrs[func.__name__] = attribute(func.__name__, model.SomePBC([method]), True, is_slot=True)
