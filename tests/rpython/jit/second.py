"""Another extension: its functions are called in loops that were compiled for those of ext.py."""

import core
from core import W_Error, W_Int, W_Root
from sepcomp import entrypoint


class W_Small(W_Int):
    """A sibling of ext.W_Big, to the core a W_Int as well."""

    def add(self, w_other):
        if isinstance(w_other, W_Small):
            return W_Small(self.value + w_other.value - 2)
        if isinstance(w_other, W_Int):
            return W_Int(self.value + w_other.value - 1)
        raise W_Error(w_other)


class W_Mixes(W_Root):
    """Integers of the core and of this extension, in turn."""

    def call(self, w_argument):
        n = w_argument.as_int()
        if n % 4 == 0:
            return W_Small(n)
        if n % 4 == 1:
            return W_Small(n).add(W_Small(1))
        return w_argument.add(W_Int(n))


@entrypoint(int)
def mix(n):
    core.install(W_Mixes())
    return n
