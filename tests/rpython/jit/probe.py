"""What the passes for a core with a JIT find, without a C compiler: prints JSON.

python2.7 probe.py effects FILE     {function: [the effect in its docstring, the one that is found]} of the functions of a module that are named f_...
python2.7 probe.py marks FILE       {function: [the same, what is refused of it in an extension]}
python2.7 probe.py core FILE        what the interface of a core says, and the effects that its calls have in a trace
"""

from __future__ import print_function

import imp
import json
import sys

from sepcomp.sources import hashes

hashes.install()


def graphs_of(path):
    """[(function, its graph)] of the functions of a module that are named f_..., rtyped."""
    from rpython.translator.translator import TranslationContext

    module = imp.load_source("writers", path)
    functions = [value for name, value in sorted(vars(module).items()) if name.startswith("f_")]
    translator = TranslationContext()
    annotator = translator.buildannotator()
    for func in functions:
        annotator.build_types(func, [int, module.A, str][: func.func_code.co_argcount], complete_now=False)
    annotator.complete()
    translator.buildrtyper().specialize()
    return [(func, annotator.bookkeeper.getdesc(func).getuniquegraph()) for func in functions]


def effects_of(path):
    from sepcomp.jit import effects, promises

    def judge(op):
        return promises.of_direct_call(op) if op.opname == "direct_call" else promises.callees(op)

    found = effects.Effects(judge)
    return dict((func.__name__, [func.__doc__ or "", found.of(graph)]) for func, graph in graphs_of(path))


def marks_of(path):
    from sepcomp.command.errors import SepcompError
    from sepcomp.jit import markers

    def refused(graph):
        try:
            markers.check([graph])
        except SepcompError as error:
            return str(error)
        return ""

    return dict((func.__name__, [func.__doc__ or "", refused(graph)]) for func, graph in graphs_of(path))


class Cpu(object):
    """As much of a backend as the codewriter asks for the effects of a call."""

    def __init__(self, rtyper):
        self.rtyper = rtyper
        self.fields = {}

    def calldescrof(self, FUNC, arguments, result, effects):
        return Descr(effects)

    def fielddescrof(self, T, name):
        from rpython.jit.backend.llsupport.descr import FieldDescr

        return self.fields.setdefault((T, name), FieldDescr(name, 0, 8, "S"))

    def arraydescrof(self, T):
        return str(T)

    def interiorfielddescrof(self, T, name):
        return "%s[].%s" % (T, name)


class Descr(object):
    def __init__(self, effects):
        self.effects = effects

    def get_extra_info(self):
        return self.effects


def interface_and_calls(path):
    from sepcomp.core.translation import CoreTranslation
    from sepcomp.passes.toolchain import Options

    core = CoreTranslation(path, "core", Options(opt="jit"))
    core.analyse()
    slots = [
        (name, slot, data["elidable"])
        for name, entry in core.classes.items()
        for slot, data in entry["slots"].items()
        if "elidable" in data
    ]
    return {
        "slots": sorted(slots),
        "effects": dict((name, entry["effects"]) for name, entry in core.functions.items() if "effects" in entry),
        "forced": sorted(core.forcing),
        "hidden": sorted(name for name, why in core.description.refused.items() if "virtualizable" in why),
        "fields of Frame": sorted(core.classes["small.Frame"]["attrs"]),
        "calls": calls_of(core),
    }


def calls_of(core):
    """{function: [kind, effect, what is known to be called, is a field read that nobody names]}.

    Of the one call in each function named call_...; of calls with random effects the last is null.
    """
    from sepcomp.jit import warm

    warm.prepare(core.translator)
    from rpython.jit.codewriter import effectinfo
    from rpython.jit.codewriter.call import CallControl
    from rpython.rtyper.rclass import OBJECT

    cpu = Cpu(core.translator.rtyper)
    control = CallControl(cpu)
    found, descrs = {}, {}
    for graph in core.translator.graphs:
        if graph.name.startswith("call_"):
            for _, op in graph.iterblockops():
                if op.opname in ("direct_call", "indirect_call"):
                    descr = descrs[graph.name] = control.getcalldescr(op)
                    known = sorted(g.name for g in control.graphs_from(op, lambda graph: True) or [])
                    found[graph.name] = [op.opname, descr.effects.extraeffect, known]
    unread = cpu.fielddescrof(OBJECT, "unread")
    effectinfo.compute_bitstrings(list(cpu.fields.values()) + list(descrs.values()))
    for name, descr in descrs.items():
        is_random = descr.effects.has_random_effects()
        found[name].append(None if is_random else descr.effects.check_readonly_descr_field(unread))
    return found


if __name__ == "__main__":
    print(json.dumps({"effects": effects_of, "marks": marks_of, "core": interface_and_calls}[sys.argv[1]](sys.argv[2])))
