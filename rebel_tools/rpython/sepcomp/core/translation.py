"""The translation of a core: a shared library with the GC, and its interface."""

from sepcomp.core import coregc, coreglue, describe, exports
from sepcomp.interfaces import annotations, classnames, interface, names, support
from sepcomp.jit import forcing, promises, warm
from sepcomp.passes import runner, toolchain
from sepcomp.shared import (answers, classvalues, containers, entries, escaped, finalizers, openness, templates,
                            threads)
from sepcomp.sources import determinism, program, refusals
from sepcomp.command.errors import SepcompError


class CoreTranslation(object):

    def __init__(self, main, name, options, search=()):
        self.program = program.Program(main, search)
        self.name = name
        self.options = options
        self.forcing = {}       # {symbol: pointer} of the functions that a core with a JIT exports for that

    def translate(self, folder, log):
        """Translate into `folder`; returns (library, plain data of the interface)."""
        self.analyse()
        log.write('[sepcomp] annotated and rtyped\n')
        if self.options.has_jit():
            warm.apply(self, log)
        toolchain.optimise(self.translator, self.heads())
        core = CoreBuilder(self, folder)
        return core.build(log)

    def analyse(self):
        from sepcomp import api
        determinism.install()
        class_names = classnames.Names(self.program)
        refusals.check_decorators(self.program)
        refusals.check_initializers(api.INITIALIZERS)
        translator = self.translator = toolchain.make_translator(self.options, class_names)
        self.exports = exports.Exports(translator, self.program, class_names, self.options.has_jit())
        if self.options.has_jit():
            forcing.check_classes(self.exports)
        self.entries = entries.annotate_all(translator, api.ENTRY_POINTS)
        if not (self.entries or self.exports.functions or self.exports.classes):
            raise SepcompError('%s:1: nothing is marked with @export, @export_class or @entrypoint' % self.program.main)
        if self.options.thread:
            translator.annotator.build_types(threads.after_acquire, [], complete_now=False)
        self.reads = classvalues.Reads(self.exports.is_open_class)
        classvalues.install(self.reads)
        self.questions = answers.Questions(self.exports, self.reads)
        answers.install(self.questions)
        self.exports.annotate()
        self.exports.put_slots()
        if self.options.has_jit():
            forcing.check_functions(self.exports)
        self.before = describe.before_normalisation(self.exports)
        translator.annotator.simplify()
        openness.mark_families(translator.annotator, self.exports.open_functions().__contains__)
        self.open_ids()
        rtyper = translator.buildrtyper()
        determinism.keep_order(rtyper)
        rtyper.specialize(dont_simplify_again=True)
        self.prebuilt = self.find_prebuilt()
        annotations.frozen.paths, annotations.frozen.reads = self.exports.paths, self.reads.attributes
        self.containers = containers.find(self.exports, translator.rtyper)
        self.description = describe.Description(self.exports, translator.rtyper, *self.before)
        self.functions = dict(self.description.functions(), **self.questions.functions())
        self.classes = self.description.classes(self.reads)
        if self.options.has_jit():
            promises.state(self)
            self.forcing = forcing.state(self)
        for question in self.questions.used():
            question.convert()
        self.frozen = self.find_frozen()
        translator.rtyper.specialize_more_blocks()

    def open_ids(self):
        """isinstance(x, open class) must be a range test, also where the core has no subclasses."""
        for classdef in self.translator.annotator.bookkeeper.classdefs:
            desc = classdef.classdesc
            if desc.pyobj in self.exports.classes.values() or desc.is_builtin_exception_class():
                classdef.minid._with_subclasses = True

    def heads(self):
        return [g for func in self.exports.promised() if self.exports.funcdesc(func)
                for g in self.exports.funcdesc(func).getgraphs()]

    def find_prebuilt(self):
        """{path: (symbol, class name, pointer)} of the prebuilt instances that extensions may refer to."""
        from rpython.rtyper import rclass
        rtyper = self.translator.rtyper
        found = {}
        for path, value in self.exports.exported_objects().items():
            classdef = rtyper.annotator.bookkeeper.getuniqueclassdef(value.__class__)
            pointer = rclass.getinstancerepr(rtyper, classdef).convert_const(value)
            found[path] = names.prebuilt(path), classdef.name, pointer
        for (classdef, _), r_instance in rtyper.instance_reprs.items():
            for value, pointer in r_instance.iprebuiltinstances.items():
                if id(value) in self.exports.paths and self.exports.is_open_class(classdef.classdesc.pyobj):
                    path = self.exports.paths[id(value)][0]
                    found[path] = names.prebuilt(path), classdef.name, pointer
        return found

    def find_frozen(self):
        """{path: pointer} of the frozen objects that are possible values of something in the interface."""
        from rpython.rtyper.lltypesystem import lltype
        rtyper = self.translator.rtyper
        found = {}
        for s_value in annotations.frozen.sets:
            r_value = rtyper.getrepr(s_value)
            if r_value.lowleveltype is not lltype.Void:
                rtyper.call_all_setups()
                for desc in s_value.descriptions:
                    value = r_value.convert_desc(desc)
                    found[self.exports.paths[id(desc.pyobj)][0]] = getattr(value, 'ptr', value)
        return found


class CoreBuilder(runner.Builder):

    def __init__(self, core, folder):
        runner.Builder.__init__(self, core.translator, coregc.CoreGcPolicy, core.options, folder)
        self.core = core

    def build(self, log):
        coregc.install(self.options.type_reserve)
        self.make_database()
        self.db.imported = dict((q.pointer._obj, q.symbol) for q in self.core.questions.used())
        self.complete(self.want)
        self.write_sources('core')
        data = self.interface_data()
        layout = coreglue.Layout(self.db, self.core)
        data.update(layout.measure(self, log))
        plain = self.plain = interface.assemble(data, self.function_types(), layout.sizes)
        for name, words in support.functions(self.options).items():
            plain['functions'][name] = interface.function_in_words(words)
        for entry in self.emitted:
            plain['functions'][entry.name] = interface.function_in_words(entry.words())
        digests = interface.digest(plain), interface.stable_digest(plain)
        self.core.bodies = templates.Bodies(self.core.exports.modules).plain()
        self.write('core_glue.c', coreglue.text(self.db, self.core, self.emitted, *digests))
        library = 'lib%s.so' % self.core.name
        compilation = self.compilation(self.cfiles + ['core_glue.c'], ['-Wl,-soname,' + library])
        return self.make(compilation, library, self.exported_symbols(), self.core, log), plain

    def function_types(self):
        """{symbol: FuncType} of everything exported that is called."""
        from rpython.rtyper.lltypesystem import lltype
        types = ((name, lltype.typeOf(container)) for container, name in self.db.exported.items())
        found = dict((name, T) for name, T in types if isinstance(T, lltype.FuncType))
        for question in self.core.questions.used():
            found.update(question.types())
        return found

    def want(self):
        db, core = self.db, self.core
        rtyper = core.translator.rtyper
        list(db.gcpolicy.gc_startup_code())
        determinism.number_types(core.translator, db.gctransformer.get_type_id)
        self.helpers = coregc.export(db)
        db.export(db.exctransformer.exc_data_ptr, names.EXC_DATA)
        db.export(rtyper.rootclass_repr.getvtable(), names.ROOT_VTABLE)
        for classdef in core.exports.bookkeeper.classdefs:
            if classdef.name in core.classes and classdef.repr is not None:
                db.export(top_of(classdef.repr.getvtable()), names.vtable(classdef.name))
        for func in core.exports.promised():
            if core.exports.names[func] in core.functions:
                [graph] = core.exports.funcdesc(func).getgraphs()
                db.export(rtyper.getcallable(graph), core.functions[core.exports.names[func]]['symbol'])
        for path, (symbol, _, pointer) in sorted(core.prebuilt.items()):
            db.export(top_of(pointer), symbol)
        for symbol, _, pointer in sorted(core.containers.values()):
            db.export(pointer, symbol)
        for symbol, pointer in sorted(core.forcing.items()):
            db.export(pointer, symbol)
        for path, pointer in sorted(core.frozen.items()):
            db.export(pointer, names.prebuilt(path))
        for question in core.questions.used():
            for args, answer in question.rows:
                map(db.get, args + [answer])
        if self.options.thread:
            db.export(self.function(threads.after_acquire), names.AFTER_ACQUIRE)
        core.messages = escaped.fields(rtyper, *[core.exports.bookkeeper.classdefs] * 2)
        escaped.want(db, core.messages)
        self.emitted = [self.emit(entry, inner) for entry, inner in core.entries]

    def emit(self, entry, inner):
        from rpython.rtyper.lltypesystem import lltype
        pointer = self.function(inner)
        return entries.Emitted(entry, self.db.get(pointer), lltype.typeOf(pointer).TO)

    def function(self, func):
        """The low-level function of one that was annotated."""
        graph = self.translator.annotator.bookkeeper.getdesc(func).getuniquegraph()
        return self.translator.rtyper.getcallable(graph)

    def interface_data(self):
        core = self.core
        return {
            'name': core.name,
            'main': core.program.module.__name__,
            'library': 'lib%s.so' % core.name,
            'options': core.options.plain(),
            'rpython': toolchain.version_of_rpython(),
            'sources': dict((name, program.fingerprint(module)) for name, module in core.exports.modules.items()),
            'functions': core.functions,
            'classes': core.classes,
            'refused': core.description.refused,
            'prebuilt': dict((path, [symbol, classname]) for path, (symbol, classname, _) in core.prebuilt.items()),
            'containers': containers.plain(core.containers),
            'frozen': dict((path, names.prebuilt(path)) for path in core.frozen),
            'gc_helpers': self.helpers,
            'destructors': coregc.destructors(self.db),
            'finalizer_queues': finalizers.of_core(self.db.gctransformer, core.exports.paths),
            'thread_locals': coreglue.thread_local_struct(self.db),
            'entry_points': sorted(e.declaration() for e in self.emitted),
        }

    def exported_symbols(self):
        return set(self.plain['functions']) | set(self.plain['variables']) | set([names.DIGEST])


def top_of(pointer):
    """The pointer to the whole prebuilt container: instances and vtables are reached through a parent part."""
    from rpython.rtyper.lltypesystem import lltype
    return lltype.top_container(pointer._obj)._as_ptr()
