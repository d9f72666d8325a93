"""Evaluates forms."""
from loader import load_module
from objspace import (MODULES, NONE, OperationError, W_Int, W_List, W_Root, W_Str, call, error, unwrap_int, wrap_int)
from reader import Form, Number, Reader, Text, Word


class Scope(object):
    def __init__(self, outer):
        self.outer = outer
        self.names_w = {}

    def find(self, name):
        scope = self
        while scope is not None:
            if name in scope.names_w:
                return scope.names_w[name]
            scope = scope.outer
        raise error("NameError", name)


class W_Function(W_Root):
    """(lambda (x y) body...)"""

    def __init__(self, evaluator, names, body, scope):
        self.evaluator = evaluator
        self.names = names
        self.body = body
        self.scope = scope

    def type_name(self):
        return "function"

    def call(self, args_w):
        if len(args_w) != len(self.names):
            raise error("TypeError", "function takes " + str(len(self.names)) + " arguments, not " + str(len(args_w)))
        scope = Scope(self.scope)
        for i in range(len(args_w)):
            scope.names_w[self.names[i]] = args_w[i]
        return self.evaluator.body(self.body, 0, scope)


class Evaluator(object):
    def __init__(self):
        self.output = []
        self.main = Scope(None)
        for name in ["+", "<", "len", "item", "list", "str", "type"]:
            self.main.names_w[name] = W_Operation(name)

    def run(self, source):
        self.body(Reader(source).forms(), 0, self.main)

    def body(self, forms, start, scope):
        w_result = NONE
        for i in range(start, len(forms)):
            w_result = self.value(forms[i], scope)
        return w_result

    def value(self, node, scope):
        if isinstance(node, Number):
            return wrap_int(node.value)
        if isinstance(node, Text):
            return W_Str(node.value)
        if isinstance(node, Word):
            return self.name(node.name, scope)
        assert isinstance(node, Form)
        if not node.parts:
            return NONE
        head = node.parts[0]
        if isinstance(head, Word):
            w_special = self.special(head.name, node, scope)
            if w_special is not None:
                return w_special
        w_function = self.value(head, scope)
        return call(w_function, [self.value(node.parts[i], scope) for i in range(1, len(node.parts))])

    def name(self, name, scope):
        parts = name.split(".")
        w_value = scope.find(parts[0])
        for i in range(1, len(parts)):
            w_value = w_value.attribute(parts[i])
        return w_value

    def special(self, name, node, scope):
        parts = node.parts
        if name == "import":
            return self.do_import(word_of(parts[1]), scope)
        if name == "set":
            w_value = self.value(parts[2], scope)
            scope.names_w[word_of(parts[1])] = w_value
            return w_value
        if name == "if":
            if self.value(parts[1], scope).is_true():
                return self.value(parts[2], scope)
            return self.body(parts, 3, scope)
        if name == "lambda":
            arguments = parts[1]
            assert isinstance(arguments, Form)
            names = [word_of(p) for p in arguments.parts]
            return W_Function(self, names, [parts[i] for i in range(2, len(parts))], scope)
        if name == "print":
            texts = [self.value(parts[i], scope).text() for i in range(1, len(parts))]
            self.output.append(" ".join(texts))
            return NONE
        if name == "try":
            return self.do_try(parts, scope)
        if name == "repeat":
            for i in range(unwrap_int(self.value(parts[1], scope))):
                self.body(parts, 2, scope)
            return NONE
        return None

    def do_try(self, parts, scope):
        """(try body (name handler...)): `name` is bound to the kind and the value of the error."""
        try:
            return self.value(parts[1], scope)
        except OperationError as e:
            handler = parts[2]
            assert isinstance(handler, Form)
            inner = Scope(scope)
            inner.names_w[word_of(handler.parts[0])] = W_List([W_Str(e.kind), e.w_value])
            return self.body(handler.parts, 1, inner)

    def do_import(self, name, scope):
        if name not in MODULES.by_name:
            load_module(name)
        if name not in MODULES.by_name:
            raise error("ImportError", name)
        scope.names_w[name] = MODULES.by_name[name]
        return MODULES.by_name[name]


def word_of(node):
    if isinstance(node, Word):
        return node.name
    raise error("SyntaxError", "a name is wanted")


class W_Operation(W_Root):
    """A space operation as a function of Mini."""

    def __init__(self, name):
        self.name = name

    def type_name(self):
        return "builtin"

    def call(self, args_w):
        name = self.name
        if name == "list":
            return W_List(args_w)
        if name == "len":
            return wrap_int(self.argument(args_w, 0).length())
        if name == "str":
            return W_Str(self.argument(args_w, 0).text())
        if name == "type":
            return W_Str(self.argument(args_w, 0).type_name())
        if name == "item":
            return self.argument(args_w, 0).item(unwrap_int(self.argument(args_w, 1)))
        if name == "<":
            return self.argument(args_w, 0).less(self.argument(args_w, 1))
        return self.argument(args_w, 0).add(self.argument(args_w, 1))

    def argument(self, args_w, i):
        if i >= len(args_w):
            raise error("TypeError", self.name + " misses an argument")
        return args_w[i]
