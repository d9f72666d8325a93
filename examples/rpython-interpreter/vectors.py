"""An extension of Mini with a type: (import vectors), then (vectors.vector 1 2)."""
import objspace
from sepcomp import initializer


class W_Vector(objspace.W_Root):
    """A point of the plane: addition, comparison, items, attributes x and y."""

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def type_name(self):
        return "vector"

    def text(self):
        return "<" + str(self.x) + " " + str(self.y) + ">"

    def is_true(self):
        return self.x != 0 or self.y != 0

    def add(self, w_other):
        if not isinstance(w_other, W_Vector):
            raise objspace.error("VectorError", "cannot add " + w_other.text() + " to a vector")
        return W_Vector(self.x + w_other.x, self.y + w_other.y)

    def less(self, w_other):
        if not isinstance(w_other, W_Vector):
            return objspace.W_Root.less(self, w_other)
        return objspace.wrap_int(int(self.square() < w_other.square()))

    def square(self):
        return self.x * self.x + self.y * self.y

    def length(self):
        return 2

    def item(self, index):
        if index == 0:
            return objspace.wrap_int(self.x)
        if index == 1:
            return objspace.wrap_int(self.y)
        raise objspace.OperationError("IndexError", objspace.wrap_int(index))

    def attribute(self, name):
        if name == "x":
            return self.item(0)
        if name == "y":
            return self.item(1)
        return objspace.W_Root.attribute(self, name)


class MakeVector(objspace.W_Builtin):
    def call(self, args_w):
        objspace.expect(args_w, 2, self.name)
        return W_Vector(objspace.unwrap_int(args_w[0]), objspace.unwrap_int(args_w[1]))


@initializer
def setup():
    objspace.install(objspace.new_module("vectors"), "vector", MakeVector("vector"))
