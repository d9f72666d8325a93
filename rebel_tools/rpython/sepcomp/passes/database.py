"""The C database with names and visibility chosen by sepcomp.

exported: {container: C name} of what this library defines for others;
imported: {container: C name} of what it takes from the core: an `extern` declaration, no definition, no dependencies.

Everything else that is generated is hidden.  The sources of rpython's runtime (src/*.c) exist once, in the core; a
linker version script says which of their symbols extensions may use.
"""

from rpython.rtyper.lltypesystem import lltype
from rpython.translator.c import genc, node
from rpython.translator.c.database import LowLevelDatabase
from rpython.translator.c.support import cdecl

EXPORTED = 'extern __attribute__((visibility("default"))) '
HIDDEN = 'extern __attribute__((visibility("hidden"))) '
# weak, so that the library loads also with a wrong core, and init_module() can report that
IMPORTED = 'extern __attribute__((visibility("default"), weak)) '


class Database(LowLevelDatabase):

    def __init__(self, *args, **kwds):
        self.exported = {}
        self.imported = {}
        self.in_initializer = 0
        self.extra_declarations = []
        LowLevelDatabase.__init__(self, *args, **kwds)

    def export(self, ptr, name):
        self.exported[ptr._obj] = name
        return self.get(ptr)

    def getcontainernode(self, container, **kwds):
        if container not in self.containernodes:
            if self.top_of(container) in self.imported:
                return self.add_imported(container)
            if container in self.exported:
                self.name_exported(container, kwds)
        return LowLevelDatabase.getcontainernode(self, container, **kwds)

    def top_of(self, container):
        return lltype.top_container(container) if isinstance(container, lltype._parentable) else container

    def add_imported(self, container):
        """A node for a container of the core, or for a part of one (an instance is reached as its parent part)."""
        if container in self.imported:
            new = ImportedNode(self, lltype.typeOf(container), container, self.imported[container])
        else:
            parent, index = lltype.parentlink(container)
            name = self.gettypedefnode(lltype.typeOf(parent)).access_expr(self.getcontainernode(parent).name, index)
            new = ImportedNode(self, lltype.typeOf(container), container, name)
            new.globalcontainer = False
        self.containernodes[container] = new
        self.containerlist.append(new)
        return new

    def name_exported(self, container, kwds):
        name = self.exported[container]
        if isinstance(lltype.typeOf(container), lltype.FuncType):
            kwds['forcename'] = name
        else:
            node.exports.EXPORTS_obj2name[container] = name


class ImportedNode(object):
    """A container or function that the core defines."""
    nodekind = 'imported'
    globalcontainer = True
    _funccodegen_owner = None

    def __init__(self, db, T, obj, name):
        self.db, self.T, self.obj, self.name = db, T, obj, name
        self.typename = self.implementationtypename = db.gettype(T)

    def getTYPE(self):
        return self.T

    def getptrname(self):
        return self.name if isinstance(self.T, lltype.FuncType) else '(&%s)' % self.name

    def enum_dependencies(self):
        return []

    def forward_declaration(self):
        yield IMPORTED + cdecl(self.typename, self.name) + ';'

    def implementation(self):
        return []

    def startupcode(self):
        return []

    def compilation_info(self):
        return None


def write_forward_declarations(f, database):
    """genc.gen_forwarddecl with the three kinds of visibility."""
    f.write('#ifndef _PYPY_FORWARDDECL_H\n#define _PYPY_FORWARDDECL_H\n')
    f.write('#pragma push_macro("RPY_EXTERN")\n#undef RPY_EXTERN\n#define RPY_EXTERN %s\n' % HIDDEN)
    for line in database.extra_declarations:
        f.write(line + '\n')
    for container in database.globalcontainers():
        exported = container.obj in database.exported
        for line in container.forward_declaration():
            if exported and line.startswith('RPY_EXTERN '):
                line = EXPORTED + line[len('RPY_EXTERN '):]
            f.write(line + '\n')
    f.write('#pragma pop_macro("RPY_EXTERN")\n#endif\n')


def count_initializers(original):
    """Count in db.in_initializer how many static initializers are being written, so that `db.get` can check for that.
    """
    def generic_initializationexpr(db, value, access_expr, decoration):
        db.in_initializer += 1
        try:
            return original(db, value, access_expr, decoration)
        finally:
            db.in_initializer -= 1
    return generic_initializationexpr


def install():
    genc.gen_forwarddecl = write_forward_declarations
    node.generic_initializationexpr = count_initializers(node.generic_initializationexpr)
