"""Makes the scope of a package: the names of its modules, and its sources."""

from __future__ import annotations

from collections.abc import Iterable

from rebel_tools.outputs.naming import naming
from rebel_tools.plan.model import Scope, Settings
from rebel_tools.project.model import Package


def package_scope(
    package: Package, folder: str, made: str, outdir: str, engines: Iterable[str], how: Settings, uses: Iterable[Scope]
) -> Scope:
    """The scope of a package with all its sources.

    folder: that of the package, relative to the SConstruct; made: that of the sources that its rules make.
    """
    module_flags = dict(package.module_flags)
    scope = Scope(outdir, naming(package), tuple(engines), how, tuple(uses), module_flags=module_flags)
    prefix = "" if folder == "." else f"{folder}/"
    for source in package.sources:
        path = f"{made}/{source.made}" if source.made else prefix + source.path
        scope.add(source.module, *((None, path) if source.is_interface else (path, None)))
    return scope
