# ruff: noqa
"""A small object space in PyPy's style."""
from rpython.rlib.objectmodel import specialize, instantiate, we_are_translated, import_from_mixin
from rpython.rlib.unroll import unrolling_iterable
from rpython.tool.sourcetools import func_with_new_name, compile2
from sepcomp import entrypoint, export, export_class

NOT_RPYTHON = object()


class TypeDef(object):
    def __init__(self, __name, __base=None, **rawdict):
        self.name = __name
        self.base = __base
        self.rawdict = rawdict

    def _freeze_(self):
        return True


@export_class
class OperationError(Exception):
    def __init__(self, w_type, w_value):
        self.w_type = w_type
        self.w_value = w_value

    def errorstr(self, space):
        return self.w_type.name


_fmtcache = {}


@specialize.memo()
def get_operrcls(valuefmt):
    parts = valuefmt.split('%s')
    key = tuple(parts)
    if key not in _fmtcache:
        entries = unrolling_iterable(enumerate(parts[:-1]))
        attrs = ['x%d' % i for i in range(len(parts) - 1)]
        last = parts[-1]
        pairs = unrolling_iterable([(i, part, attr) for i, (part, attr) in enumerate(zip(parts[:-1], attrs))])

        class OpErrFmt(OperationError):
            def __init__(self, w_type, *args):
                OperationError.__init__(self, w_type, None)
                for i, _, attr in pairs:
                    setattr(self, attr, args[i])

            def errorstr(self, space):
                s = self.w_type.name + ': '
                for _, part, attr in pairs:
                    s += part + str(getattr(self, attr))
                return s + last
        _fmtcache[key] = OpErrFmt
    return _fmtcache[key]


@specialize.arg(1)
def oefmt(w_type, valuefmt, *args):
    return get_operrcls(valuefmt)(w_type, *args)
oefmt._annspecialcase_ = 'specialize:arg(1)'


@export_class
class W_Root(object):
    _attrs_ = ()
    typedef = TypeDef('object')

    def text(self):
        return '<%s>' % space.type(self).name

    def int_w(self, space):
        raise oefmt(space.w_TypeError, 'expected integer, got %s', space.type(self).name)

    def text_w(self, space):
        raise oefmt(space.w_TypeError, 'expected str, got %s', space.type(self).name)

    def call_args(self, space, args_w):
        raise oefmt(space.w_TypeError, '%s is not callable', space.type(self).name)


@export_class
class W_Int(W_Root):
    _attrs_ = ['intval']
    typedef = TypeDef('int', W_Root.typedef)

    def __init__(self, intval):
        self.intval = intval

    def int_w(self, space):
        return self.intval

    def text(self):
        return str(self.intval)


@export_class
class W_Text(W_Root):
    _attrs_ = ['value']
    typedef = TypeDef('str', W_Root.typedef)

    def __init__(self, value):
        self.value = value

    def text_w(self, space):
        return self.value

    def text(self):
        return self.value


@export_class
class W_Type(W_Root):
    _attrs_ = ['name', 'dict_w', 'base']
    typedef = TypeDef('type', W_Root.typedef)

    def __init__(self, name, base):
        self.name = name
        self.base = base
        self.dict_w = {}

    def lookup(self, name):
        w_type = self
        while w_type is not None:
            if name in w_type.dict_w:
                return w_type.dict_w[name]
            w_type = w_type.base
        return None


@export_class
class Code(object):
    """What a builtin function does; made by interp2app."""
    name = '?'

    def funcrun(self, space, args_w):
        raise NotImplementedError


@export_class
class W_Function(W_Root):
    _attrs_ = ['code']
    typedef = TypeDef('function', W_Root.typedef)

    def __init__(self, code):
        self.code = code

    def call_args(self, space, args_w):
        return self.code.funcrun(space, args_w)


def unwrap_spec(*kinds):
    def decorate(func):
        func.unwrap_spec = kinds
        return func
    return decorate


UNWRAP = {int: 'args_w[%d].int_w(space)', str: 'args_w[%d].text_w(space)', 'w': 'args_w[%d]'}
_codes = {}


def interp2app(func):
    """A prebuilt W_Function around an interp-level function f(space, ...)."""
    if func in _codes:
        return _codes[func]
    count = func.func_code.co_argcount - 1
    kinds = getattr(func, 'unwrap_spec', ('w',) * count)
    args = ', '.join([UNWRAP[kind] % i for i, kind in enumerate(kinds)])
    source = """
def fastfunc(space, args_w):
    if len(args_w) != %d:
        raise oefmt(space.w_TypeError, '%s() takes %d arguments')
    return func(space, %s)
""" % (count, func.__name__, count, args)
    namespace = {'func': func, 'oefmt': oefmt}
    exec(compile2(source), namespace)
    fastfunc = namespace['fastfunc']

    class BuiltinCode(Code):
        name = func.__name__

        def funcrun(self, space, args_w):
            w_result = fastfunc(space, args_w)
            if w_result is None:
                return space.w_None
            return w_result
    BuiltinCode.__name__ = 'BuiltinCode_' + func.__name__
    w_func = W_Function(BuiltinCode())
    _codes[func] = w_func
    return w_func


class Space(object):
    def __init__(self):
        self.w_None = W_Root()
        self.w_TypeError = W_Type('TypeError', None)
        self.w_ValueError = W_Type('ValueError', None)
        self.types = {}
        self.cache = {}

    def _freeze_(self):
        return True

    @specialize.memo()
    def gettypeobject(self, typedef):
        if typedef not in self.types:
            w_type = W_Type(typedef.name, self.gettypeobject(typedef.base) if typedef.base else None)
            for name, value in sorted(typedef.rawdict.items()):
                w_type.dict_w[name] = value
            self.types[typedef] = w_type
        return self.types[typedef]

    @export(W_Root)
    def type(self, w_obj):
        return self.gettypeobject(w_obj.typedef)

    @specialize.memo()
    def fromcache(self, cls):
        if cls not in self.cache:
            self.cache[cls] = cls(self)
        return self.cache[cls]

    @export(int)
    def newint(self, n):
        return W_Int(n)

    @export(str)
    def newtext(self, s):
        return W_Text(s)

    @specialize.argtype(1)
    def wrap(self, x):
        if isinstance(x, str):
            return self.newtext(x)
        return self.newint(x)

    @export(W_Root)
    def int_w(self, w):
        return w.int_w(self)

    @export(W_Root, [W_Root])
    def call_w(self, w_func, args_w):
        return w_func.call_args(self, args_w)

    @export(W_Root, str, [W_Root])
    def call_method(self, w_obj, name, args_w):
        w_func = self.type(w_obj).lookup(name)
        if w_func is None:
            raise oefmt(self.w_ValueError, '%s has no %s', self.type(w_obj).name, name)
        return w_func.call_args(self, [w_obj] + args_w)

    def call_function(self, w_func, *args_w):
        return self.call_w(w_func, list(args_w))

    @specialize.arg(1)
    def allocate_instance(self, cls, w_subtype):
        instance = instantiate(cls)
        assert isinstance(instance, cls)
        return instance

    @specialize.arg(2)
    def interp_w(self, w_obj, RequiredClass):
        if not isinstance(w_obj, RequiredClass):
            raise oefmt(self.w_TypeError, '%s expected', RequiredClass.typedef.name)
        return w_obj


space = Space()


@export_class
class Module(object):
    def __init__(self, name):
        self.name = name
        self.w_dict = {}

    def getitem(self, name):
        return self.w_dict.get(name, None)


class Modules(object):
    def __init__(self):
        self.loaded = {}


MODULES = Modules()


@export(Module)
def install(module):
    MODULES.loaded[module.name] = module


class MixedModule(object):
    interpleveldefs = {}

    @classmethod
    def install(cls, name):
        """NOT_RPYTHON: a function that builds the module."""
        pairs = unrolling_iterable([(key, cls.load(value)) for key, value in sorted(cls.interpleveldefs.items())])

        def build():
            module = Module(name)
            for key, w_value in pairs:
                module.w_dict[key] = w_value
            install(module)
        return build

    @classmethod
    def load(cls, value):
        if isinstance(value, TypeDef):
            return space.gettypeobject(value)
        return interp2app(value)


@unwrap_spec(int, int)
def add(space, a, b):
    return space.wrap(a + b)


@unwrap_spec(str)
def loud(space, s):
    if s == '':
        raise oefmt(space.w_ValueError, 'empty')
    return space.wrap(s + '!')


class Builtins(MixedModule):
    interpleveldefs = {'add': add, 'loud': loud}


interp2app_add = interp2app(add)
build_builtins = Builtins.install('builtins')


@export(str, str, [W_Root])
def call(modname, name, args_w):
    if modname not in MODULES.loaded:
        build_builtins()
    if modname not in MODULES.loaded:
        raise oefmt(space.w_ValueError, 'no module %s', modname)
    w_func = MODULES.loaded[modname].getitem(name)
    if w_func is None:
        raise oefmt(space.w_ValueError, 'no %s in %s', name, modname)
    return space.call_w(w_func, args_w)


@export(str, str, int, str)
def run(modname, name, n, s):
    args_w = [space.newint(n)]
    if s != '':
        args_w.append(space.newtext(s))
    try:
        return call(modname, name, args_w).text()
    except OperationError as e:
        return e.errorstr(space)


@entrypoint(str, int)
def c_run(name, n):
    w = space.call_function(space.newint(3), space.newint(n)) if n > 1000 else space.newint(3)
    w = space.interp_w(w, W_Int)
    e = space.allocate_instance(W_Text, space.type(w))
    e.value = 'v'
    return run('builtins', name, n, '') + run('builtins', name, n, 'x') + call('builtins', 'add', [w, w]).text() + e.text() + call('builtins', 'loud', [e]).text() + run('nothing', 'x', 1, '') + space.type(w).name + str(space.int_w(w))
