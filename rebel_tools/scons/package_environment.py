"""The construction environment in which a package is compiled for a group of targets, or a target is linked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rebel_tools.ocaml.flags import LINK_ALL, NO_WARNINGS, by_compiler
from rebel_tools.project.model import Flags, Package, Project
from rebel_tools.scons import profiles
from rebel_tools.scons.compat import Environment
from rebel_tools.scons.programs import is_installed
from rebel_tools.scons.settings import build_environ
from rebel_tools.scons.words import extended


def package_environment(
    base: Environment,
    project: Project,
    package: Package,
    engines: Sequence[str],
    flags: Flags,
    more: Mapping[str, Any],
    link: Iterable[str] = (),
) -> Environment:
    """The environment `base` with the flags of a package, and the findlib packages of all its dependencies.

    flags: those of the targets that it is compiled for. link: the flags of a link.
    more: the variables for its C code and its rewriters, see `PackageStubs.variables` and `Drivers.variables`.
    """
    used = (*project.closure(package), package)
    profile = base[profiles.VARIABLE]
    extra = {each: profile.flags(each) for each in used}
    hushed = NO_WARNINGS if is_installed(package, project) else ()
    both, native = by_compiler((*package.flags.compile, *extra[package].compile, *flags.compile, *hushed))
    findlib = dict.fromkeys(name for each in used for name in (*each.ocamlfind, *each.ppx.findlib))
    links = (*(word for each in used for word in (*each.flags.link, *extra[each].link)), *link)
    archive = extended(base["OCAMLARCHIVEFLAGS"], [LINK_ALL] if package.link_all else [])
    return base.Override(
        {
            "OCAMLENGINES": list(engines),
            "OCAMLPACKAGES": extended([], findlib),
            "OCAMLFLAGS": extended(base["OCAMLFLAGS"], (*profile.both, *both)),
            "OCAMLOPTFLAGS": extended(base["OCAMLOPTFLAGS"], (*profile.native, *native)),
            "OCAMLARCHIVEFLAGS": [*archive, *(["$_OCAMLSTUBS"] if "_OCAMLSTUBS" in more else [])],
            "OCAMLDEPFLAGS": extended(base["OCAMLDEPFLAGS"], (*package.flags.dep, *extra[package].dep, *flags.dep)),
            "OCAMLLINKFLAGS": [
                *extended(base["OCAMLLINKFLAGS"], links),
                *(["$_OCAMLSTUBLINK"] if "_OCAMLSTUBLINK" in more else []),
                "$_OCAMLHOST",
            ],
            "_OCAMLHOST": "",
            **more,
            **build_environ(base, flags.envvars),
        }
    )
