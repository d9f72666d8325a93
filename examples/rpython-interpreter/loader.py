"""Loads an extension module: the shared library NAME.so, or, when the interpreter runs as plain Python, NAME.py."""
from rpython.rlib.objectmodel import we_are_translated
from rpython.rlib.rdynload import DLOpenError, dlopen, dlsym
from rpython.rtyper.lltypesystem import lltype, rffi

from objspace import error

INIT_MODULE = lltype.Ptr(lltype.FuncType([], rffi.INT))


class Path(object):
    folder = "."


PATH = Path()


def load_module(name):
    if not we_are_translated():
        from sepcomp.api import load_source
        try:
            load_source(name)
        except ImportError:
            raise error("ImportError", "no module " + name)
        return
    with rffi.scoped_str2charp(PATH.folder + "/" + name + ".so") as filename:
        try:
            handle = dlopen(filename)
        except DLOpenError:
            raise error("ImportError", "no module " + name)
    try:
        init = rffi.cast(INIT_MODULE, dlsym(handle, "init_module"))
    except KeyError:
        raise error("ImportError", name + ".so has no init_module")
    if rffi.cast(lltype.Signed, init()) != 0:
        raise error("ImportError", name + " could not be initialised")
