"""@specialize.memo() over constants of the core.

rpython stores the results of a memo function in a new field of each argument.  Constants of the core (classes and
frozen objects) cannot get new fields, so here the arguments are compared with each constant in turn.
"""

import types

from rpython.annotator import specialize
from rpython.annotator.model import unionof


def install(core):
    specialize.MemoTable.finish = finish(core, specialize.MemoTable.finish.im_func)


def finish(core, original):
    def finish_table(self):
        if self.do_not_process or not any(is_of_core(core, arg) for args in self.table for arg in args):
            return original(self)
        bookkeeper = self.funcdesc.bookkeeper
        function = switch(self.funcdesc.name, ordered(bookkeeper, self.table))
        self.graph = bookkeeper.annotator.translator.buildflowgraph(function)
        self.graph.defaults = self.funcdesc.defaults
        columns = zip(*self.table)
        args_s = [unionof(*[bookkeeper.immutablevalue(value) for value in column]) for column in columns]
        bookkeeper.annotator.addpendinggraph(self.graph, args_s)
    return finish_table


def is_of_core(core, value):
    """Whether the core has this constant."""
    if isinstance(value, (bool, type(None))):
        return True
    if isinstance(value, (type, types.ClassType)):
        return core.owns_class(value)
    return id(value) in core.paths


def ordered(bookkeeper, table):
    """The rows of a table, in an order that does not depend on addresses: that of the descriptions (see `hashes`).

    An argument that is the same in all rows can be anything, also an object without a description.
    """
    columns = [len(set(map(id, column))) > 1 for column in zip(*table)]

    def key(value):
        return repr(value) if isinstance(value, (bool, type(None))) else hash(bookkeeper.getdesc(value))
    return sorted(table.items(), key=lambda row: [key(value) for value, varies in zip(row[0], columns) if varies])


def switch(name, rows):
    """A function that compares its arguments with each row of a table."""
    names = ['a%d' % i for i in range(len(rows[0][0]))]
    namespace, lines = {}, ['def memo_%s(%s):' % (name, ', '.join(names))]
    for row, (args, result) in enumerate(rows):
        tests = []
        for column, (argument, value) in enumerate(zip(names, args)):
            constant = 'c%d_%d' % (row, column)
            namespace[constant] = value
            if isinstance(value, bool):
                tests.append('%s == %s' % (argument, constant))
            else:
                tests.append('%s is %s' % (argument, constant))
        namespace['r%d' % row] = result
        lines += ['    if %s:' % ' and '.join(tests), '        return r%d' % row]
    lines.append('    raise NotImplementedError    # a class that this extension does not know')
    exec '\n'.join(lines) + '\n' in namespace
    return namespace['memo_' + name]
