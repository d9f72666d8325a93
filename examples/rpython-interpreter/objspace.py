"""The object space: what a value of Mini is, and the operations on values."""
from sepcomp import export, export_class


@export_class
class W_Root(object):
    """A value. Extensions subclass it for types of their own."""

    def type_name(self):
        return "object"

    def text(self):
        return "<" + self.type_name() + ">"

    def is_true(self):
        return True

    def add(self, w_other):
        raise error("TypeError", "cannot add to " + self.type_name())

    def less(self, w_other):
        raise error("TypeError", "cannot compare " + self.type_name())

    def length(self):
        raise error("TypeError", self.type_name() + " has no length")

    def item(self, index):
        raise error("TypeError", self.type_name() + " has no items")

    def attribute(self, name):
        raise error("AttributeError", self.type_name() + " has no attribute " + name)

    def call(self, args_w):
        raise error("TypeError", self.type_name() + " cannot be called")


@export_class
class OperationError(Exception):
    """An error of the program that runs: the name of its kind, and a value."""

    @export(str, W_Root)
    def __init__(self, kind, w_value):
        self.kind = kind
        self.w_value = w_value


@export(str, str)
def error(kind, message):
    return OperationError(kind, W_Str(message))


class W_None(W_Root):
    def type_name(self):
        return "none"

    def text(self):
        return "none"

    def is_true(self):
        return False


@export_class
class W_Int(W_Root):
    def __init__(self, value):
        self.value = value

    def type_name(self):
        return "int"

    def text(self):
        return str(self.value)

    def is_true(self):
        return self.value != 0

    def add(self, w_other):
        return W_Int(self.value + unwrap_int(w_other))

    def less(self, w_other):
        return wrap_int(int(self.value < unwrap_int(w_other)))


@export_class
class W_Str(W_Root):
    def __init__(self, value):
        self.value = value

    def type_name(self):
        return "str"

    def text(self):
        return self.value

    def is_true(self):
        return len(self.value) > 0

    def add(self, w_other):
        return W_Str(self.value + w_other.text())

    def length(self):
        return len(self.value)

    def item(self, index):
        if not 0 <= index < len(self.value):
            raise error("IndexError", str(index))
        return W_Str(self.value[index])


@export_class
class W_List(W_Root):
    def __init__(self, items_w):
        self.items_w = items_w

    def type_name(self):
        return "list"

    def text(self):
        return "[" + ", ".join([w.text() for w in self.items_w]) + "]"

    def is_true(self):
        return len(self.items_w) > 0

    def add(self, w_other):
        if not isinstance(w_other, W_List):
            raise error("TypeError", "cannot add " + w_other.type_name() + " to a list")
        return W_List(self.items_w + w_other.items_w)

    def length(self):
        return len(self.items_w)

    def item(self, index):
        if not 0 <= index < len(self.items_w):
            raise error("IndexError", str(index))
        return self.items_w[index]


@export_class
class W_Builtin(W_Root):
    """A function that is not written in Mini; subclasses override call()."""

    @export(str)
    def __init__(self, name):
        self.name = name

    def type_name(self):
        return "builtin"


@export_class
class W_Module(W_Root):
    def __init__(self, name):
        self.name = name
        self.dict_w = {}

    def type_name(self):
        return "module"

    def attribute(self, name):
        try:
            return self.dict_w[name]
        except KeyError:
            raise error("AttributeError", "module " + self.name + " has no " + name)

    def set(self, name, w_value):
        self.dict_w[name] = w_value


NONE = W_None()


class Modules(object):
    """The modules that are loaded."""

    def __init__(self):
        self.by_name = {}


MODULES = Modules()


@export(int)
def wrap_int(value):
    return W_Int(value)


@export(str)
def wrap_str(value):
    return W_Str(value)


@export([W_Root])
def wrap_list(items_w):
    return W_List(items_w)


@export()
def none():
    return NONE


@export(W_Root)
def unwrap_int(w):
    if isinstance(w, W_Int):
        return w.value
    raise error("TypeError", "an int is wanted, not " + w.type_name())


@export(W_Root)
def unwrap_str(w):
    if isinstance(w, W_Str):
        return w.value
    raise error("TypeError", "a str is wanted, not " + w.type_name())


@export(str)
def new_module(name):
    """A module that `import` finds from now on."""
    w_module = W_Module(name)
    MODULES.by_name[name] = w_module
    return w_module


@export(W_Module, str, W_Root)
def install(w_module, name, w_value):
    w_module.set(name, w_value)


@export([W_Root], int, str)
def expect(args_w, count, name):
    if len(args_w) != count:
        raise error("TypeError", name + " takes " + str(count) + " arguments, not " + str(len(args_w)))


@export(W_Root, [W_Root])
def call(w_function, args_w):
    return w_function.call(args_w)
