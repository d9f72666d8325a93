"""A small interpreter with a JIT: a bytecode loop over an object model to which extensions can add."""

from rpython.rlib.debug import make_sure_not_resized
from rpython.rlib.jit import JitDriver, dont_look_inside, elidable, hint, promote, set_param

from sepcomp import entrypoint, export, export_class, export_stable

OPCODES = "CONST LOAD STORE ADD LESS UNLESS JUMP CALL TRY GLOBAL IS_INT SEND INSIDE RETURN".split()
(CONST, LOAD, STORE, ADD, LESS, UNLESS, JUMP, CALL, TRY, GLOBAL, IS_INT, SEND, INSIDE, RETURN) = range(len(OPCODES))
I, N, TOTAL, FUNCTION = range(4)  # the local variables of a program


@export_class
class W_Error(Exception):
    def __init__(self, w_value):
        self.w_value = w_value


@export_class
class W_Root(object):
    def add(self, w_other):
        raise W_Error(self)

    def less(self, w_other):
        raise W_Error(self)

    def call(self, w_argument):
        raise W_Error(self)

    def inside(self, frame):  # a call that knows who calls
        return self

    def is_true(self):
        return True

    def as_int(self):
        return -1

    def class_of(self):
        return plain


@export_class
class W_Class(W_Root):
    """Finds methods by name."""

    @export(W_Root)
    def __init__(self, w_method):
        self.w_method = w_method

    def find(self, name):
        if name == "twice":
            return self.w_method
        return None


@export_class
class W_Int(W_Root):
    _immutable_fields_ = ["value"]

    def __init__(self, value):
        self.value = value

    def add(self, w_other):
        if isinstance(w_other, W_Int):
            return W_Int(self.value + w_other.value)
        raise W_Error(w_other)

    def less(self, w_other):
        if isinstance(w_other, W_Int):
            return W_Bool(self.value < w_other.value)
        raise W_Error(w_other)

    def as_int(self):
        return self.value


class W_Bool(W_Root):
    def __init__(self, flag):
        self.flag = flag

    def is_true(self):
        return self.flag


@export_class
class W_Twice(W_Root):
    """A primitive of the core."""

    def call(self, w_argument):
        if isinstance(w_argument, W_Int):
            return W_Int((w_argument.value * 2) & 0xFFFF)
        return w_argument


@export_class
class Global(object):
    """A variable that traces assume to be constant until it changes."""

    _immutable_fields_ = ["w_value?"]

    @export(W_Root)
    def __init__(self, w_value):
        self.w_value = w_value


plain = W_Class(W_Twice())
variable = Global(W_Int(1))


class Registry(object):
    def __init__(self):
        self.w_function = W_Twice()


registry = Registry()


@export(W_Root)
def install(w_function):
    registry.w_function = w_function


@export_stable
class Frame(object):
    _virtualizable_ = ["stack[*]", "depth", "code"]

    def __init__(self, code):
        self = hint(self, access_directly=True, fresh_virtualizable=True)
        self.code = code
        self.stack = make_sure_not_resized([None] * 12)
        self.depth = 4

    def push(self, w_value):
        depth = self.depth
        assert depth >= 0
        self.stack[depth] = w_value
        self.depth = depth + 1

    def pop(self):
        depth = self.depth - 1
        assert depth >= 0
        self.depth = depth
        w_value = self.stack[depth]
        self.stack[depth] = None
        return w_value


@export(Frame, int)
def local(frame, n):
    assert n >= 0
    w_value = frame.stack[n]
    assert w_value is not None
    return w_value


@export(Frame, int, W_Root)
def set_local(frame, n, w_value):
    assert n >= 0
    frame.stack[n] = w_value


class Code(object):
    _immutable_fields_ = ["code", "constants[*]"]

    def __init__(self, code, constants):
        self.code = code
        self.constants = constants


@elidable
def find_method(w_class, name):
    return w_class.find(name)


@dont_look_inside
def call_inside(w_function, frame):
    return w_function.inside(frame)


driver = JitDriver(greens=["pc", "code"], reds=["frame"], virtualizables=["frame"])


def interpret(frame, code):
    frame = hint(frame, access_directly=True)
    pc = 0
    while True:
        driver.jit_merge_point(pc=pc, code=code, frame=frame)
        opcode, argument = ord(code.code[pc]), ord(code.code[pc + 1])
        pc += 2
        if opcode == CONST:
            frame.push(code.constants[argument])
        elif opcode == LOAD:
            frame.push(frame.stack[argument])
        elif opcode == STORE:
            frame.stack[argument] = frame.pop()
        elif opcode == ADD:
            w_right = frame.pop()
            frame.push(frame.pop().add(w_right))
        elif opcode == LESS:
            w_right = frame.pop()
            frame.push(frame.pop().less(w_right))
        elif opcode == UNLESS:
            if not frame.pop().is_true():
                pc = argument
        elif opcode == JUMP:
            if argument < pc:
                driver.can_enter_jit(pc=argument, code=code, frame=frame)
            pc = argument
        elif opcode == CALL:
            w_argument = frame.pop()
            frame.push(frame.pop().call(w_argument))
        elif opcode == TRY:
            w_argument = frame.pop()
            frame.push(call_safely(frame.pop(), w_argument))
        elif opcode == GLOBAL:
            frame.push(variable.w_value)
        elif opcode == IS_INT:
            frame.push(W_Int(int(isinstance(frame.pop(), W_Int))))
        elif opcode == SEND:
            w_argument = frame.pop()
            w_class = promote(frame.pop().class_of())
            w_method = find_method(w_class, "twice")
            frame.push(w_argument if w_method is None else w_method.call(w_argument))
        elif opcode == INSIDE:
            frame.push(call_inside(frame.pop(), frame))
        else:
            return frame.pop()


def call_safely(w_function, w_argument):
    try:
        return w_function.call(w_argument)
    except W_Error as error:
        return error.w_value


def assemble(text):
    words = text.split()
    return "".join([chr(OPCODES.index(words[k]) if k % 2 == 0 else int(words[k])) for k in range(len(words))])


BODIES = [
    "LOAD 3 LOAD 0 CALL 0",
    "LOAD 3 LOAD 0 TRY 0",
    "LOAD 3 LOAD 0 CALL 0 GLOBAL 0 ADD 0",
    "LOAD 3 LOAD 0 CALL 0 IS_INT 0",
    "LOAD 3 LOAD 0 SEND 0",
    "LOAD 3 INSIDE 0",
]


def loop(body):
    """while i < n: total = total + body; i = i + 1"""
    head = "LOAD 0 LOAD 1 LESS 0 UNLESS %d LOAD 2 " % (24 + len(body.split()))
    return assemble(head + body + " ADD 0 STORE 2 LOAD 0 CONST 0 ADD 0 STORE 0 JUMP 0 LOAD 2 RETURN 0")


PROGRAMS = [Code(loop(body), [W_Int(1)]) for body in BODIES]


@export(int, int, W_Root)
def evaluate(program, n, w_function):
    """The total after n iterations of a program with this function; extensions run it inside another loop."""
    frame = Frame(PROGRAMS[program])
    frame.stack[I], frame.stack[N] = W_Int(0), W_Int(n)
    frame.stack[TOTAL], frame.stack[FUNCTION] = W_Int(0), w_function
    return interpret(frame, frame.code).as_int()


@entrypoint(int, int)
def run(program, n):
    """The same with the function that was installed."""
    try:
        return evaluate(program, n, registry.w_function)
    except W_Error as error:
        return -1000 - error.w_value.as_int()


@entrypoint(int)
def hot_after(rounds):
    """After how many iterations a loop, and then a bridge, is compiled."""
    set_param(None, "threshold", rounds)
    set_param(None, "trace_eagerness", rounds)
    return 0
