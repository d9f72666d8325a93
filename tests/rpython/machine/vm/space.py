# ruff: noqa
"""A frozen object space, as PyPy has one, with memo functions about what extensions bring."""

from rpython.rlib.objectmodel import specialize
from rpython.rlib.debug import make_sure_not_resized


class TypeDef(object):
    def __init__(self, name):
        self.name = name

    def _freeze_(self):
        return True


class W_Root(object):
    typedef = TypeDef("object")
    kind = 1

    def type_name(self):
        return space.gettype(self.typedef).name

    def class_number(self):
        return number_of(self.__class__) + self.__class__.kind


class W_Type(W_Root):
    typedef = TypeDef("type")
    kind = 2

    def __init__(self, name):
        self.name = name


class W_Text(W_Root):
    typedef = TypeDef("text")

    def __init__(self, text):
        self.text = text


class W_None(W_Root):
    pass


NUMBERS = {}


@specialize.memo()
def number_of(cls):
    return len(cls.__name__)


class Space(object):
    def __init__(self):
        self.w_None = W_None()
        self.types = {}
        self.caches = {}

    def _freeze_(self):
        return True

    def newtext(self, text):
        return W_Text(text)

    def join(self, texts_w):
        make_sure_not_resized(texts_w)
        return self.newtext(" ".join([text_of(w) for w in texts_w]))

    def is_none(self, w):
        return w is self.w_None

    @specialize.memo()
    def gettype(self, typedef):
        if typedef not in self.types:
            self.types[typedef] = W_Type(typedef.name)
        return self.types[typedef]

    @specialize.memo()
    def fromcache(self, key):
        if key not in self.caches:
            self.caches[key] = key(self)
        return self.caches[key]


def text_of(w):
    assert isinstance(w, W_Text)
    return w.text


space = Space()
