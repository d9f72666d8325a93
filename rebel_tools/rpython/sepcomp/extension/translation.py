"""The translation of an extension against the interface of a core."""

import os
import subprocess

from rpython.annotator import description, model

from sepcomp.extension import bound, extgc, extglue, imported, importing, importreprs
from sepcomp.interfaces import classnames, interface, names, support
from sepcomp.jit import forcing, markers, overrides as jit_overrides
from sepcomp.passes import runner, toolchain
from sepcomp.shared import entries, escaped, openness, ownvalues, parameters, threads
from sepcomp.sources import program, refusals
from sepcomp.interfaces.annotations import describe
from sepcomp.command.errors import SepcompError, SetupError
from sepcomp.command.messages import placed


class ExtensionTranslation(object):

    def __init__(self, main, name, interface_path, core_library, search=(), is_stable=False):
        self.data, self.digest = interface.read(interface_path, is_stable)
        self.is_stable = is_stable
        self.library = os.path.abspath(core_library)
        self.name = name
        self.options = toolchain.Options(**dict((str(k), v) for k, v in self.data['options'].items()))
        sources = [self.data['main']] + sorted(self.data['sources'])
        self.program = program.Program(main, search, sources, self.look_before)
        self.watch.stop()

    def look_before(self, program):
        self.before = bound.Before(program, self.data['sources'])
        self.watch = importing.Watch(self.before, self.data, program.folders)
        self.watch.start()

    def translate(self, folder, log):
        """Translate into `folder`; returns the path of the library."""
        if toolchain.version_of_rpython() != self.data['rpython']:
            raise SetupError('the core %s was translated with another rpython package' % self.data['name'])
        self.analyse()
        return ExtensionBuilder(self, folder).build(log)

    def analyse(self):
        class_names = classnames.Names(self.program, self.name, first=self.data['sources'])
        refusals.check_decorators(self.program)
        core = self.core = bound.Core(self.data, self.digest, self.program, class_names, self.before)
        core.used.codes.update(self.watch.codes)
        translator = self.translator = toolchain.make_translator(self.options, class_names, core)
        translator.annotator.bookkeeper.thread_local_fields = threads.KnownFields(self.data['thread_locals'])
        self.annotate(translator.annotator)
        translator.annotator.simplify()
        openness.mark_families(translator.annotator, lambda desc: hasattr(desc, 'sepcomp_slot'))
        rtyper = translator.buildrtyper()
        importreprs.import_root(core, rtyper)
        rtyper.specialize(dont_simplify_again=True)
        if self.options.has_jit():
            jit_overrides.check(self, self.slots(), overrides)
            markers.check(translator.graphs)
        self.answered = self.answers.constants(rtyper)
        rtyper.specialize_more_blocks()
        if self.options.has_jit():
            forcing.call_functions(core, rtyper, self.imported_classdefs(), translator.graphs)
        toolchain.optimise(translator, self.heads())

    def annotate(self, annotator):
        from sepcomp import api
        modules = self.core.modules

        def own(func):
            return func.__module__ not in modules

        self.entries = entries.annotate_all(self.translator, [e for e in api.ENTRY_POINTS if own(e.func)])
        self.initializers = [func for func in api.INITIALIZERS if own(func)]
        if not self.entries and not self.initializers:
            raise SepcompError('%s:1: nothing is marked with @entrypoint or @initializer' % self.program.main)
        for func in self.initializers:
            annotator.build_types(func, [], complete_now=False)
        complete_so_far(annotator)
        self.answers = ownvalues.Answers(self.core)
        while self.call_overrides() | self.call_functions() | self.answers.find():
            complete_so_far(annotator)      # blocks that could not be annotated may be reachable now
        annotator.complete()
        self.check_overrides()
        self.check_functions()

    # ---------------------------------------------------------------- functions that the core is given

    def call_functions(self):
        """Annotate them with what the core passes; returns whether there were new ones."""
        bookkeeper, before = self.core.bookkeeper, getattr(self, 'given', 0)
        self.given = self.core.contracts.count()
        for contract, descs in self.core.contracts.calls():
            args_s = map(self.core.decode, contract.sepcomp_slot['args'])
            for desc in descs:
                with placed(desc.pyobj):
                    bookkeeper.emulate_pbc_call(('sepcomp', contract, desc), model.SomePBC([desc]), args_s)
                    complete_so_far(self.translator.annotator)
            bookkeeper.emulate_pbc_call(('sepcomp', contract), model.SomePBC([contract] + descs), args_s)
        self.check_functions()
        return self.given != before

    def check_functions(self):
        """Raises SepcompError for a function that returns something else than the core expects."""
        for contract, descs in self.core.contracts.calls():
            s_promised = self.core.decode(contract.sepcomp_result)
            for desc in descs:
                for graph in desc.getgraphs():
                    s_result = graph.getreturnvar().annotation
                    if s_result is not None and not imported.accepts(s_promised, s_result):
                        raise SepcompError('%s: the core calls %s and expects %s of it, it returns %s' % (
                            program.place_of(desc.pyobj), desc.name, describe(s_promised), describe(s_result)))

    # ---------------------------------------------------------------- classes

    def imported_classdefs(self):
        return [c for c in self.core.bookkeeper.classdefs if getattr(c, 'sepcomp_entry', None) is not None]

    def own_classdefs(self):
        return [c for c in self.core.bookkeeper.classdefs if getattr(c, 'sepcomp_entry', None) is None]

    def slots(self):
        """[(owner ClassDef, name, slot)] of the methods that the imported classes let override."""
        return [(c, name, slot) for c in self.imported_classdefs()
                for name, slot in sorted(c.sepcomp_entry['slots'].items())]

    def call_overrides(self):
        """Annotate what the core may call: all methods that fill a slot, with the arguments that the core passes."""
        called = getattr(self, 'called', {})
        self.called = {}
        for owner, name, slot in self.slots():
            s_methods = owner.s_getattr(name, {})
            self.called[owner, name] = len(s_methods.descriptions)
            args_s = [self.core.decode(arg) for arg in slot['args'][1:]]
            [contract] = [d.funcdesc for d in s_methods.descriptions if d.originclassdef is owner]
            for desc in overrides(s_methods):   # each on its own, so that a wrong result is not a failed union
                parameters.check(desc, contract)
                with placed(desc.funcdesc.pyobj):
                    self.core.bookkeeper.emulate_pbc_call(('sepcomp', desc), model.SomePBC([desc]), args_s)
                    complete_so_far(self.translator.annotator)
                self.check_override(desc)
            self.core.bookkeeper.emulate_pbc_call(('sepcomp', owner, name), s_methods, args_s)
        return self.called != called

    def check_overrides(self):
        for owner, name, slot in self.slots():
            for desc in overrides(owner.s_getattr(name, {})):
                self.check_override(desc)

    def check_override(self, desc):
        """The result of an override must be what the core expects of the class it derives from."""
        func = desc.funcdesc.pyobj
        [graph] = desc.funcdesc.getgraphs()
        s_result = graph.getreturnvar().annotation
        if s_result is None:    # not reached yet, or always raises
            return
        base = [c for c in desc.originclassdef.getmro() if getattr(c, 'sepcomp_entry', None) is not None][0]
        s_promised = self.core.decode(base.sepcomp_entry['results'][desc.name])
        if not imported.accepts(s_promised, s_result):
            raise SepcompError('%s: %s.%s overrides a method of %s that returns %s, and may not return %s' % (
                program.place_of(func), desc.originclassdef.name, desc.name, base.name, describe(s_promised),
                describe(s_result)))

    def heads(self):
        descs = [d for c in self.own_classdefs() for d in self.methods_of(c)]
        descs += [desc for _, given in self.core.contracts.calls() for desc in given]
        return [g for d in descs for g in d.getgraphs()]

    def methods_of(self, classdef):
        from rpython.flowspace.model import Constant
        descs = self.core.bookkeeper.descs
        values = [v.value for v in classdef.classdesc.classdict.values() if isinstance(v, Constant)]
        found = [descs.get(Constant(v)) for v in values if hasattr(v, 'func_code')]
        return [d for d in found if isinstance(d, description.FunctionDesc)]


def complete_so_far(annotator):
    """annotator.complete() without its checks: more will be annotated."""
    annotator.complete_pending_blocks()
    annotator.policy.no_more_blocks_to_annotate(annotator)
    annotator.complete_pending_blocks()


def overrides(s_methods):
    """The MethodDescs of the extension, in a stable order."""
    found = [d for d in s_methods.descriptions if not hasattr(d.funcdesc, 'sepcomp_slot')]
    return sorted(found, key=lambda d: (d.originclassdef.name, d.name))


class ExtensionBuilder(runner.Builder):
    left_out = support.SHARED_MODULES

    def __init__(self, extension, folder):
        core = extension.core
        runner.Builder.__init__(self, extension.translator, extgc.policy_for(core), extension.options, folder)
        self.extension = extension

    def build(self, log):
        extension = self.extension
        extgc.install()
        extglue.install(extension.core)
        exctransformer = self.translator.getexceptiontransformer()
        extension.core.imported[exctransformer.exc_data_ptr._obj] = names.EXC_DATA
        self.make_database()
        self.db.imported = extension.core.imported
        self.complete(self.want)
        self.db.extra_declarations = ['extern __attribute__((weak)) char %s, %s;' % (names.GC, names.GCDATA),
                                      'extern __attribute__((visibility("hidden"))) unsigned int %s;' % extgc.TID_BASE]
        self.db.extra_declarations += ['extern __attribute__((visibility("hidden"))) long %s;' % name
                                       for _, name, _ in self.db.gctransformer.own_queues]
        self.write_sources(extension.name)
        self.write('sepcomp_glue.c', extglue.text(self.db, extension, self.emitted, self.initializers))
        target = extension.name + '.so'
        compilation = self.compilation(self.cfiles + ['sepcomp_glue.c'], [extension.library])
        exported = ['init_module'] + [e.name for e in self.emitted]
        path = self.make(compilation, target, exported, extension, log)
        check_symbols(path, extension.library)
        return path

    def want(self):
        from rpython.rtyper.lltypesystem import lltype
        rtyper, bookkeeper = self.translator.rtyper, self.translator.annotator.bookkeeper
        self.emitted = []
        for entry, inner in self.extension.entries:
            pointer = rtyper.getcallable(bookkeeper.getdesc(inner).getuniquegraph())
            self.emitted.append(entries.Emitted(entry, self.db.get(pointer), lltype.typeOf(pointer).TO))
        self.initializers = []
        for func in self.extension.initializers:
            pointer = rtyper.getcallable(bookkeeper.getdesc(func).getuniquegraph())
            self.initializers.append((func.__name__, self.db.get(pointer)))
        self.db.get(self.db.gctransformer.c_type_info_group.value)
        self.extension.messages = escaped.fields(rtyper, bookkeeper.classdefs, self.extension.own_classdefs())
        escaped.want(self.db, self.extension.messages)
        for _, args, answer, _ in self.extension.answered:
            map(self.db.get, args + [answer])
        for classdef in self.extension.own_classdefs():
            parent = importreprs.nearest_imported(classdef)
            if parent is not None and classdef.repr is not None:
                self.db.get(parent.own_vtable())    # what the class inherits is copied from there


def check_symbols(path, library):
    """Raises SetupError if the core lacks a symbol that the extension uses: weak symbols are not checked by the linker.
    """
    exported = exports_of(library)
    wanted = set(name for kind, name in nm(path, '--undefined-only') if kind in 'wv')
    missing = sorted(name for name in wanted - exported if name.startswith(('sepcomp_', 'pypy', 'rpy', 'RPy', 'LL_')))
    if missing:
        raise SetupError('%s does not export %s; build the core again' % (library, ', '.join(missing)))


def exports_of(library):
    return set(name for _, name in nm(library, '--defined-only'))


def nm(path, what):
    output = subprocess.check_output(['nm', '-D', '-P', what, path])
    return [(line.split()[1], line.split()[0].split('@')[0]) for line in output.splitlines() if line]
