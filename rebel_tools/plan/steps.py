"""The steps that compile one module: which programs run, what they write, and the flags that belong to each."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rebel_tools.ocaml.alias import FLAGS as ALIAS_FLAGS
from rebel_tools.ocaml.flags import by_compiler
from rebel_tools.ocaml.names import is_reason
from rebel_tools.plan.model import ARCHIVE, BYTE, NATIVE, Module, Scope
from rebel_tools.plan.step import (
    Archive,
    Compile,
    CompileImplementation,
    CompileInterface,
    Convert,
    Copy,
    LinkCommand,
    ModuleStep,
    Step,
    WriteAlias,
)

ANNOTATIONS = "-bin-annot"


def writes_annotations(step: Step) -> bool:
    """Whether a step may write .cmt or .cmti files: only one engine may, because both would write the same file."""
    return step.engine == step.scope.engines[0]


def module_steps(scope: Scope, module: Module) -> Iterator[ModuleStep]:
    """The steps of `module`: its alias file if it is one, its interface, and its object for every engine."""
    base = scope.path(_file_name(scope, module))
    annotated = scope.settings.annotations
    if module.generated:
        yield WriteAlias(scope, scope.engines[0], module.sources, module)
    for source in module.sources:
        if tree_file(scope, module, source):
            yield Convert(scope, scope.engines[0], (tree_file(scope, module, source),), module, source)
    if module.interface:
        outputs = [base + ".cmi", *([base + ".cmti"] if annotated else [])]
        tree = tree_file(scope, module, module.interface)
        yield CompileInterface(scope, scope.engines[0], tuple(outputs), module, module.interface, tree)
    if module.implementation:
        tree = tree_file(scope, module, module.implementation)
        for engine in scope.engines:
            first = engine == scope.engines[0]
            outputs = [base + ".cmx", base + ".o"] if engine == NATIVE else [base + ".cmo"]
            if first and not module.interface:
                outputs.append(base + ".cmi")
            if first and annotated:
                outputs.append(base + ".cmt")
            yield CompileImplementation(scope, engine, tuple(outputs), module, module.implementation, tree)


def tree_file(scope: Scope, module: Module, source: str) -> str:
    """The file with the syntax tree of a Reason source, which ocamldep and compilers read; '' for OCaml."""
    if not is_reason(source) or not scope.settings.trees:
        return ""
    return scope.path(_file_name(scope, module)) + os.path.splitext(source)[1] + ".ast"


def _file_name(scope: Scope, module: Module) -> str:
    """The name of the compiled files, without suffix: of the unit, or of the source where there is no namespace."""
    if scope.namespace:
        return module.object
    return os.path.splitext(os.path.basename(module.sources[-1]))[0]


def archive_step(scope: Scope, engine: str, base: str, command: LinkCommand, besides: tuple[str, ...] = ()) -> Archive:
    """The archive of all modules of a scope except entries of programs; `base` is its path without suffix.

    besides: other files that its command writes.
    """
    outputs = tuple(dict.fromkeys((*archive_files(base, engine), *besides)))
    members = tuple(module for module in scope_modules(scope) if module.name not in scope.programs)
    return Archive(scope, engine, outputs, members, command)


def copy_step(archive: Archive, base: str) -> Copy:
    """The step that copies an archive; `base` is the path of the copy without suffix."""
    return Copy(archive.scope, archive.engine, archive_files(base, archive.engine), archive)


def archive_files(base: str, engine: str) -> tuple[str, ...]:
    return (base + ARCHIVE[engine], *([base + ".a"] if engine == NATIVE else []))


def scope_modules(scope: Scope) -> tuple[Module, ...]:
    return (*scope.generated, *scope.modules.values())


def step_flags(step: Compile, opened: str) -> list[str]:
    """The arguments of one compilation that follow from its scope and source, up to the source itself.

    opened: the alias module to open, or ''.
    """
    flags = [ANNOTATIONS] if step.scope.settings.annotations and writes_annotations(step) else []
    flags += _flags_of_module(step)
    flags += [word for scope in (step.scope, *step.scope.uses) for word in ("-I", scope.outdir)]
    if step.module.generated:
        flags += ALIAS_FLAGS
    elif opened:
        flags += ["-open", opened]
    if isinstance(step, CompileInterface):
        return [*flags, "-intf"]
    if not step.makes_interface:
        # The .cmi exists already, wherever the .mli is. To the compiler, a file with this suffix next to the
        # implementation means "has an interface", and the implementation itself is such a file.
        flags += ["-intf-suffix", os.path.splitext(step.read)[1]]
    return [*flags, "-impl"]


def _flags_of_module(step: ModuleStep) -> list[str]:
    """The flags for this module alone."""
    both, native = by_compiler(step.scope.module_flags.get(step.module.name, ()))
    return both + native if step.engine == NATIVE else both


def imports_file(step: Compile) -> str:
    """The output whose import table lists what the compiler consulted."""
    suffix = ".cmi" if isinstance(step, CompileInterface) else ".cmo" if step.engine == BYTE else ".cmx"
    return next(path for path in step.outputs if path.endswith(suffix))


def objects(step: Step) -> list[str]:
    """The outputs of a step that go into an archive or a program; the first one is named on the command line."""
    suffixes = (".cmx", ".o", ".cmxa", ".a") if step.engine == NATIVE else (".cmo", ".cma")
    return [path for path in step.outputs if path.endswith(suffixes)]
