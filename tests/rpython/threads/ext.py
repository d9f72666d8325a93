# ruff: noqa
"""Releases the GIL in calls of C, is called back, and starts threads, too."""

import os
import time

import core
from core import Node
from rpython.rlib import rthread
from rpython.rtyper.lltypesystem import lltype, rffi
from sepcomp import entrypoint, initializer


class Heavy(Node):
    def __init__(self, value, next, name):
        Node.__init__(self, value, next)
        self.name = name

    def weight(self):
        return self.value + len(self.name)


class State(object):
    def __init__(self):
        self.lock = None
        self.count = 0


STATE = State()


@initializer
def setup():
    STATE.lock = rthread.allocate_lock()


@entrypoint(int, int)
def work(seed, n):
    node = core.chain(n)
    for i in range(n):
        node = Heavy(seed, node, "x" * (i % 7))
        names = [str(i + j) for j in range(5)]
        if len("".join(names)) < 5:
            raise ValueError
    return core.total(node)


@entrypoint(int, int)
def await_byte(fd, n):
    """Waits for a byte, with objects of its own alive meanwhile."""
    node = Heavy(1, core.chain(n), "name")
    return len(os.read(fd, 1)) * core.total(node)


@entrypoint(int)
def send_byte(fd):
    os.write(fd, "x")
    return 0


def compare(a, b):
    node = Heavy(1, core.chain(10), "y")
    return rffi.cast(rffi.INT, (a[0] - b[0]) * (core.total(node) - 46))


NUMBERS = lltype.Ptr(lltype.Array(lltype.Signed, hints={"nolength": True}))
COMPARE = lltype.Ptr(lltype.FuncType([NUMBERS, NUMBERS], rffi.INT))
qsort = rffi.llexternal("qsort", [NUMBERS, rffi.SIZE_T, rffi.SIZE_T, COMPARE], lltype.Void)


@entrypoint(int)
def sort(n):
    """The smallest and the greatest number; C calls back with the GIL released."""
    numbers = lltype.malloc(NUMBERS.TO, n, flavor="raw")
    for i in range(n):
        numbers[i] = (i * 7919 + 13) % n
    qsort(numbers, rffi.cast(rffi.SIZE_T, n), rffi.cast(rffi.SIZE_T, 8), compare)
    result = numbers[0] * 1000000 + numbers[n - 1]
    lltype.free(numbers, flavor="raw")
    return result


AGAIN = lltype.Ptr(lltype.FuncType([lltype.Signed], lltype.Signed))


@entrypoint(int, int)
def call(address, n):
    """Calls a function of C that may call an entry point; the GIL is not released."""
    node = core.chain(n)
    return rffi.cast(AGAIN, address)(n) + core.total(node)


def count():
    rthread.gc_thread_start()
    for i in range(50):
        STATE.lock.acquire(True)
        before = STATE.count
        core.chain(20)
        time.sleep(0.00001)
        STATE.count = before + 1
        STATE.lock.release()
    rthread.gc_thread_die()


@entrypoint(int)
def start(n):
    STATE.count = 0
    for i in range(n):
        rthread.start_new_thread(count, ())
    while STATE.count < n * 50:
        time.sleep(0.001)
    return STATE.count
