# ruff: noqa
"""A core with threads of its own, for threads that come from elsewhere."""

import time

from rpython.rlib import rthread
from sepcomp import entrypoint, export, export_class


@export_class
class Node(object):
    def __init__(self, value, next):
        self.value = value
        self.next = next

    def weight(self):
        return self.value


@export(int)
def chain(n):
    node = None
    for i in range(n):
        node = Node(i, node)
    return node


@export(Node)
def total(node):
    result = 0
    while node is not None:
        result += node.weight()
        node = node.next
    return result


class State(object):
    def __init__(self):
        self.started = 0
        self.finished = 0
        self.sum = 0


STATE = State()


def run():
    rthread.gc_thread_start()
    STATE.sum += total(chain(1000))
    STATE.finished += 1
    rthread.gc_thread_die()


@entrypoint(int)
def c_start(n):
    """The sum of what n threads of rthread find."""
    kept = chain(100)
    STATE.sum = STATE.finished = 0
    for i in range(n):
        rthread.start_new_thread(run, ())
    while STATE.finished < n:
        time.sleep(0.001)
    return STATE.sum + total(kept)
