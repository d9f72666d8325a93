# ruff: noqa
"""A small language at application level: import, assignment, def with one expression, expressions."""
from sepcomp import export, export_class

from interpreter.baseobj import W_Root
from interpreter.error import OperationError, oefmt
from interpreter.gateway import Code, Function
from interpreter.objects import W_IntObject, W_ListObject, W_Module, W_TextObject
from interpreter.space import space


# ---------------------------------------------------------------- nodes

class Node(object):
    def eval(self, frame):
        raise NotImplementedError


class Const(Node):
    def __init__(self, w_value):
        self.w_value = w_value

    def eval(self, frame):
        return self.w_value


class Name(Node):
    def __init__(self, name):
        self.name = name

    def eval(self, frame):
        w_value = frame.lookup(self.name)
        if w_value is None:
            raise oefmt(space.w_NameError, "name '%s' is not defined", self.name)
        return w_value


class Attribute(Node):
    def __init__(self, node, name):
        self.node = node
        self.name = name

    def eval(self, frame):
        return space.getattr(self.node.eval(frame), self.name)


class Call(Node):
    def __init__(self, function, args):
        self.function = function
        self.args = args

    def eval(self, frame):
        w_function = self.function.eval(frame)
        return space.call(w_function, [arg.eval(frame) for arg in self.args])


class ListDisplay(Node):
    def __init__(self, items):
        self.items = items

    def eval(self, frame):
        return space.newlist([item.eval(frame) for item in self.items])


class Binary(Node):
    def __init__(self, op, left, right):
        self.op = op
        self.left = left
        self.right = right

    def eval(self, frame):
        w_left, w_right = self.left.eval(frame), self.right.eval(frame)
        if self.op == '=':
            return space.newbool(space.eq_w(w_left, w_right))
        if isinstance(w_left, W_TextObject) and self.op == '+':
            return space.newtext(w_left._value + space.text_w(w_right))
        if isinstance(w_left, W_ListObject) and self.op == '+':
            return space.newlist(w_left.wrappeditems + space.listview(w_right))
        a, b = space.int_w(w_left), space.int_w(w_right)
        if self.op == '+':
            return space.newint(a + b)
        if self.op == '-':
            return space.newint(a - b)
        return space.newint(a * b)


# ---------------------------------------------------------------- parser

class Parser(object):
    def __init__(self, text):
        self.tokens = tokenize(text)
        self.pos = 0

    def peek(self):
        return self.tokens[self.pos] if self.pos < len(self.tokens) else ''

    def next(self):
        token = self.peek()
        self.pos += 1
        return token

    def expect(self, token):
        if self.next() != token:
            raise oefmt(space.w_ValueError, "invalid syntax: '%s' expected", token)

    def comparison(self):
        node = self.sum()
        while self.peek() == '==':
            self.next()
            node = Binary('=', node, self.sum())
        return node

    def sum(self):
        node = self.product()
        while self.peek() == '+' or self.peek() == '-':
            node = Binary(self.next(), node, self.product())
        return node

    def product(self):
        node = self.primary()
        while self.peek() == '*':
            node = Binary(self.next(), node, self.primary())
        return node

    def arguments(self, end):
        nodes = []
        while self.peek() != end:
            nodes.append(self.comparison())
            if self.peek() != end:
                self.expect(',')
        self.expect(end)
        return nodes

    def atom(self):
        token = self.next()
        if token == '(':
            node = self.comparison()
            self.expect(')')
            return node
        if token == '[':
            return ListDisplay(self.arguments(']'))
        if token == '-':
            return Const(space.newint(-int(self.next())))
        if token == '':
            raise oefmt(space.w_ValueError, 'invalid syntax: unexpected end')
        if token[0] == '"':
            return Const(space.newtext(token[1:]))
        if token[0].isdigit():
            return Const(space.newint(int(token)))
        return Name(token)

    def primary(self):
        node = self.atom()
        while True:
            if self.peek() == '.':
                self.next()
                node = Attribute(node, self.next())
            elif self.peek() == '(':
                self.next()
                node = Call(node, self.arguments(')'))
            else:
                return node


def tokenize(text):
    """Strings begin with a quote and have none at the end."""
    tokens = []
    i = 0
    while i < len(text):
        c = text[i]
        start = i
        i += 1
        if c == ' ':
            continue
        if c == '"' or c == "'":
            while i < len(text) and text[i] != c:
                i += 1
            tokens.append('"' + text[start + 1:i])
            i += 1
        elif c.isalnum() or c == '_':
            while i < len(text) and (text[i].isalnum() or text[i] == '_'):
                i += 1
            tokens.append(text[start:i])
        elif c == '=' and i < len(text) and text[i] == '=':
            i += 1
            tokens.append('==')
        else:
            tokens.append(c)
    return tokens


# ---------------------------------------------------------------- execution

class Frame(object):
    def __init__(self, w_module):
        self.w_module = w_module
        self.locals_w = {}

    def lookup(self, name):
        w_value = self.locals_w.get(name, None)
        if w_value is None and self.w_module is not None:
            w_value = self.w_module.dict_w.get(name, None)
        if w_value is None:
            w_value = builtin(name)
        return w_value


def builtin(name):
    if name == 'None':
        return space.w_None
    if name == 'True':
        return space.w_True
    if name == 'False':
        return space.w_False
    return STATE.builtins_w.get(name, None)


class AppCode(Code):
    """A function at application level."""

    def __init__(self, w_module, name, args, body):
        self.w_module = w_module
        self.app_name = name
        self.args = args
        self.body = body

    def funcrun(self, space, args_w):
        if len(args_w) != len(self.args):
            raise oefmt(space.w_TypeError, '%s() takes %d arguments (%d given)', self.app_name, len(self.args),
                        len(args_w))
        frame = Frame(self.w_module)
        for i in range(len(args_w)):
            frame.locals_w[self.args[i]] = args_w[i]
        return self.body.eval(frame)


@export(W_Module, str)
def app_function(w_module, source):
    """The function that 'def name(a, b): expression' defines."""
    parser = Parser(source)
    parser.expect('def')
    name = parser.next()
    parser.expect('(')
    args = []
    while parser.peek() != ')':
        args.append(parser.next())
        if parser.peek() == ',':
            parser.next()
    parser.expect(')')
    parser.expect(':')
    return Function(AppCode(w_module, name, args, parser.comparison()))


class State(object):
    def __init__(self):
        self.modules_w = {}
        self.builtins_w = {}
        self.sys_path = []


STATE = State()


@export(str, W_Module)
def install(name, w_module):
    STATE.modules_w[name] = w_module


@export(str)
def import_module(name):
    w_module = STATE.modules_w.get(name, None)
    if w_module is None:
        raise oefmt(space.w_ImportError, 'No module named %s', name)
    return w_module


def execute(w_main, line, output):
    words = line.split(' ')
    if words[0] == 'import':
        w_main.dict_w[words[1]] = import_module(words[1])
    elif words[0] == 'def':
        w_main.dict_w[words[1].split('(')[0]] = app_function(w_main, line)
    elif len(words) > 2 and words[1] == '=':
        w_main.dict_w[words[0]] = Parser(' '.join(words[2:])).comparison().eval(Frame(w_main))
    elif words[0] == 'print':
        w_value = Parser(' '.join(words[1:])).comparison().eval(Frame(w_main))
        output.append(space.text_w(space.str(w_value)))
    else:
        Parser(line).comparison().eval(Frame(w_main))


@export(str)
def run(program):
    """Runs the lines of a program, and returns what it prints."""
    w_main = W_Module('__main__')
    output = []
    for line in program.split('\n'):
        try:
            execute(w_main, line, output)
        except OperationError as e:
            output.append(e.errorstr(space))
    return '\n'.join(output)
