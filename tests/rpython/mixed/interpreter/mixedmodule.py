# ruff: noqa
"""Modules of which a part is written at interpreter level."""
from rpython.rlib.unroll import unrolling_iterable
from sepcomp import export

from interpreter import pyinterp
from interpreter.gateway import Function, interp2app
from interpreter.objects import W_Module
from interpreter.space import space
from interpreter.typedef import TypeDef


class MixedModule(object):
    interpleveldefs = {}
    appleveldefs = {}

    @classmethod
    def get_applevel_name(cls):
        return cls.applevel_name

    @classmethod
    def builder(cls):
        """NOT_RPYTHON: a function that makes the module and installs it."""
        pairs = unrolling_iterable([(name, cls.load(value)) for name, value in sorted(cls.interpleveldefs.items())])
        sources = unrolling_iterable(sorted(cls.appleveldefs.items()))
        applevel_name = cls.get_applevel_name()

        def build():
            w_module = W_Module(applevel_name)
            for name, w_value in pairs:
                w_module.dict_w[name] = w_value
            for name, source in sources:
                w_module.dict_w[name] = pyinterp.app_function(w_module, source)
            pyinterp.install(applevel_name, w_module)
        return build

    @classmethod
    def load(cls, value):
        if isinstance(value, TypeDef):
            return space.gettypeobject(value)
        if isinstance(value, (int, str)):
            return space.wrap(value)
        return interp2app(value)
