"""The targets of the root package, each with its entry."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from rebel_tools.nearest import did_you_mean
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.model import Package, Source, Target
from rebel_tools.project.names import ROOT_MODULE
from rebel_tools.project.selection import Selection
from rebel_tools.project.specs import Manifest, TargetSpec
from rebel_tools.text import quote

CHECK = "check"
DEFAULT_ENTRIES = ("Index.re", "Index.ml", "index.re", "index.ml")


def targets_of(manifest: Manifest, package: Package) -> tuple[Target, ...]:
    """The targets of `manifest`, which is that of `package`. Errors: ProjectError for an entry that is not a source."""
    for spec in manifest.targets:
        _check_plugin(spec, manifest)
    return tuple(_target(spec, manifest, package) for spec in manifest.targets)


def _check_plugin(spec: TargetSpec, manifest: Manifest) -> None:
    """Errors: ProjectError for a plugin without a program that can load it, and for conflicting unit names."""
    if not spec.plugin:
        return
    keys, others = (*spec.keys, "plugin"), {each.name: each for each in manifest.targets if not each.plugin}
    if spec.engine not in ("native", "byte"):
        raise manifest.document.error(keys, f"there are no plugins for the engine {spec.engine}")
    if "/" in spec.plugin:
        if others:
            message = "a package with plugins for a program elsewhere has no programs of its own"
            raise manifest.document.error(keys, message, hint="make a package for the plugins")
        return
    host = others.get(spec.plugin)
    if host is None:
        raise manifest.document.error(
            keys,
            f"there is no program with the target name {quote(spec.plugin)}",
            expected="the name of a target that is not a plugin, or a path with a / in it",
            hint=did_you_mean(spec.plugin, others),
        )
    flags, its = spec.unstable_flags, host.unstable_flags
    same = (flags.dep, flags.compile, flags.envvars) == (its.dep, its.compile, its.envvars)
    if host.engine != spec.engine or not same:
        raise manifest.document.error(
            keys,
            f'the target "{spec.name}" is not compiled in the same way as "{host.name}", which loads it',
            expected="the same engine, and the same flags `dep`, `compile` and `envvars`",
        )


def library_of(package: Package) -> tuple[Target, ...]:
    """The default target of a root package without programs."""
    return (Target("default", package.module, "native", is_library=True),)


def check_of(package: Package, targets: Sequence[Target]) -> tuple[Target, ...]:
    """The target that only type-checks the sources, with the flags of the first program.

    None if a target has this name, or if another compiler than OCaml's reads the sources.
    """
    if any(target.name == CHECK for target in targets):
        return ()
    if not targets:
        return (Target(CHECK, package.module, "byte", is_library=True),)
    models = (target for target in targets if target.engine != "bucklescript")
    return tuple(Target(CHECK, ROOT_MODULE, "byte", unstable_flags=each.unstable_flags) for each in models)[:1]


def _target(spec: TargetSpec, manifest: Manifest, package: Package) -> Target:
    source = _entry(spec, manifest, package)
    module = package.module if "/" in spec.plugin else ROOT_MODULE  # which the program contains
    return Target(spec.name, module, spec.engine, source.path, source.module, spec.unstable_flags, plugin=spec.plugin)


def _entry(spec: TargetSpec, manifest: Manifest, package: Package) -> Source:
    """The source of the entry of a target; interfaces do not count."""
    by_path = {source.path: source for source in package.sources if not source.is_interface}
    folders = Selection(package.selected).folders
    defaults = [posixpath.normpath(f"{folder}/{name}") for folder in folders for name in DEFAULT_ENTRIES]
    wanted = defaults if spec.entry is None else [posixpath.normpath(spec.entry)]
    for path in wanted:
        if path in by_path:
            return by_path[path]
    if spec.entry is None:
        raise _no_default_entry(spec, manifest, by_path, defaults)
    raise manifest.document.error(
        (*spec.keys, "entry"),
        f'the entry {quote(spec.entry)} of target "{spec.name}" is not an .ml or .re file of this package',
        expected="the path of one of its sources",
        hint=did_you_mean(wanted[0], by_path),
    )


def _no_default_entry(
    spec: TargetSpec, manifest: Manifest, by_path: dict[str, Source], defaults: Sequence[str]
) -> ProjectError:
    neither, nor = (*defaults, *DEFAULT_ENTRIES)[:2]
    return manifest.document.error(
        spec.keys,
        f'the target "{spec.name}" has no entry: there is neither {neither} nor {nor}',
        expected='one of these files, or a target with the key "entry"',
        hint=did_you_mean(neither, by_path)
        or 'name the file: "rebel": {"targets": [{"entry": "src/<file>"}]}, or say "targets": [] for none',
    )
