# ruff: noqa
"""Functions of an extension that try to tell the JIT of the core what to do; the docstring is the mark that each has."""
from rpython.rlib.jit import JitDriver, promote, set_param, unroll_safe

driver = JitDriver(greens=["n"], reds=["i"])


class A(object):
    pass


def f_loop(n):
    """jit_merge_point"""
    i = 0
    while i < n:
        driver.jit_merge_point(n=n, i=i)
        i += 1
    return i


def f_setting(n):
    """set_param"""
    set_param(None, "threshold", n)
    return n


@unroll_safe
def f_hint(n):
    return promote(n) + 1


def f_calls(n):
    return f_loop(n) + f_setting(n)
