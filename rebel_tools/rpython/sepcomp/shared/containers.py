"""Lists and dicts in globals and class attributes of the core, such as `core.REGISTRY`: one object for all libraries.

Their types are those that the core's annotator has found, and cannot be generalised by an extension.
"""

from rpython.flowspace.model import Constant
from rpython.flowspace.operation import PureOperation
from rpython.rtyper import rlist
from rpython.rtyper.lltypesystem import lltype, rdict, rordereddict

from sepcomp.extension import imported
from sepcomp.interfaces import annotations, lltexts, names

OF_IDENTITY = ('is_', 'type', 'isinstance')     # operations that do not ask what an object holds


# ---------------------------------------------------------------- the core

def find(exports, rtyper):
    """{path: (symbol, annotation as plain data, pointer)} of the lists and dicts that the core itself uses."""
    found = {}
    cache = rtyper.annotator.bookkeeper.immutable_cache
    owners = set(exports.modules) | set(exports.class_names.classes)
    for path, value in sorted(exports.paths.values(), key=lambda item: item[0]):
        s = cache.get(Constant(value)) if type(value) in (list, dict) else None
        if s is None or path.rpartition('.')[0] not in owners:
            continue
        try:
            data = annotations.encode(s)
        except annotations.Unsupported:
            continue
        pointer = rtyper.getrepr(s).convert_const(value)
        found[path] = names.prebuilt(path), data, pointer
    return found


def plain(found):
    """For the interface: {path: [symbol, annotation, low-level type]}"""
    return dict((path, [symbol, data, lltexts.text(lltype.typeOf(pointer).TO)])
                for path, (symbol, data, pointer) in found.items())


# ---------------------------------------------------------------- an extension

def install(core):
    for cls in (rlist.AbstractBaseListRepr, rdict.DictRepr, rordereddict.OrderedDictRepr):
        cls.convert_const = convert_const(core, cls.convert_const.im_func)
    PureOperation.constfold = constfold(core, PureOperation.constfold.im_func)


def constfold(core, original):
    """What such a list or dict holds is known at run time, though rpython computes `len(LIST)` when it translates."""
    def fold(self):
        if self.opname not in OF_IDENTITY and any(
                isinstance(w, Constant) and core.container(w.value) is not None for w in self.args):
            return None
        return original(self)
    return fold


def convert_const(core, original):
    def convert(self, value):
        entry = core.container(value)
        if entry is None:
            return original(self, value)
        symbol, _, text = entry
        cache = self.list_cache if isinstance(value, list) else self.dict_cache
        if Constant(value) not in cache:
            self.setup()
            pointer = cache[Constant(value)] = self.prepare_const(len(value)) if isinstance(value, list) else (
                lltype.malloc(self.DICT, immortal=True))
            imported.check_type(symbol, lltype.typeOf(pointer).TO, text)
            core.imported[pointer._obj] = str(symbol)
        return cache[Constant(value)]
    return convert


def annotation(core, value):
    """The annotation of such a list or dict of the core, None for other values."""
    entry = core.container(value)
    if entry is None:
        return None
    s = core.decode(entry[1])
    s.const_box = Constant(value)
    return s
