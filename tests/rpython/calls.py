# ruff: noqa
"""Runs calls of the test programs, and prints one line of JSON for each: as plain Python 2.7, or in shared libraries.

    python2.7 calls.py python FOLDER          imports the sources from FOLDER
    python calls.py libraries FOLDER EXT...   loads FOLDER/EXT.so in this order

EXT `late` stands for none: what is not named is loaded, or imported, with the first call of a function in it.
A result is the value, or the name of the exception that escaped.
"""

from __future__ import print_function

import ctypes
import glob
import json
import os
import sys

ARGUMENTS = {int: ctypes.c_long, float: ctypes.c_double, str: ctypes.c_char_p, bytes: ctypes.c_char_p}
RESULTS = {"str": ctypes.c_char_p, "float": ctypes.c_double, "int": ctypes.c_long, "none": None}


def main(mode, folder, *extensions):
    calls = json.load(sys.stdin)
    load = load_sources if mode == "python" else load_libraries
    first = () if extensions == ("late",) else extensions or sorted(set(call[0] for call in calls))
    run = load(folder, first)
    for module, function, arguments, kind in calls:
        print(json.dumps(run(module, function, arguments, kind)))
        sys.stdout.flush()


def load_sources(folder, extensions):
    from sepcomp import api

    sys.path.insert(0, folder)
    for name in extensions:
        api.load_source(name)
    modules = sys.modules

    def run(module, function, arguments, kind):
        if module not in modules:
            api.load_source(module)
        arguments = [str(a) if not isinstance(a, (int, float)) else a for a in arguments]
        try:
            return getattr(modules[module], function)(*arguments)
        except Exception as error:  # any exception that escapes is the result
            message = getattr(error, "msg", None)
            return "escaped: " + type(error).__name__ + (": " + message if message else "")

    return run


def load_libraries(folder, extensions):
    libraries = {}
    core = ctypes.CDLL(glob.glob(os.path.join(folder, "lib*.so"))[0], mode=ctypes.RTLD_GLOBAL)

    def add(name):
        libraries[name] = ctypes.CDLL(os.path.join(folder, name + ".so"), mode=ctypes.RTLD_GLOBAL)
        status = libraries[name].init_module()
        if status != 0:
            sys.exit("%s: init_module() returned %d" % (name, status))

    for name in extensions:
        add(name)
    libraries[glob.glob1(folder, "lib*.so")[0][3:-3]] = core
    core.sepcomp_last_error.restype = ctypes.c_char_p

    def run(module, function, arguments, kind):
        if module not in libraries:
            add(module)
        arguments = [a.encode() if not isinstance(a, (int, float, bytes)) else a for a in arguments]
        called = getattr(libraries[module], function)
        called.argtypes = [ARGUMENTS[type(a)] for a in arguments]
        called.restype = RESULTS[kind]
        result = called(*arguments)
        error = core.sepcomp_last_error()
        if error is not None:
            return "escaped: " + error.decode()
        return result.decode() if isinstance(result, bytes) else result

    return run


if __name__ == "__main__":
    main(*sys.argv[1:])
