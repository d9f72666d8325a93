"""A project as plain data for programs: packages, modules, dependencies, flags, targets and tests."""

from __future__ import annotations

import os
from typing import Any

from rebel_tools.outputs.naming import naming, top_level
from rebel_tools.outputs.places import Places
from rebel_tools.project.model import Flags, Package, Project, Target, Test

VERSION = 1
"""Incremented when the meaning of an existing key changes."""


def described(places: Places) -> dict[str, Any]:
    """The description. Paths are relative to the folder of the root package, or absolute if they are outside it."""
    project = places.project
    return {
        "version": VERSION,
        "root": project.root.name,
        "folder": project.root.root,
        "packages": [_package(package, project) for package in project.packages],
        "targets": [_target(target, places) for target in (*project.targets, *project.as_library)],
        "tests": [_test(test, places) for test in project.tests],
    }


def _package(package: Package, project: Project) -> dict[str, Any]:
    return {
        "name": package.name,
        "version": package.version or None,
        "folder": _shown(package.root, project),
        "module": package.module,
        "tests_of": package.tests_of or None,
        "library_of": package.library_of or None,
        "dependencies": list(package.dependencies),
        "ocamlfind": list(package.ocamlfind),
        "flags": _flags(package.flags),
        "profiles": {name: _flags(flags) for name, flags in package.profiles},
        "modules": _modules(package, project),
    }


def _modules(package: Package, project: Project) -> list[dict[str, Any]]:
    """The modules. units: their names where they are compiled; programs rename the modules of their package."""
    targets = [each for each in (*project.targets, *project.as_library) if project.package_of(each) is package]
    names = dict.fromkeys(naming(top_level(package, target)) for target in targets) or [naming(package)]
    found = dict[str, dict[str, Any]]()
    for source in package.sources:
        units = [each.unit(source.module) for each in names]
        module = found.setdefault(source.module, {"name": source.module, "units": units})
        module["interface" if source.is_interface else "implementation"] = source.path
        module["is_private"] = source.module in package.private
    return list(found.values())


def _target(target: Target, places: Places) -> dict[str, Any]:
    project, package = places.project, places.project.package_of(target)
    made = places.program(target) if target.entry else os.path.join(places.units(package, target), package.module)
    return {
        "name": target.name,
        "package": package.name,
        "engine": target.engine,
        "is_default": target in project.default_targets,
        "is_library": target.is_library,
        "entry": target.entry or None,
        "made": _shown(made if target.entry else f"{made}.cmxa", project),
        "flags": _flags(target.unstable_flags),
    }


def _test(test: Test, places: Places) -> dict[str, Any]:
    cases = [{"input": case.input or None, "expected": case.expected or None} for case in test.cases]
    return {"name": test.name, "package": test.package, "program": test.target.name, "runs": cases}


def _flags(flags: Flags) -> dict[str, Any]:
    """The flags that are not empty."""
    return {name: list(words) for name, words in flags._asdict().items() if words}


def _shown(path: str, project: Project) -> str:
    below = os.path.relpath(path, project.root.root)
    return path if below.startswith("..") else below.replace(os.sep, "/")
