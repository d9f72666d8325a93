"""Runs a program in the translated interpreter: run.py PROGRAM FOLDER. Nothing but ctypes is needed."""

import ctypes
import os
import sys

program, folder = sys.argv[1:]
mini = ctypes.CDLL(os.path.abspath(os.path.join(folder, "libmini.so")), mode=ctypes.RTLD_GLOBAL)
mini.run.restype = mini.sepcomp_last_error.restype = ctypes.c_char_p
with open(program, "rb") as f:
    output = mini.run(f.read(), os.path.abspath(folder).encode())
if output is None:
    sys.exit("the interpreter failed: " + mini.sepcomp_last_error().decode())
print(output.decode(), end="")
