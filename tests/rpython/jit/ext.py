import core
from core import W_Class, W_Error, W_Int, W_Root
from sepcomp import entrypoint


class W_Plus(W_Root):
    """Allocates an object of the core in each iteration."""

    def __init__(self, more):
        self.more = more

    def call(self, w_argument):
        if isinstance(w_argument, W_Int):
            return W_Int(w_argument.value + self.more)
        raise W_Error(w_argument)


class W_Big(W_Int):
    """For the core it is a W_Int; its class is different."""

    def add(self, w_other):
        if isinstance(w_other, W_Big):
            return W_Big(self.value + w_other.value + 2)
        if isinstance(w_other, W_Int):
            return W_Int(self.value + w_other.value + 1)
        raise W_Error(w_other)


class W_Pair(W_Root):
    """Allocates objects of its own, and adds up their fields."""

    def __init__(self, left, right):
        self.left = left
        self.right = right

    def call(self, w_argument):
        if isinstance(w_argument, W_Int):
            return W_Pair(w_argument, self)
        raise W_Error(w_argument)

    def measure(self):
        return W_Big(5) if isinstance(self.left, W_Big) else W_Int(6)


class W_Makes(W_Root):
    def call(self, w_argument):
        n = w_argument.as_int()
        if n % 3 == 0:
            return W_Big(n)
        if n % 3 == 1:
            return W_Int(n)
        return W_Pair(w_argument, w_argument).measure()


class W_Late(W_Error):
    pass


class W_Raises(W_Root):
    """Catches exceptions of the core, and raises one of its own in each iteration after `n`."""

    def __init__(self, n):
        self.n = n

    def call(self, w_argument):
        value = w_argument.as_int()
        if value > self.n:
            raise W_Late(w_argument)
        if value % 5 == 0:
            try:
                return w_argument.add(self)     # the core raises
            except W_Error as error:
                assert error.w_value is self
                return W_Int(50)
        return w_argument


class W_OwnClass(W_Class):
    def find(self, name):
        if name == "twice":
            return self.w_method
        raise W_Error(self)


class W_NoMethods(W_Class):
    def find(self, name):
        raise W_Error(W_Int(len(name)))


class W_Nested(W_Root):
    """Runs a loop inside the loop that calls it, and catches exceptions that leave it."""

    def call(self, w_argument):
        n = w_argument.as_int()
        try:
            return W_Int(core.evaluate(0, 20, W_Raises(20 - n % 9 // 8)))
        except W_Late as late:
            return late.w_value.add(W_Int(1000))


class W_Sends(W_Root):
    def __init__(self, w_class):
        self.w_class = w_class

    def class_of(self):
        return self.w_class


own = core.Global(W_Int(1))  # prebuilt, with a field that only the JIT knows


class W_Sets(W_Root):
    """Changes the global variable while traces assume it to be constant."""

    def call(self, w_argument):
        if w_argument.as_int() % 100 == 0:
            own.w_value = own.w_value.add(W_Int(w_argument.as_int()))
            core.variable.w_value = own.w_value
        return w_argument


class W_Looks(W_Root):
    """Reads the frame that runs in a trace, and changes it."""

    def inside(self, frame):
        w_i = core.local(frame, 0)
        if w_i.as_int() % 50 == 3:
            assert 4 < frame.depth < 12
            core.set_local(frame, 0, W_Int(w_i.as_int() + 1))
        return w_i


CORE, PLUS, PAIRS, MAKES, RAISES, SENDS, NO_METHODS, NESTED, SETS, LOOKS = range(10)


@entrypoint(int, int)
def use(what, n):
    if what == CORE:
        core.install(core.W_Twice())
    elif what == PLUS:
        core.install(W_Plus(n))
    elif what == PAIRS:
        core.install(W_Pair(W_Int(1), W_Int(2)))
    elif what == MAKES:
        core.install(W_Makes())
    elif what == RAISES:
        core.install(W_Raises(n))
    elif what == SENDS:
        core.install(W_Sends(W_OwnClass(W_Plus(n))))
    elif what == NO_METHODS:
        core.install(W_Sends(W_NoMethods(W_Plus(n))))
    elif what == NESTED:
        core.install(W_Nested())
    elif what == SETS:
        core.install(W_Sets())
    else:
        core.install(W_Looks())
    return 0
