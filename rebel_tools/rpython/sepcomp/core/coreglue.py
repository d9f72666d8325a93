"""The hand-written part of a core's C: start, registration of extensions, the last error, layouts."""

import ctypes
from StringIO import StringIO

from rpython.rtyper import rclass
from rpython.rtyper.lltypesystem import lltype

from sepcomp import adapters
from sepcomp.interfaces import lltexts, support
from sepcomp.shared import answers, escaped, finalizers, gcnames, templates, threads

RESERVE = '''
/* copy the type ids of an extension; returns the offset of its group, or -1 when the reserve is full */
EXPORTED long sepcomp_add_types(const void *group, size_t size)
{
    static size_t used = 0;
    size_t start = used;
    size = (size + 15) & ~(size_t)15;
    if (start + size > sizeof(sepcomp_typeinfo.sepcomp_reserve))
        return -1;
    memcpy(sepcomp_typeinfo.sepcomp_reserve + start, group, size);
    used += size;
    return (long)(sepcomp_typeinfo.sepcomp_reserve + start - (char *)&sepcomp_typeinfo);
}
'''

ROOTS = '''
/* fields of raw structures of an extension that may point to GC objects; -1: out of memory */
EXPORTED int sepcomp_add_roots(void **roots, long count)
{
    void **start = (void **)sepcomp_gcdata.%(start)s, **nongc = (void **)sepcomp_gcdata.%(nongc)s;
    void **end = (void **)sepcomp_gcdata.%(end)s, **table;
    long n1 = nongc - start, n2 = end - nongc;
    if (count == 0)
        return 0;
    table = malloc((n1 + count + n2) * sizeof(void *));     /* never freed: there is no unloading */
    if (table == NULL)
        return -1;
    memcpy(table, start, n1 * sizeof(void *));
    memcpy(table + n1, roots, count * sizeof(void *));
    memcpy(table + n1 + count, nongc, n2 * sizeof(void *));
    sepcomp_gcdata.%(start)s = table;
    sepcomp_gcdata.%(nongc)s = table + n1 + count;
    sepcomp_gcdata.%(end)s = table + n1 + count + n2;
    return 0;
}
'''

REST = '''
static void give_answers(void);

EXPORTED const char sepcomp_digest[] = "%(digest)s";
EXPORTED const char sepcomp_stable_digest[] = "%(stable)s";

static int started = 0;
%(gate)s
/* to be called between sepcomp_enter() and sepcomp_leave() */
EXPORTED int sepcomp_start(void)
{
    if (!started) {
        started = 1;
        %(before_start)s
        give_answers();
        %(take_gil)s
        RPython_StartupCode();
    }
    return 0;
}

static __thread char error_text[512];
static __thread const char *last_error = NULL;

EXPORTED const char *sepcomp_last_error(void) { return last_error; }
EXPORTED void sepcomp_clear_error(void) { last_error = NULL; }

EXPORTED void sepcomp_set_error(const char *text)
{
    snprintf(error_text, sizeof(error_text), "%%s", text);
    last_error = error_text;
}

/* the exception that is set becomes the last error, and is gone; `own` is its message, and `own_errno` its errno, where
   the library that caught it knows them */
EXPORTED void sepcomp_record_error(void *own, int own_errno)
{
    RPyString *name = RPyFetchExceptionType()->%(name)s;
    RPyString *message = own != NULL ? own : message_of_exception();
    int number = own_errno != 0 ? own_errno : errno_of_exception();
    int length = snprintf(error_text, sizeof(error_text), "%%.*s", (int)RPyString_Size(name),
                          _RPyString_AsString(name));
    if (message != NULL && RPyString_Size(message) > 0)
        snprintf(error_text + length, sizeof(error_text) - length, ": %%.*s", (int)RPyString_Size(message),
                 _RPyString_AsString(message));
    else if (number != 0)
        snprintf(error_text + length, sizeof(error_text) - length, ": [Errno %%d] %%s", number, strerror(number));
    last_error = error_text;
    RPyClearException();
}

static __thread const char *sepcomp_last_string = NULL;
'''

INCLUDES = '''#include "common_header.h"
#include "structdef.h"
#include "forwarddecl.h"
#include "preimpl.h"
#define PYPY_FILE_NAME "%s"
#include "src/g_include.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define EXPORTED __attribute__((visibility("default")))
'''


def field(db, T, name):
    return db.gettypedefnode(T).c_struct_field_name(name)


def text(db, core, emitted, digest, stable_digest):
    gcdata = lltype.typeOf(db.gctransformer.c_const_gcdata.value).TO
    roots = dict((key, field(db, gcdata, 'inst_static_root_' + name))
                 for key, name in [('start', 'start'), ('nongc', 'nongcend'), ('end', 'end')])
    definitions, given = answers.core_text(db, core.questions)
    gate, take_gil = threads.core_text(core.options.thread)
    parts = [INCLUDES % 'core_glue.c', '#include "src/thread.h"', 'void RPython_StartupCode(void);', RESERVE,
             ROOTS % roots,
             escaped.text(db, core.messages),
             REST % {'gate': gate, 'take_gil': take_gil, 'before_start': adapters.choose().BEFORE_START,
                     'digest': digest, 'stable': stable_digest, 'name': field(db, rclass.OBJECT_VTABLE, 'name')}]
    parts.append(finalizers.core_text(db))
    parts.append(definitions)
    parts.append(templates.core_text(core.bodies))
    parts.append('static void give_answers(void)\n{\n%s\n}' % given)
    parts += [e.definition('NULL, 0', entered='sepcomp_start();') for e in emitted]
    return '\n'.join(parts) + '\n'


def thread_local_struct(db):
    """The C of `struct pypy_threadlocal_s`, which must be the same in core and extensions."""
    from rpython.translator.c import genc
    out = StringIO()
    genc.gen_threadlocal_structdef(out, db)
    return out.getvalue()


class Layout(object):
    """Numbers that only the C compiler can compute, read from a library that contains nothing else."""

    def __init__(self, db, core):
        self.db = db
        self.core = core
        self.keys = []
        self.expressions = []

    def add(self, key, expression):
        self.keys.append(key)
        self.expressions.append(expression)

    def collect(self):
        db, gct = self.db, self.db.gctransformer
        for owner, const, wanted in [('gc', gct.c_const_gc, gcnames.GC_FIELDS),
                                     ('gcdata', gct.c_const_gcdata, gcnames.GCDATA_FIELDS)]:
            T = lltype.typeOf(const.value).TO
            for name in wanted:
                self.add_field((owner, name), T, 'inst_' + name)
        group = db.getcontainernode(gct.c_type_info_group.value._obj).name
        texts = [(lltexts.text(TYPE), type_id.index) for TYPE, type_id in gct.layoutbuilder.id_of_type.items()]
        for text, index in sorted(texts):
            self.add(('type', text), 'offsetof(struct group_%s_s, member%d)' % (group, index))
        for classdef in self.core.exports.bookkeeper.classdefs:
            if classdef.name in self.core.classes and not self.core.classes[classdef.name]['stable']:
                self.add_class(classdef)
        for container, name in db.exported.items():
            if not isinstance(lltype.typeOf(container), lltype.FuncType):
                self.add(('symbol', name), 'sizeof(%s)' % name)
        self.add(('symbol', 'sepcomp_stable_digest'), '65')
        for name in support.RUNTIME_DATA:
            self.add(('symbol', name), 'sizeof(%s)' % name)

    def add_field(self, key, T, name):
        """The offset of a field that may be in an inlined parent."""
        prefix = []
        while name not in T._names:
            prefix.append(field(self.db, T, 'super'))
            T = T.super
        top = T if not prefix else self.top
        self.add(key, 'offsetof(%s, %s)' % (self.c_type(T if not prefix else top),
                                            '.'.join(prefix + [field(self.db, T, name)])))

    def c_type(self, T):
        return self.db.gettype(T).replace('@', '').strip()

    def add_class(self, classdef):
        rtyper = self.core.translator.rtyper
        T = rclass.getinstancerepr(rtyper, classdef).object_type
        if T not in self.db.structdefnodes:
            return
        self.add(('size', classdef.name), 'sizeof(%s)' % self.c_type(T))
        for name, kind in lltexts.layout(T):
            if kind != 'Void':
                self.add(('offset', classdef.name, name),
                         'offsetof(%s, %s)' % (self.c_type(T), field(self.db, T, name)))
        VT = classdef.repr.vtable_type
        if VT in self.db.structdefnodes:
            self.add(('vtable_size', classdef.name), 'sizeof(%s)' % self.c_type(VT))

    def measure(self, builder, log):
        """{'offsets': {...}, 'types': {text: id}, ...} for the interface, and class ids."""
        self.collect()
        lines = [INCLUDES % 'layout.c', '#include "src/thread.h"', 'EXPORTED const long sepcomp_layout[] = {']
        builder.write('layout.c', '\n'.join(lines + [e + ',' for e in self.expressions] + ['0 };\n']))
        path = builder.compilation(['layout.c'], ['-Wl,-z,lazy']).make('layout.so', ['sepcomp_layout'], 1, log)
        table = (ctypes.c_long * (len(self.keys) + 1)).in_dll(ctypes.CDLL(path), 'sepcomp_layout')
        values = dict(zip(self.keys, table))
        self.sizes = dict((key[1], value) for key, value in values.items() if key[0] == 'symbol')
        return self.as_data(values)

    def as_data(self, values):
        types = {}
        for key, value in values.items():
            if key[0] == 'type':
                types[key[1]] = value
        texts = [key[1] for key in self.keys if key[0] == 'type']
        for one in set(texts):
            if texts.count(one) > 1:        # two types that look alike: an extension makes its own
                del types[one]
        classes = {}
        for key, value in values.items():
            if key[0] in ('size', 'offset', 'vtable_size'):
                classes.setdefault(key[1], {})['.'.join(key[:1] + key[2:])] = value
        ids = dict((c.name, [c.minid.compute_fn(), c.maxid.compute_fn()])
                   for c in self.core.exports.bookkeeper.classdefs if c.name in self.core.classes)
        offsets = dict(('.'.join(key), value) for key, value in values.items() if key[0] in ('gc', 'gcdata'))
        return {'types': types, 'class_layouts': classes, 'class_ids': ids, 'offsets': offsets}
