# ruff: noqa
"""deque: a doubly linked list of blocks, as in PyPy's module of this name; and a table with default values."""
from interpreter.baseobj import W_Root
from interpreter.error import OperationError, oefmt
from interpreter.gateway import GetSetProperty, WrappedDefault, interp2app, methods_of, unwrap_spec
from interpreter.objects import W_ListObject
from interpreter.typedef import TypeDef

# A deque is a linked list of blocks of BLOCKLEN items. The leftmost item is leftblock.data[leftindex], the rightmost
# rightblock.data[rightindex]; an empty deque has leftblock is rightblock and rightindex == leftindex - 1.

BLOCKLEN = 8
CENTER = (BLOCKLEN - 1) // 2
NO_LIMIT = -1


class Block(object):
    __slots__ = ('leftlink', 'rightlink', 'data')

    def __init__(self, leftlink, rightlink):
        self.leftlink = leftlink
        self.rightlink = rightlink
        self.data = [None] * BLOCKLEN


class Statistics(object):
    """What all deques of a space have in common."""

    def __init__(self, space):
        self.made = 0
        self.blocks = 0


class Lock(object):
    """Changes when the deque does, so that iterators notice."""
    pass


class W_Deque(W_Root):
    def __init__(self, space):
        self.space = space
        self.maxlen = NO_LIMIT
        self.lock = None
        self.clear()
        space.fromcache(Statistics).made += 1

    def clear(self):
        self.leftblock = self.new_block(None, None)
        self.rightblock = self.leftblock
        self.leftindex = CENTER + 1
        self.rightindex = CENTER
        self.len = 0
        self.modified()

    def new_block(self, leftlink, rightlink):
        self.space.fromcache(Statistics).blocks += 1
        return Block(leftlink, rightlink)

    def modified(self):
        self.lock = None

    def getlock(self):
        if self.lock is None:
            self.lock = Lock()
        return self.lock

    def checklock(self, lock):
        if lock is not self.lock:
            raise oefmt(self.space.w_ValueError, 'deque mutated during iteration')

    # ------------------------------------------------------------ both ends

    def append_right(self, w_x):
        ri = self.rightindex + 1
        if ri >= BLOCKLEN:
            b = self.new_block(self.rightblock, None)
            self.rightblock.rightlink = b
            self.rightblock = b
            ri = 0
        self.rightindex = ri
        self.rightblock.data[ri] = w_x
        self.len += 1

    def append_left(self, w_x):
        li = self.leftindex - 1
        if li < 0:
            b = self.new_block(None, self.leftblock)
            self.leftblock.leftlink = b
            self.leftblock = b
            li = BLOCKLEN - 1
        self.leftindex = li
        self.leftblock.data[li] = w_x
        self.len += 1

    def pop_right(self):
        if self.len == 0:
            raise oefmt(self.space.w_IndexError, 'pop from an empty deque')
        self.len -= 1
        ri = self.rightindex
        w_obj = self.rightblock.data[ri]
        self.rightblock.data[ri] = None
        ri -= 1
        if ri < 0:
            if self.len == 0:
                self.leftindex = CENTER + 1     # the block becomes the only one, and is empty
                ri = CENTER
            else:
                b = self.rightblock.leftlink
                self.rightblock = b
                b.rightlink = None
                ri = BLOCKLEN - 1
        self.rightindex = ri
        self.modified()
        return w_obj

    def pop_left(self):
        if self.len == 0:
            raise oefmt(self.space.w_IndexError, 'pop from an empty deque')
        self.len -= 1
        li = self.leftindex
        w_obj = self.leftblock.data[li]
        self.leftblock.data[li] = None
        li += 1
        if li >= BLOCKLEN:
            if self.len == 0:
                li = CENTER + 1
                self.rightindex = CENTER
            else:
                b = self.leftblock.rightlink
                self.leftblock = b
                b.leftlink = None
                li = 0
        self.leftindex = li
        self.modified()
        return w_obj

    def trim_left(self):
        if self.maxlen != NO_LIMIT:
            while self.len > self.maxlen:
                self.pop_left()

    def trim_right(self):
        if self.maxlen != NO_LIMIT:
            while self.len > self.maxlen:
                self.pop_right()

    def locate(self, i):
        """(block, index in it) of the item i."""
        i += self.leftindex
        b = self.leftblock
        while i >= BLOCKLEN:
            b = b.rightlink
            i -= BLOCKLEN
        return b, i

    # ------------------------------------------------------------ application level

    def descr_append(self, w_x):
        """Add an element to the right side of the deque."""
        self.append_right(w_x)
        self.trim_left()
        self.modified()

    def descr_appendleft(self, w_x):
        """Add an element to the left side of the deque."""
        self.append_left(w_x)
        self.trim_right()
        self.modified()

    def descr_extend(self, space, w_iterable):
        """Extend the right side of the deque with elements from the iterable."""
        if w_iterable is self:      # the items that it has now, once
            w_iterable = space.newlist(self.items())
        w_iter = space.iter(w_iterable)
        while True:
            try:
                w_obj = space.next(w_iter)
            except OperationError as e:
                if not e.match(space, space.w_StopIteration):
                    raise
                break
            self.descr_append(w_obj)

    def descr_extendleft(self, space, w_iterable):
        """Extend the left side of the deque with elements from the iterable."""
        for w_obj in space.unpackiterable(w_iterable):
            self.descr_appendleft(w_obj)

    def descr_pop(self):
        """Remove and return the rightmost element."""
        return self.pop_right()

    def descr_popleft(self):
        """Remove and return the leftmost element."""
        return self.pop_left()

    def descr_clear(self):
        """Remove all elements from the deque."""
        self.clear()

    @unwrap_spec(n=int)
    def descr_rotate(self, n=1):
        """Rotate the deque n steps to the right. If n is negative, rotates left."""
        if self.len > 1:
            n %= self.len
            for i in range(n):
                self.append_left(self.pop_right())
            self.modified()
        return self

    def descr_remove(self, space, w_x):
        """Remove the first occurrence of a value."""
        items_w = self.items()
        for i in range(len(items_w)):
            if space.eq_w(items_w[i], w_x):
                break
        else:
            raise oefmt(space.w_ValueError, 'deque.remove(x): %R is not in deque', w_x)
        del items_w[i]
        self.clear()
        for w_item in items_w:
            self.append_right(w_item)

    @unwrap_spec(index='index')
    def descr_getitem(self, space, index):
        if index < 0:
            index += self.len
        if index < 0 or index >= self.len:
            raise oefmt(space.w_IndexError, 'deque index %d out of range (%d items)', index, self.len)
        b, i = self.locate(index)
        return b.data[i]

    @unwrap_spec(index='index')
    def descr_setitem(self, space, index, w_value):
        if index < 0 or index >= self.len:
            raise oefmt(space.w_IndexError, 'deque index out of range')
        b, i = self.locate(index)
        b.data[i] = w_value

    def descr_len(self, space):
        return space.newint(self.len)

    def descr_iter(self, space):
        return W_DequeIter(self)

    def descr_copy(self, space):
        """A shallow copy."""
        w_deque = W_Deque(space)
        w_deque.maxlen = self.maxlen
        for w_item in self.items():
            w_deque.append_right(w_item)
        return w_deque

    @unwrap_spec(maxlen=int)
    def descr_limit(self, space, maxlen):
        """Keep at most so many of the elements, those of the right."""
        if maxlen < 0:
            raise oefmt(space.w_ValueError, 'maxlen must be non-negative, not %d', maxlen)
        self.maxlen = maxlen
        self.trim_left()
        return self

    def descr_get_maxlen(self, space):
        if self.maxlen == NO_LIMIT:
            return space.w_None
        return space.newint(self.maxlen)

    def descr_repr(self, space):
        texts = [space.text_w(space.repr(w_item)) for w_item in self.items()]
        return space.newtext('deque([%s])' % ', '.join(texts))

    def items(self):
        result = []
        b, i = self.leftblock, self.leftindex
        for _ in range(self.len):
            if i >= BLOCKLEN:
                b = b.rightlink
                i = 0
            w_item = b.data[i]
            assert w_item is not None
            result.append(w_item)
            i += 1
        return result


@unwrap_spec(w_iterable=WrappedDefault(None))
def descr_new_deque(space, w_subtype, w_iterable=None):
    w_deque = space.allocate_instance(W_Deque, w_subtype)
    W_Deque.__init__(w_deque, space)
    if not space.is_none(w_iterable):
        w_deque.descr_extend(space, w_iterable)
    return w_deque


class W_DequeIter(W_Root):
    def __init__(self, deque):
        self.space = deque.space
        self.deque = deque
        self.block = deque.leftblock
        self.index = deque.leftindex
        self.counter = deque.len
        self.lock = deque.getlock()

    def descr_iter(self, space):
        return self

    def descr_len(self, space):
        return space.newint(self.counter)

    def descr_next(self, space):
        if self.lock is not self.deque.lock:
            self.counter = 0
            raise oefmt(space.w_ValueError, 'deque mutated during iteration')
        if self.counter == 0:
            raise OperationError(space.w_StopIteration, space.w_None)
        self.counter -= 1
        if self.index >= BLOCKLEN:
            self.block = self.block.rightlink
            self.index = 0
        w_x = self.block.data[self.index]
        self.index += 1
        return w_x


class W_DefaultTable(W_Root):
    """From texts to objects; what is missing is made by a function."""

    def __init__(self, w_factory):
        self.w_factory = w_factory
        self.content = {}

    @unwrap_spec(key='text')
    def descr_get(self, space, key):
        try:
            return self.content[key]
        except KeyError:
            if space.is_none(self.w_factory):
                raise oefmt(space.w_IndexError, 'no %s in a %T', key, self)
            w_value = self.content[key] = space.call_function(self.w_factory)
            return w_value

    @unwrap_spec(key='text')
    def descr_set(self, space, key, w_value):
        self.content[key] = w_value

    def descr_len(self, space):
        return space.newint(len(self.content))


def descr_new_table(space, w_subtype, w_factory):
    w_table = space.allocate_instance(W_DefaultTable, w_subtype)
    W_DefaultTable.__init__(w_table, w_factory)
    return w_table


def merged(space, w_one, w_two):
    """The elements of two iterables, in turns."""
    one_w, two_w = space.unpackiterable(w_one), space.unpackiterable(w_two)
    result_w = []
    for i in range(max(len(one_w), len(two_w))):
        if i < len(one_w):
            result_w.append(one_w[i])
        if i < len(two_w):
            result_w.append(two_w[i])
    return space.newlist(result_w)


def statistics(space):
    found = space.fromcache(Statistics)
    return space.newlist([space.newint(found.made), space.newint(found.blocks)])


for cls in (W_Deque, W_DequeIter, W_DefaultTable):
    methods_of(cls)

W_Deque.typedef = TypeDef(
    'deque', W_Root.typedef,
    __doc__="deque(iterable) --> deque object",
    __new__=interp2app(descr_new_deque),
    __len__=interp2app(W_Deque.descr_len.im_func, '__len__'),
    __iter__=interp2app(W_Deque.descr_iter.im_func, '__iter__'),
    __repr__=interp2app(W_Deque.descr_repr.im_func, '__repr__'),
    append=interp2app(W_Deque.descr_append.im_func),
    appendleft=interp2app(W_Deque.descr_appendleft.im_func),
    extend=interp2app(W_Deque.descr_extend.im_func),
    extendleft=interp2app(W_Deque.descr_extendleft.im_func),
    pop=interp2app(W_Deque.descr_pop.im_func),
    popleft=interp2app(W_Deque.descr_popleft.im_func),
    clear=interp2app(W_Deque.descr_clear.im_func),
    rotate=interp2app(W_Deque.descr_rotate.im_func),
    remove=interp2app(W_Deque.descr_remove.im_func),
    item=interp2app(W_Deque.descr_getitem.im_func),
    put=interp2app(W_Deque.descr_setitem.im_func),
    copy=interp2app(W_Deque.descr_copy.im_func),
    limit=interp2app(W_Deque.descr_limit.im_func),
    maxlen=GetSetProperty(W_Deque.descr_get_maxlen.im_func),
)
W_DequeIter.typedef = TypeDef(
    'deque_iterator', W_Root.typedef,
    __iter__=interp2app(W_DequeIter.descr_iter.im_func, '__iter__'),
    __len__=interp2app(W_DequeIter.descr_len.im_func, '__len__'),
    next=interp2app(W_DequeIter.descr_next.im_func),
)
W_DefaultTable.typedef = TypeDef(
    'defaulttable', W_Root.typedef,
    __new__=interp2app(descr_new_table),
    __len__=interp2app(W_DefaultTable.descr_len.im_func, '__len__'),
    get=interp2app(W_DefaultTable.descr_get.im_func),
    set=interp2app(W_DefaultTable.descr_set.im_func),
)
