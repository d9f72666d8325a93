"""The classes and frozen objects of an extension itself, and its answers to memo functions for them.

The core can get a class of an extension from an instance (`x.__class__`), and a frozen object as an attribute or
argument.  So memo functions of the extension are computed for every class and frozen object in its modules and classes,
and memo functions of the core get an answer for each of them (see `answers`).
"""

import itertools

from rpython.rtyper import rclass
from rpython.rtyper.lltypesystem import lltype

from sepcomp.interfaces import names
from sepcomp.shared import answers, memo
from sepcomp.sources import program as programs
from sepcomp.interfaces.annotations import describe
from sepcomp.command.errors import SepcompError


class Own(object):

    def __init__(self, program, class_names, core_modules, owns_class):
        modules = program.modules()
        own = dict((name, modules[name]) for name in modules if name not in core_modules)
        self.classes = [cls for cls, _ in sorted(class_names.paths.items(), key=lambda item: item[1])
                        if cls.__module__ in own or cls.__module__ in core_modules and not owns_class(cls)]
        paths = programs.prebuilt_paths(own, class_names, modules)
        self.frozen = [value for _, value in sorted(paths.values(), key=lambda item: item[0])
                       if hasattr(value, '_freeze_')]

    def subclasses(self, classes):
        """The classes that derive from one of these."""
        return [cls for cls in self.classes if issubclass(cls, tuple(classes))]

    def alike(self, objects):
        """The frozen objects whose classes are those of these objects."""
        kinds = tuple(set(value.__class__ for value in objects))
        return [value for value in self.frozen if isinstance(value, kinds)]


class Answers(object):
    """The answers of an extension to the memo functions of its core.

    found: [(symbol, entry, arguments, answer)]
    """

    def __init__(self, core):
        self.core = core
        self.functions = dict((name, func) for func, name in core.names.items())
        self.found = []
        self.known = set()

    def find(self):
        """Call all memo functions with the values that are new since the last call; returns whether there were any."""
        before = len(self.found)
        for name, entry in sorted(self.core.data['functions'].items()):
            if 'asked' in entry and name in self.functions:
                for args in self.questions(entry):
                    self.ask(name, entry, args)
        return len(self.found) > before

    def questions(self, entry):
        """The combinations of arguments with at least one value of the extension."""
        columns = [self.column(data, asked) for data, asked in zip(entry['args'], entry['asked'])]
        return [[value for value, _ in row] for row in itertools.product(*columns) if any(own for _, own in row)]

    def column(self, data, asked):
        """[(value, whether it is the extension's own)] of one argument."""
        if data[0] == 'classes':
            known = map(self.core.class_names.find, asked)
            return [(cls, False) for cls in known] + [(cls, True) for cls in self.subclasses(known)]
        if data[0] == 'frozen':
            known = map(self.core.object_at, asked)
            own = [] if data[3] else self.core.own.alike(known)
            return [(value, False) for value in known] + [(value, True) for value in own]
        return [(value == 'True', False) for value in asked]

    def subclasses(self, classes):
        classes = tuple(classes)
        found = [c.classdesc.pyobj for c in self.core.bookkeeper.classdefs if getattr(c, 'sepcomp_entry', None) is None]
        return [cls for cls in found if issubclass(cls, classes)]

    def ask(self, name, entry, args):
        key = (name,) + tuple(map(id, args))
        if key in self.known:
            return
        self.known.add(key)
        self.core.used.ran(self.functions[name], args)
        try:
            answer = self.functions[name](*args)
        except Exception as error:      # code of the user
            raise SepcompError('%s: %s(%s), which the core asks at run time, raises %s: %s' % (
                place(self.core, args), name, ', '.join(map(text, args)), type(error).__name__, error))
        s_answer = self.core.bookkeeper.immutablevalue(answer)
        s_promised = self.core.decode(entry['result'])
        from sepcomp.extension import imported
        if not imported.accepts(s_promised, s_answer):
            raise SepcompError('%s: %s(%s), which the core asks at run time, is %s; in the core it is %s' % (
                place(self.core, args), name, ', '.join(map(text, args)), describe(s_answer), describe(s_promised)))
        for value in filter(answers.is_class, args):
            self.core.bookkeeper.getuniqueclassdef(value)       # now: classes are numbered before `constants`
        self.found.append((name, entry, args, answer))

    # ---------------------------------------------------------------- low level

    def constants(self, rtyper):
        """[(symbol, [argument], answer, FuncType of the function that takes it)] for the C of the extension."""
        from sepcomp.extension import imported
        result = []
        for name, entry, args, answer in self.found:
            reprs = [rtyper.getrepr(self.core.decode(data)) for data in entry['args']]
            r_answer = rtyper.getrepr(self.core.decode(entry['result']))
            rtyper.call_all_setups()
            FUNC = lltype.FuncType([r.lowleveltype for r in reprs], r_answer.lowleveltype)
            imported.check_type(name, FUNC, entry['ll'])
            kept = [low_level(rtyper, r, value) for r, value in zip(reprs, args) if r.lowleveltype is not lltype.Void]
            result.append((str(entry['symbol']), kept, r_answer.convert_const(answer), FUNC))
        return result


def low_level(rtyper, r, value):
    if answers.is_class(value):
        classdef = rtyper.annotator.bookkeeper.getuniqueclassdef(value)
        return rclass.getclassrepr(rtyper, classdef).getruntime(rclass.CLASSTYPE)
    return r.convert_const(value)


def text(value):
    return value.__name__ if hasattr(value, '__name__') else '%s object' % type(value).__name__


def place(core, args):
    """Where the first of the arguments that the core does not have is defined."""
    for value in args:
        if memo.is_of_core(core, value):
            continue
        found = programs.place_of(value if answers.is_class(value) else value.__class__)
        if found:
            return found
    return ''


def definitions(db, rows):
    """(declarations, statements) of C that add the answers to the core's tables."""
    declared, given = set(), []
    for symbol, args, answer, FUNC in rows:
        keys = ', '.join(['const void *'] * len(args))
        result = answers.c_type(db, answers.stored(FUNC.RESULT))
        declared.add('extern void %s(%s, %s) WEAK;' % (names.answer(symbol), keys, result))
        given.append('    %s;' % answers.answer_text(db, symbol, args, answer))
    return '\n'.join(sorted(declared)), '\n'.join(given)
