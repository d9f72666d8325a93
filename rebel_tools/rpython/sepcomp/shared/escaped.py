"""The text of sepcomp_last_error() after an uncaught exception in an entry point: its class and its message.

RPython does not keep the arguments of exceptions, so the message is a field: the first one in MESSAGES that is a
string, or for OSError the system's text for its errno.  Each library handles the classes that it defines.
"""

from rpython.rtyper import rclass
from rpython.rtyper.lltypesystem import lltype, rstr

MESSAGES = ('message', 'msg', 'text', 'reason')

TEXT = '''
static int derives(%(vtable)s *type, const %(vtable)s *cls)
{
    if (cls->%(min)s <= type->%(min)s && type->%(min)s < cls->%(max)s)
        return 1;
    for (; type != NULL; type = type->%(parent)s)
        if (type == cls)
            return 1;
    return 0;
}

static RPyString *message_of_exception(void)
{
    %(vtable)s *type = RPyFetchExceptionType();
    void *value = RPyFetchExceptionValue();
%(tests)s
    (void)type, (void)value;
    return NULL;
}

static int errno_of_exception(void)
{
    %(vtable)s *type = RPyFetchExceptionType();
    void *value = RPyFetchExceptionValue();
%(errors)s
    (void)type, (void)value;
    return 0;
}
'''
TEST = '    if (derives(type, %s))\n        return ((%s *)value)->%s;'


def fields(rtyper, classdefs, own):
    """[(ClassRepr, type of the instance, mangled name)] of the fields that hold a message or an errno.

    own: those of the classes that this library defines.
    """
    messages, errors = [], []
    for classdef in sorted(classdefs, key=lambda c: (-len(list(c.getmro())), c.name)):
        r_instance = rtyper.instance_reprs.get((classdef, 'gc'))
        if r_instance is None or not classdef.classdesc.is_exception_class():
            continue
        for name in MESSAGES:
            mangled, r = r_instance.fields.get(name, (None, None))
            if mangled and classdef in own and r.lowleveltype == lltype.Ptr(rstr.STR):
                messages.append((classdef.repr, r_instance.object_type, mangled))
                break
        if issubclass(classdef.classdesc.pyobj, EnvironmentError) and 'errno' in r_instance.fields:
            errors.append((classdef.repr, r_instance.object_type, r_instance.fields['errno'][0]))
    return messages, errors


def want(db, found):
    """Request the vtables from the database, which contains only what is requested."""
    for r_class, _, _ in found[0] + found[1]:
        db.get(rclass.cast_vtable_to_typeptr(r_class.getvtable()))


def text(db, found):
    """The C; `found` is what fields() returned."""
    from sepcomp.core.coreglue import field

    def tests(rows):
        return '\n'.join(TEST % (db.get(rclass.cast_vtable_to_typeptr(r_class.getvtable())),
                                 db.gettype(T).replace('@', '').strip(), field(db, T, mangled))
                         for r_class, T, mangled in rows if T in db.structdefnodes)
    T = rclass.OBJECT_VTABLE
    return TEXT % {'vtable': db.gettype(T).replace('@', '').strip(), 'min': field(db, T, 'subclassrange_min'),
                   'max': field(db, T, 'subclassrange_max'), 'parent': field(db, T, 'ext_parent'),
                   'tests': tests(found[0]), 'errors': tests(found[1])}
