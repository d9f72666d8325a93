"""Functions for probe.py; the docstring of each is the effect that is found in it, without one there is none."""

import os


class A(object):
    def __init__(self, n):
        self.n = n
        self.items = []
        self.other = None


class Box(object):
    n = 0


box = Box()
boxes = []
table = {"x": 1}


def make(n):
    return A(n)


def f_reads(n, a):
    return a.n + n


def f_makes(n):
    a = A(n)
    a.n += 1
    return a


def f_writes_what_another_made(n):
    a = make(n)
    a.n = 7
    return a


def f_fills_a_list(n):
    found = []
    for i in range(n):
        found.append(i)
    return len(found)


def f_joins_strings(n, a, s):
    return s + str(n) + "%d" % a.n


def f_looks_up(n, a, s):
    return table.get(s, n)


def f_raises(n):
    if n > 3:
        raise ValueError
    return n


def f_writes(n, a):
    """writes the attribute n of writers.A"""
    a.n = n
    return n


def f_calls_what_writes(n, a):
    """writes the attribute n of writers.A"""
    return f_writes(n, a)


def f_writes_late(n, a):
    """writes the attribute n of writers.A"""
    if n > 3:
        return f_writes_late(n - 1, a)
    a.n = 3
    return n


def f_writes_part_of_what_it_makes(n, a):
    """writes the attribute n of writers.A"""
    b = A(n)
    b.other = a
    b.other.n = 3
    return n


def f_writes_what_a_module_holds(n):
    """writes the attribute n of writers.Box"""
    box.n += n
    return n


def f_appends(n, a):
    """changes a list"""
    boxes.append(a)
    return n


def f_puts_into_a_dict(n, a, s):
    """changes a list, dict or string"""
    table[s] = n
    return n


def f_prints(n):
    """does raw_memcopy"""
    os.write(1, "x")
    return n
