"""Which parameters of an open method callers may leave out, or pass by name.

A caller that knows only the class of the core fills in the default itself, and turns names into positions.  So a
default holds if all implementations have it, and a name if it is that of such a parameter, or if the core passes it;
an override in an extension must keep both.
"""

from rpython.annotator import description
from rpython.annotator.model import AnnotatorError
from rpython.flowspace.argument import Signature

from sepcomp.command.errors import SepcompError
from sepcomp.sources import program


def of_slot(family, descs, count):
    """(number of defaults that hold, names that hold) of the first `count` parameters of all these FunctionDescs."""
    defaults = 0
    while defaults < count and is_one_default(descs, count - defaults - 1):
        defaults += 1
    by_name = set(name for _, names, _ in family.calltables for name in names)
    rows = [desc.signature.argnames for desc in descs]
    names = [row[0] if len(set(row)) == 1 else None for row in zip(*[row[:count] for row in rows])]
    return defaults, [name for i, name in enumerate(names) if name and (i >= count - defaults or name in by_name)]


def is_one_default(descs, i):
    """Whether the parameter has one name and one default in all of them."""
    first = descs[0]
    return all(has_default(desc, i) and desc.signature.argnames[i] == first.signature.argnames[i]
               and is_same(default_of(desc, i), default_of(first, i)) for desc in descs)


def has_default(desc, i):
    return len(desc.signature.argnames) - len(desc.defaults or ()) <= i < len(desc.signature.argnames)


def default_of(desc, i):
    return desc.defaults[i - len(desc.signature.argnames)]


def is_same(a, b):
    return a is b or type(a) is type(b) and program.is_plain(a) and a == b


def contract(bookkeeper, name, slot, defaults, specialize):
    """A slot as an extension sees it: a FunctionDesc without a body. slot: its entry in the interface."""
    held = tuple(defaults or ())[-slot['defaults']:] if slot['defaults'] else None
    desc = description.FunctionDesc(bookkeeper, None, name, Signature(list(slot['argnames'])), held, specialize)
    desc.sepcomp_slot = slot
    desc.parse_arguments = by_names_that_hold(desc)
    return desc


def by_names_that_hold(desc):
    parse = desc.parse_arguments

    def parse_arguments(args, graph=None):
        for name in sorted(args.keywords or {}):
            if name not in desc.sepcomp_slot['named']:
                raise AnnotatorError('what is called as %s may have another name for the argument %s; pass it by '
                                     'position' % (desc.name, name))
        return parse(args, graph)
    return parse_arguments


def check(method, contract):
    """Raises SepcompError where an override would not get what a caller means.

    method: MethodDesc of the override; contract: FunctionDesc of the slot.
    """
    desc = method.funcdesc
    slot, own = contract.sepcomp_slot, desc.signature.argnames
    for i, name in enumerate(slot['argnames']):
        if name not in slot['named']:
            continue
        where = '%s: %s.%s overrides %s, whose callers may ' % (
            program.place_of(desc.pyobj), method.originclassdef.name, method.name, contract.name)
        if i >= len(own) or own[i] != name:
            raise SepcompError(where + 'leave out %s or pass it by name: it needs a parameter of this name in the same '
                               'place' % name)
        if has_default(contract, i) and has_default(desc, i) and not is_same(
                default_of(contract, i), default_of(desc, i)):
            raise SepcompError(where + 'leave out %s, which is %r then: it cannot have the default %r' % (
                name, default_of(contract, i), default_of(desc, i)))
