"""Makes hashes and order independent of addresses, so that the same sources give the same C.

rpython iterates over sets and dicts whose keys hash by identity, and sorts pairs whose last part compares by identity.
So the order in which it processes graphs and variables, and with it the names and the order of everything that it
generates, would depend on addresses.  Here objects of rpython's classes get consecutive numbers when they are first
hashed or compared; classes and functions hash by name (see `determinism` for the rest).
"""

import itertools
import sys
import types

SLOTTED = ('Variable', 'Block', 'Link')     # of flowspace.model: very many objects, so they get a slot for the number

_numbers = itertools.count(1)
_aside = {}


def number(self):
    """The __hash__ of objects that are equal to themselves only."""
    try:
        return self._sepcomp_number
    except AttributeError:
        self._sepcomp_number = found = next(_numbers)
        return found


def number_aside(self):
    """The same for objects without attributes: they are kept alive, so that no other object gets their address."""
    try:
        return _aside[id(self)][0]
    except KeyError:
        found = next(_numbers)
        _aside[id(self)] = found, self
        return found


def is_less(self, other):
    try:
        return hash(self) < hash(other)
    except TypeError:       # a list, say
        return NotImplemented


def is_greater(self, other):
    try:
        return hash(self) > hash(other)
    except TypeError:
        return NotImplemented


def install():
    """Call this before anything else of rpython is imported: some classes are replaced."""
    replace_slotted()
    order_exceptions()
    hash_by_name()
    import_toolchain()
    for cls in all_classes():
        if hashes_by_identity(cls):
            cls.__hash__ = number if has_room(cls) else number_aside
            if '__lt__' not in names_in(cls):
                cls.__lt__, cls.__gt__ = is_less, is_greater
    for cls in old_classes():
        if not any(hasattr(cls, name) for name in ('__hash__', '__eq__', '__cmp__', '__lt__', '__getattr__')):
            cls.__hash__, cls.__lt__, cls.__gt__ = number, is_less, is_greater


def replace_slotted():
    from rpython.flowspace import model
    for name in SLOTTED:
        old = getattr(model, name)
        setattr(model, name, type(name, (old,), {
            '__slots__': ('_sepcomp_number',), '__hash__': number, '__lt__': is_less, '__gt__': is_greater,
            '__module__': old.__module__, '__doc__': old.__doc__}))


def order_exceptions():
    from rpython.annotator import exception
    exception.standardexceptions = sorted(exception.standardexceptions, key=lambda cls: cls.__name__)


def hash_by_name():
    from rpython.rtyper.lltypesystem import lltype
    from rpython.tool import uid
    uid.Hashable.__hash__ = hash_of_constant
    lltype.LowLevelType.__hash__ = hash_of_type(lltype.TLS, lltype.LowLevelType._LowLevelType__cached_hash)
    lltype._func.__hash__ = lambda self: hash(self._name)


def hash_of_constant(self):
    if self.key == id(self.value):      # a list or dict, say
        return hash(type(self.value).__name__)
    return stable_hash(self.key)


def hash_of_type(tls, cached):
    """LowLevelType.__hash__, with the name of the class in the place of the class."""
    def __hash__(self):
        level = getattr(tls, 'nested_hash_level', 0)
        if level == 0:
            try:
                return cached.__get__(self)
            except AttributeError:
                pass
        if level >= 3:
            return 0
        tls.nested_hash_level = level + 1
        try:
            result = stable_hash((self.__class__,) + tuple(sorted(self.__dict__.items())))
        finally:
            tls.nested_hash_level = level
        if level == 0:
            cached.__set__(self, result)
        return result
    return __hash__


def stable_hash(value):
    if isinstance(value, tuple):
        return hash(tuple(map(stable_hash, value)))
    if isinstance(value, (type, types.ClassType, types.FunctionType, types.BuiltinFunctionType)):
        return hash(value.__name__)
    return hash(value)


def import_toolchain():
    """The modules whose classes are changed."""
    import rpython.memory.gctransform.shadowstack       # noqa: F401
    import rpython.translator.backendopt.all            # noqa: F401
    import rpython.translator.backendopt.innerloop      # noqa: F401
    import rpython.translator.c.genc                    # noqa: F401
    import rpython.translator.translator                # noqa: F401


def all_classes():
    """All classes of rpython, bases first."""
    todo, seen = [object], set()
    for cls in todo:
        for sub in type.__subclasses__(cls):
            if sub not in seen:
                seen.add(sub)
                todo.append(sub)
    return [cls for cls in todo if cls.__module__.startswith('rpython.')]


def old_classes():
    modules = [module for name, module in sys.modules.items() if module and name.startswith('rpython.')]
    return set(value for module in modules for value in vars(module).values()
               if isinstance(value, types.ClassType) and value.__module__ == module.__name__)


def names_in(cls):
    """What a class and its bases define, without `object`."""
    return set(name for base in cls.__mro__[:-1] for name in vars(base))


def hashes_by_identity(cls):
    return cls.__hash__ is object.__hash__ and not names_in(cls) & set(['__eq__', '__cmp__'])


def has_room(cls):
    """Whether instances take one more attribute; not where the annotator would see it in prebuilt objects."""
    return (cls.__dictoffset__ and not cls.__module__.startswith(('rpython.rlib.', 'rpython.memory.'))
            and not names_in(cls) & set(['__getattr__', '__setattr__', '__getattribute__']))
