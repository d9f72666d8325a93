"""An extension of Mini with functions: (import strings), then strings.upper, strings.repeat and strings.map."""
import objspace
from sepcomp import initializer


class Upper(objspace.W_Builtin):
    def call(self, args_w):
        objspace.expect(args_w, 1, self.name)
        return objspace.wrap_str(objspace.unwrap_str(args_w[0]).upper())


class Repeat(objspace.W_Builtin):
    def call(self, args_w):
        objspace.expect(args_w, 2, self.name)
        count = objspace.unwrap_int(args_w[1])
        if count < 0:
            raise objspace.error("ValueError", "repeat: " + str(count))
        return objspace.wrap_str(objspace.unwrap_str(args_w[0]) * count)


class Map(objspace.W_Builtin):
    """Calls back into the interpreter for every character."""

    def call(self, args_w):
        objspace.expect(args_w, 2, self.name)
        w_function = args_w[0]
        result_w = []
        for c in objspace.unwrap_str(args_w[1]):
            result_w.append(objspace.call(w_function, [objspace.wrap_str(c)]))
        return objspace.wrap_list(result_w)


@initializer
def setup():
    w_module = objspace.new_module("strings")
    for w_function in [Upper("upper"), Repeat("repeat"), Map("map")]:
        objspace.install(w_module, w_function.name, w_function)
