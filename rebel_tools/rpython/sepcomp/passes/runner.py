"""Writing and compiling generated C, as far as it is the same for cores and extensions."""

import os

from sepcomp.command.errors import SepcompError
from sepcomp.passes import build, database
from sepcomp.sources import program


MANY_FUNCTIONS = 400


class Builder(object):
    """Writes the C sources of a translation and compiles them.

    policy: the GC policy class.  The subclasses for cores and extensions say what the database must contain.
    left_out: names of C files of rpython that this library does not compile.
    """
    left_out = ()

    def __init__(self, translator, policy, options, folder):
        self.translator = translator
        self.policy = policy
        self.options = options
        self.folder = folder

    def make_database(self):
        from rpython.translator.c.genc import CBuilder
        database.install()
        translator = self.translator
        self.db = database.Database(translator, standalone=False, gcpolicyclass=self.policy,
                                    exctransformer=translator.getexceptiontransformer(),
                                    thread_enabled=self.options.thread, sandbox=False)
        self.builder = CBuilder(translator, None, config=translator.config)
        self.builder.db = self.db

    def complete(self, wanted):
        """Complete the database from `wanted`, a callable that requests what this library consists of."""
        wanted()
        for func in self.translator._call_at_startup:
            self.db.get(func)
        self.db.complete(show_progress=False)
        self.builder.collect_compilation_info(self.db)

    def write_sources(self, name):
        """The generated C files; rpython's own writer, with an empty main file around them."""
        from py.path import local
        from rpython.translator.c import genc
        defines = {'RPY_ASSERT': '1', 'RPY_LL_ASSERT': '1'} if self.options.debug else {}
        eci, main, extra, _ = genc.gen_source(self.db, name, local(self.folder), self.builder.eci, defines=defines,
                                              split=self.is_large())
        self.eci = eci
        modules = [os.path.relpath(str(f), self.folder) if str(f).startswith(self.folder) else str(f)
                   for f in eci.separate_module_files if os.path.basename(str(f)) not in self.left_out]
        self.cfiles = [os.path.basename(str(main))] + [os.path.basename(str(f)) for f in extra] + modules

    def is_large(self):
        """Whether to write several C files: worth it only for many functions, because each file reads all headers."""
        return sum(node.nodekind == 'func' for node in self.db.globalcontainers()) > MANY_FUNCTIONS

    def write(self, name, text):
        with open(os.path.join(self.folder, name), 'w') as f:
            f.write(text)

    def compilation(self, cfiles, link_extra=()):
        eci = self.eci
        return build.Compilation(self.folder, cfiles, [str(d) for d in eci.include_dirs] + ['.'], eci.libraries,
                                 link_extra=list(eci.link_extra) + list(link_extra))

    def make(self, compilation, target, exported, translation, log):
        """Compile and link.  An error of the C compiler gets the place in the source that names the function or header.
        """
        try:
            return compilation.make(target, exported, jobs=translation.jobs, log=log)
        except build.CompilerError as error:
            entries = dict((entry.name, program.place_of(entry.func)) for entry, _ in translation.entries)
            for name in error.names:
                place = entries.get(name) or program.place_of_text(translation.program.modules(), name)
                if place:
                    raise SepcompError('%s: %s' % (place, error))
            raise
