"""The hand-written part of an extension's C: init_module() and the entry points."""

from rpython.rtyper.lltypesystem import lltype
from rpython.translator.c import genc

from sepcomp.core import coreglue
from sepcomp.extension import importreprs
from sepcomp.shared import escaped, finalizers, ownvalues, templates

DECLARATIONS = '''
#define WEAK __attribute__((weak))
extern const char %(digest_symbol)s[] WEAK;
extern int sepcomp_start(void) WEAK;
extern int sepcomp_enter(void) WEAK;
extern void sepcomp_leave(int) WEAK;
extern long sepcomp_add_types(const void *, size_t) WEAK;
extern int sepcomp_add_roots(void **, long) WEAK;
extern const char *sepcomp_last_error(void) WEAK;
extern void sepcomp_clear_error(void) WEAK;
extern void sepcomp_record_error(void *, int) WEAK;
extern void sepcomp_set_error(const char *) WEAK;
extern long sepcomp_add_finalizer_queue(void (*)(void)) WEAK;
extern unsigned long sepcomp_template(unsigned long) WEAK;
%(queues)s

unsigned int sepcomp_tid_base = 0;
static int ready = 0;
static __thread const char *sepcomp_last_string = NULL;

static int not_ready(void)
{
    if (ready)
        return 0;
    if (sepcomp_set_error)
        sepcomp_set_error("init_module() of %(name)s has not been called, or has failed");
    return 1;
}
'''

INIT = '''
static int is_right_core(void)
{
    if (%(digest_symbol)s == NULL) {
        fprintf(stderr, "%(name)s: the core %(core)s is not loaded, or is no core\\n");
        return 0;
    }
    if (strcmp(%(digest_symbol)s, "%(digest)s") != 0) {
        fprintf(stderr, "%(name)s: built for another version of the core %(core)s: its interface has the digest "
                "%(short)s..., the loaded core %%.12s...; build %(name)s again\\n", %(digest_symbol)s);
        return 0;
    }
%(accessors)s%(templates)s    return 1;
}

static int register_types(void)
{
    size_t i;
    long base = sepcomp_add_types(&%(group)s, sizeof(%(group)s));
    if (base < 0) {
        fprintf(stderr, "%(name)s: the core has no room for more types; build it with a larger type reserve\\n");
        return 0;
    }
    sepcomp_tid_base = (unsigned int)base;
    for (i = 0; i < sizeof(headers) / sizeof(headers[0]) - 1; i++)
        headers[i]->%(tid)s += base;
    return sepcomp_add_roots(%(roots)s, %(rootcount)d) == 0;
}

/* once in a process, whatever becomes of the initializers: an import that failed may be tried again */
static int bind_to_core(void)
{
    static enum { UNBOUND, BINDING, BOUND } state = UNBOUND;
    if (state != UNBOUND)
        return state == BOUND;
    state = BINDING;
    sepcomp_start();
    if (!register_types())
        return 0;
    fill_vtables();
%(add_queues)s
    sepcomp_extension_startup();
%(give_answers)s
    state = BOUND;
    return 1;
}

static int initialize(void)
{
    if (ready)
        return 1;
    if (!bind_to_core())
        return 0;
    ready = 1;
%(initializers)s
    return 1;
}

EXPORTED int init_module(void)
{
    int done, entered;
    if (!is_right_core())
        return 1;
    entered = sepcomp_enter();
    done = initialize();
    sepcomp_leave(entered);
    return !done;
}
'''

INITIALIZER = '''    %s();
    if (RPyExceptionOccurred()) {
        sepcomp_record_error(message_of_exception(), errno_of_exception());
        fprintf(stderr, "%s: the initializer %s() raised %%s\\n", sepcomp_last_error());
        ready = 0;
        return 0;
    }'''


def startup_code(f, database):
    """Replaces genc.gen_startupcode: everything at load except starting the GC."""
    f.write('void sepcomp_extension_startup(void) {\n')
    for dest, value in database.late_initializations:
        f.write('\t%s = %s;\n' % (dest, value))
    for container in database.containerlist:
        for line in container.startupcode():
            f.write('\t%s\n' % line)
    for func in database.translator._call_at_startup:
        f.write('\t%s();\n' % database.get(func))
    f.write('}\n')


def install(core):
    genc.gen_startupcode = startup_code
    genc.add_extra_files = lambda *arguments: arguments[-1]     # the last is the ExternalCompilationInfo
    genc.gen_threadlocal_structdef = lambda f, database: f.write(core.data['thread_locals'])


def text(db, extension, emitted, initializers):
    core, name = extension.core, extension.name + '.so'
    gct = db.gctransformer
    queues, add_queues = finalizers.extension_text(db)
    answers, give_answers = ownvalues.definitions(db, extension.answered)
    group = db.getcontainernode(gct.c_type_info_group.value._obj).name
    values = {
        'name': name, 'core': core.data['library'], 'digest': core.digest, 'short': core.digest[:12], 'group': group,
        'digest_symbol': 'sepcomp_stable_digest' if extension.is_stable else 'sepcomp_digest',
        'accessors': accessors(db, name), 'templates': templates.checks(core.used.plain()) % {'name': name},
        'queues': '\n'.join([queues, answers]),
        'add_queues': add_queues, 'give_answers': give_answers,
        'tid': coreglue.field(db, gct.HDR, 'tid'),
        'roots': '(void **)%s' % root_array(db, gct), 'rootcount': len(gct.static_roots._obj.items),
        'initializers': '\n'.join(INITIALIZER % (cname, name, func) for func, cname in initializers),
    }
    parts = [coreglue.INCLUDES % (name + '_glue.c'), 'void sepcomp_extension_startup(void);', DECLARATIONS % values,
             escaped.text(db, extension.messages), headers(db, gct), vtables(db, extension), INIT % values]
    parts += [e.definition('message_of_exception(), errno_of_exception()', refused='not_ready()') for e in emitted]
    return '\n'.join(parts + static_asserts(db, extension)) + '\n'


def accessors(db, name):
    """Checks that the accessors of stable classes that this extension uses are there."""
    used = sorted(symbol for container, symbol in db.imported.items()
                  if container in db.containernodes and ('__getter___' in symbol or '__setter___' in symbol))
    return ''.join('    if (%s == NULL) {\n        fprintf(stderr, "%s: the core has no field any more for %s\\n");\n'
                   '        return 0;\n    }\n' % (symbol, name, symbol) for symbol in used)


def root_array(db, gct):
    return '%s.items' % db.getcontainernode(gct.static_roots._obj).name


def headers(db, gct):
    """The headers of prebuilt objects of the extension's own types."""
    found = []
    for container in db.containerlist:
        if getattr(container, 'gc_init', None) is None:
            continue
        top = lltype.top_container(container.obj)
        if top not in db.imported and gct.layoutbuilder.is_own(lltype.typeOf(top)):
            found.append('(struct pypy_header0 *)&%s,' % container.name)
    return 'static struct pypy_header0 *const headers[] = {\n%s\nNULL };' % '\n'.join(found)


def vtables(db, extension):
    """C that copies what the extension's classes inherit from the core's vtables."""
    lines = []
    for classdef in extension.own_classdefs():
        r_class = classdef.repr
        if r_class is not None and r_class.vtable is not None and r_class.vtable._obj in db.containernodes:
            lines += inherited(db, classdef, r_class)
    return 'static void fill_vtables(void)\n{\n%s\n}' % '\n'.join(lines)


def inherited(db, classdef, r_class):
    own = importreprs.own_attributes(classdef)
    r_core, path = r_class, db.getcontainernode(r_class.vtable._obj).name
    while r_core.classdef is not None and not isinstance(r_core, importreprs.ImportedClassRepr):
        path += '.' + coreglue.field(db, r_core.vtable_type, 'super')
        r_core = r_core.rbase
    if r_core.classdef is None:
        return      # a class without a base in the core
    source = db.getcontainernode(r_core.own_vtable()._obj).name
    while r_core.classdef is not None:
        for mangled in r_core.vtable_type._names:
            name = mangled[len('cls_'):]
            if mangled != 'super' and name not in own and r_core.vtable_type._flds[mangled] is not lltype.Void:
                c_field = coreglue.field(db, r_core.vtable_type, mangled)
                yield '    %s.%s = %s.%s;' % (path, c_field, source, c_field)
        up = coreglue.field(db, r_core.vtable_type, 'super')
        path, source = path + '.' + up, source + '.' + up
        r_core = r_core.rbase


def static_asserts(db, extension):
    """Assertions with which the C compiler compares the layouts of all used classes with the core's."""
    lines = []
    rtyper = extension.translator.rtyper
    for classdef in extension.imported_classdefs():
        layout = extension.core.data['class_layouts'].get(classdef.name, {})
        r_instance = rtyper.instance_reprs.get((classdef, 'gc'))    # None: only the class is used
        if r_instance is None:
            continue
        T = r_instance.object_type
        if T in db.structdefnodes:
            c_type = db.gettype(T).replace('@', '').strip()
            lines += asserts(db, classdef.name, T, c_type, layout)
    return lines


def asserts(db, classname, T, c_type, layout):
    if 'size' in layout:
        yield '_Static_assert(sizeof(%s) == %d, "size of %s");' % (c_type, layout['size'], classname)
    for name in T._names:
        if 'offset.' + name in layout:
            yield '_Static_assert(offsetof(%s, %s) == %d, "place of %s.%s");' % (
                c_type, coreglue.field(db, T, name), layout['offset.' + name], classname, name)
