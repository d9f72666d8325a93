"""Memo functions of the core to whose results extensions add.

A memo function maps classes or frozen objects to results that are computed when the core is translated, and extensions
have further classes and frozen objects.  So such a function is compiled into a table in the core, from identities to
results ("answers"); an extension computes its answers with the same Python function when it is translated, and adds
them when it is loaded.

If no extension can have further arguments, rpython's own implementation is kept: a field in each argument.
"""

import types

from rpython.annotator import description, model, specialize
from rpython.rtyper.extregistry import ExtRegistryEntry
from rpython.rtyper.lltypesystem import llmemory, lltype

from sepcomp.core import widening
from sepcomp.interfaces import annotations, lltexts, names
from sepcomp.passes import graphs

TABLE_C = '''
/* the answers to memo functions of this core: what was asked, by identity, and an answer of at most 8 bytes */
struct answer { const void *key[%(keys)d]; char value[8]; };
static struct answer *answers;
static unsigned long answers_room, answers_used;

static struct answer *find_answer(const void *const *key)
{
    unsigned long i, place = 0;
    for (i = 0; i < %(keys)d; i++)
        place = (place ^ (unsigned long)key[i] >> 3) * 0x9e3779b97f4a7c15UL;
    for (place >>= 20; ; place++) {
        struct answer *found = answers + (place & (answers_room - 1));
        if (found->key[0] == NULL || memcmp(found->key, key, sizeof(found->key)) == 0)
            return found;
    }
}

static void grow_answers(void)
{
    struct answer *old = answers;
    unsigned long i, size = answers_room;
    answers_room = size ? size * 2 : 64;
    answers = calloc(answers_room, sizeof(struct answer));
    if (answers == NULL) {
        fprintf(stderr, "out of memory\\n");
        abort();
    }
    for (i = 0; i < size; i++)
        if (old[i].key[0] != NULL)
            *find_answer(old[i].key) = old[i];
    free(old);
}

static void add_answer(const void *const *key, const void *value, size_t size)
{
    struct answer *row;
    if (answers_used * 2 >= answers_room)       /* half of the room stays empty */
        grow_answers();
    row = find_answer(key);
    answers_used += row->key[0] == NULL;
    memcpy(row->key, key, sizeof(row->key));
    memcpy(row->value, value, size);
}
'''

QUESTION_C = '''
EXPORTED %(add)s
{
    const void *key[%(keys)d] = { %(key)s };
    add_answer(key, &value, sizeof(value));
}

EXPORTED %(ask)s
{
    const void *key[%(keys)d] = { %(key)s };
    struct answer *row = find_answer(key);
    if (row->key[0] == NULL) {
        fprintf(stderr, "%(name)s() was asked about something for which no library has an answer\\n");
        abort();
    }
    return%(answer)s;
}
'''


class Question(object):
    """One memo table of a core. table: {tuple of arguments: answer}, as rpython collects it."""

    def __init__(self, questions, funcdesc, name, symbol, table):
        self.questions = questions
        self.funcdesc = funcdesc
        self.name = name
        self.symbol = symbol
        self.table = table
        self.graph = graphs.call_graph(funcdesc, self)
        self.pointer = None     # the low-level function, known after rtyping
        self.__name__ = 'memo_' + name

    def columns(self):
        """The values that each argument can have, in a stable order."""
        return [sorted(set(column), key=self.order) for column in zip(*self.table)]

    def order(self, value):
        return self.questions.name_of(value) or '', hash(type(value).__name__)

    def annotate(self):
        """Annotate arguments and result; also called when the table has become larger."""
        bookkeeper = self.funcdesc.bookkeeper
        self.args_s = [self.annotation(column) for column in self.columns()]
        self.s_result = widening.widen(model.unionof(*map(bookkeeper.immutablevalue, self.table.values())))
        bookkeeper.annotator.addpendinggraph(self.graph, self.args_s)
        for position in self.questions.asked_from.get(self.funcdesc, ()):
            bookkeeper.annotator.reflowfromposition(position)

    def annotation(self, column):
        s = model.unionof(*map(self.funcdesc.bookkeeper.immutablevalue, column))
        if self.questions.is_open(set(column)):     # there are more of them, see `classvalues`
            return model.SomePBC(s.descriptions, can_be_None=True)
        return widening.widen(s)

    # ---------------------------------------------------------------- after rtyping

    def types(self):
        """{symbol: FuncType} of the function that answers, and of the one that takes an answer."""
        FUNC = lltype.typeOf(self.pointer).TO
        keys = [llmemory.Address for A in FUNC.ARGS if A is not lltype.Void]
        STORE = lltype.FuncType(keys + [stored(FUNC.RESULT)], lltype.Void)
        return {self.symbol: FUNC, names.answer(self.symbol): STORE}

    def convert(self):
        """The table as low-level constants: [([argument], answer)]."""
        self.rows = []
        for args, answer in sorted(self.table.items(), key=lambda row: map(self.order, row[0])):
            kept = [r.convert_const(a) for r, a in zip(self.args_r, args) if r.lowleveltype is not lltype.Void]
            self.rows.append((kept, self.r_result.convert_const(answer)))

    def entry(self):
        """The interface's entry: a function that extensions call, with what they need to add their own answers."""
        args, result = [annotations.encode(s) for s in self.args_s], annotations.encode(self.s_result)
        return {'symbol': self.symbol, 'args': args, 'result': result, 'll_args': args, 'll_result': result,
                'll': lltexts.text(lltype.typeOf(self.pointer).TO),
                'asked': [map(self.questions.name_of, column) for column in self.columns()]}


def is_class(value):
    return isinstance(value, (type, types.ClassType))


class QuestionEntry(ExtRegistryEntry):
    """What the graph of a question calls."""
    _type_ = Question

    def compute_result_annotation(self, *args_s):
        return self.instance.s_result

    def specialize_call(self, hop):
        question = self.instance
        question.args_r, question.r_result = list(hop.args_r), hop.r_result
        FUNC = lltype.FuncType([r.lowleveltype for r in hop.args_r], hop.r_result.lowleveltype)
        question.pointer = lltype.functionptr(FUNC, question.symbol, external='C', canraise=False, _callable=None,
                                              random_effects_on_gcobjs=False)
        hop.exception_cannot_occur()
        vlist = [hop.inputconst(lltype.Ptr(FUNC), question.pointer)] + hop.inputargs(*hop.args_r)
        return hop.genop('direct_call', vlist, resulttype=hop.r_result)


class Questions(object):
    """The memo functions of a core that extensions answer, too.

    exports: exports.Exports; reads: classvalues.Reads.
    """

    def __init__(self, exports, reads):
        self.exports = exports
        self.reads = reads
        self.all = []
        self.asked_from = {}    # {FunctionDesc: positions of its calls}

    def concerns(self, table):
        return any(self.is_open(set(column)) for column in zip(*table))

    def is_open(self, column):
        """Whether extensions may bring further values."""
        first = iter(column).next()
        if column & self.reads.asked:
            return True
        if is_class(first):
            return len(column) > 1 and any(map(self.reads.is_open, column))
        return len(column) > 1 and hasattr(first, '_freeze_') and id(first) in self.exports.paths

    def name_of(self, value):
        """The name of an argument in the interface; None for one without a path."""
        if is_class(value):
            return self.exports.class_names.of(value)
        if isinstance(value, bool):
            return str(value)
        return self.exports.paths.get(id(value), (None,))[0]

    def ask(self, memotable):
        funcdesc = memotable.funcdesc
        func = funcdesc.pyobj
        name = self.exports.names.get(func, '%s.%s' % (func.__module__, func.__name__))
        number = len([question for question in self.all if question.name == name])
        question = Question(self, funcdesc, name, names.memo(name, number), memotable.table)
        self.all.append(question)
        funcdesc.bookkeeper.annotator.translator.graphs.append(question.graph)
        return question

    def used(self):
        return [question for question in self.all if question.pointer is not None]

    def functions(self):
        """{name: entry of the interface} of the memo functions that extensions can answer."""
        found = {}
        for question in self.used():
            try:
                entry = question.entry()
            except annotations.Unsupported:
                continue    # about something that no extension can name
            if len([q for q in self.used() if q.name == question.name]) == 1:
                found[question.name] = entry
        return found


def install(questions):
    specialize.MemoTable.finish = finish(questions, specialize.MemoTable.finish.im_func)
    specialize.MemoTable.absorb = absorb(questions, specialize.MemoTable.absorb.im_func)
    description.MemoDesc.pycall = pycall(questions, description.MemoDesc.pycall.im_func)


def finish(questions, original):
    def finish_table(self):
        question = getattr(self, 'sepcomp_question', None)
        if self.do_not_process or question is None and not questions.concerns(self.table):
            return original(self)
        if question is None:
            question = begin(questions, self)
        question.annotate()
    return finish_table


def begin(questions, memotable):
    memotable.sepcomp_question = questions.ask(memotable)
    memotable.graph = memotable.sepcomp_question.graph
    return memotable.sepcomp_question


def pycall(questions, original):
    """Widen the result of a memo function: extensions may add other answers, so it must not be a constant."""
    def pycall_memo(self, whence, args, s_previous_result, op=None):
        s_result = original(self, whence, args, s_previous_result, op)
        tables = self.bookkeeper.all_specializations.get(self)
        concerned = [] if tables is None else [t for t in tables.infos() if questions.concerns(t.table)]
        if not concerned:
            return s_result
        if isinstance(whence, tuple):
            questions.asked_from.setdefault(self, set()).add(whence)
        for memotable in concerned:
            if memotable.graph is not None and not hasattr(memotable, 'sepcomp_question'):
                begin(questions, memotable).annotate()      # finished as one about constants of the core only
        return widening.widen(s_result)
    return pycall_memo


def absorb(questions, original):
    """Tables are merged when they meet in one call; that of a question may still grow then."""
    def absorb_table(self, other):
        was_finished = any(t.graph is not None and not hasattr(t, 'sepcomp_question') for t in (self, other))
        if was_finished and questions.concerns(dict(self.table.items() + other.table.items())):
            begin(questions, self)
        found = [t.sepcomp_question for t in (self, other) if hasattr(t, 'sepcomp_question')]
        if not found:
            return original(self, other)
        self.table.update(other.table)
        other.do_not_process = True
        self.sepcomp_question, self.graph = found[0], found[0].graph
        for question in found:
            question.table = self.table
            question.annotate()
    return absorb_table


# ---------------------------------------------------------------- the C of a core

def core_text(db, questions):
    """(definitions, statements that add the core's own answers)"""
    words = 1 + max([len(question.args_s) for question in questions.used()] or [0])     # the question, and arguments
    parts, answers = [TABLE_C % {'keys': words}], []
    for number, question in enumerate(questions.used(), 1):
        parts.append(question_text(db, question, number, words))
        answers += ['    %s;' % answer_text(db, question.symbol, *row) for row in question.rows]
    return '\n'.join(parts), '\n'.join(answers)


def question_text(db, question, number, words):
    FUNC = lltype.typeOf(question.pointer).TO
    kept = [A for A in FUNC.ARGS if A is not lltype.Void]
    result, value = c_type(db, FUNC.RESULT), c_type(db, stored(FUNC.RESULT))
    args = ', '.join('%s a%d' % (c_type(db, A), i) for i, A in enumerate(kept))
    keys = ', '.join('%s a%d' % ('const void *', i) for i in range(len(kept)))
    return QUESTION_C % {
        'keys': words, 'name': question.name,
        'answer': '' if FUNC.RESULT is lltype.Void else ' *(%s *)row->value' % value,
        'key': ', '.join(['(void *)%dL' % number] + ['(const void *)(long)a%d' % i for i in range(len(kept))]),
        'ask': '%s %s(%s)' % (result, question.symbol, args),
        'add': 'void %s(%s, %s value)' % (names.answer(question.symbol), keys, value),
    }


def answer_text(db, symbol, args, answer):
    """A call that gives one answer."""
    keys = ['(const void *)(long)%s' % db.get(arg) for arg in args]
    return '%s(%s, %s)' % (names.answer(symbol), ', '.join(keys), '0' if answer is None else db.get(answer))


def stored(RESULT):
    """The type of an answer in the table; a function that always returns None has answers, too."""
    return lltype.Char if RESULT is lltype.Void else RESULT


def c_type(db, T):
    return db.gettype(T).replace('@', '').strip()
