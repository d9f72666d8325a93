"""Functions as values in exported signatures: `W_Primitive("fact", fact)`, where the core keeps and calls `fact`.

rpython assumes that it knows all functions that may be called at one place.  A family of functions that occurs in an
exported signature or attribute is open instead (see `openness`): a generated function stands for those of extensions,
so that even a family of one function is not a constant.

In an extension such a value has one annotation, a contract: what the core passes to the function, and what the function
may return.  A function of the extension that is united with it joins the family: it is annotated with what the core
passes, and its result is checked.
"""

from rpython.annotator import description, model
from rpython.tool.pairtype import pairtype

from sepcomp.interfaces import annotations
from sepcomp.shared import parameters

opened = set()      # FunctionDescs of the core whose families are open


# ---------------------------------------------------------------- the core

def widen(s):
    """The annotation for these functions and for others that are not known yet."""
    desc = s.any_description()
    opened.update(s.descriptions)
    family = desc.getcallfamily()
    if not hasattr(family, 'sepcomp_stand_in'):
        family.sepcomp_stand_in = desc.bookkeeper.getdesc(make_stand_in(desc))
    opened.add(family.sepcomp_stand_in)
    return model.SomePBC(s.descriptions | set([family.sepcomp_stand_in]), can_be_None=s.can_be_None)


def make_stand_in(desc):
    """A function with the signature of `desc` that is never called."""
    return raising(desc.name + '_stand_in', desc.signature, desc.defaults, 'NotImplementedError', desc.pyobj)


def raising(name, signature, defaults, exception, like):
    """A function with this signature that raises."""
    namespace = {}
    exec 'def function(%s):\n    raise %s\n' % (', '.join(signature.argnames), exception) in namespace
    function = namespace['function']
    function.__name__ = name
    function.func_defaults = tuple(defaults) or None
    function.__module__ = getattr(like, '__module__', __name__)
    return function


def called_alike(desc):
    """The graphs of the one way in which the family of `desc` is called.  Raises annotations.Unsupported."""
    family = desc.querycallfamily()
    shapes = family.calltables.keys() if family is not None else []
    if not shapes:
        raise annotations.Unsupported('a function that the core never calls')
    if len(shapes) > 1 or shapes[0][1:] != ((), False):
        raise annotations.Unsupported('a function that the core calls in more than one way')
    graphs = [graph for row in family.calltables[shapes[0]] for graph in row.values()]
    if len(set(len(graph.getargs()) for graph in graphs)) > 1:
        raise annotations.Unsupported('functions that take different numbers of arguments')
    return graphs


def encode(s, pending):
    """As plain data, what such a function gets and returns.  After normalisation all graphs of the family agree."""
    desc = s.any_description()
    family = desc.querycallfamily()
    if desc not in opened or family in pending:
        raise annotations.Unsupported('a function')
    graphs = called_alike(desc)
    columns = zip(*[[v.annotation for v in graph.getargs()] for graph in graphs])
    result = model.unionof(*[graph.getreturnvar().annotation for graph in graphs])
    pending += (family,)
    return ['function', [annotations.encode(model.unionof(*column), pending) for column in columns],
            annotations.encode(result, pending), list(graphs[0].signature.argnames), s.can_be_None]


# ---------------------------------------------------------------- an extension

class Contracts(object):
    """The function types of an interface that an extension uses, and the functions that it passes as such values."""

    def __init__(self, core):
        self.core = core
        self.known = {}     # {text of the type: FunctionDesc}
        self.given = {}     # {FunctionDesc of a contract: set of FunctionDescs}

    def decode(self, args, result, argnames, can_be_None):
        key = repr((args, result))
        if key not in self.known:
            slot = {'args': args, 'argnames': argnames, 'defaults': 0, 'named': []}
            desc = parameters.contract(self.core.bookkeeper, 'a function', slot, None, self.core.specialize_contract)
            desc.sepcomp_result = result
            desc.sepcomp_is_contract = True
            self.known[key] = desc
            self.given[desc] = set()
        return model.SomePBC([self.known[key]], can_be_None=can_be_None)

    def count(self):
        """A number that grows with every contract and every function that is given."""
        return len(self.known) + sum(map(len, self.given.values()))

    def calls(self):
        """[(contract, [FunctionDesc])] of what the core may call, in a stable order."""
        return [(contract, sorted(self.given[contract], key=lambda desc: (desc.name, hash(desc))))
                for _, contract in sorted(self.known.items())]


def is_contract(desc):
    return getattr(desc, 'sepcomp_is_contract', False)


def install(contracts):
    """Let a contract absorb the functions that are united with it."""
    pair_of_sets = pairtype(model.SomePBC, model.SomePBC)
    original = pair_of_sets.union.im_func

    def union(pbcs):
        pbc1, pbc2 = pbcs
        descriptions = pbc1.descriptions | pbc2.descriptions
        found = [desc for desc in descriptions if is_contract(desc)]
        if len(found) != 1:
            return original(pbcs)
        contracts.given[found[0]].update(desc for desc in descriptions if isinstance(desc, description.FunctionDesc)
                                         and not is_contract(desc))
        return model.SomePBC(found, can_be_None=pbc1.can_be_None or pbc2.can_be_None)
    pair_of_sets.union = union
