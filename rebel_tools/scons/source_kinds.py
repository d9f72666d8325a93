"""Classifies the files that an OCaml builder gets, by their names: Glob("*.ml*") finds more than sources."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import Any

from rebel_tools.errors import RebelError
from rebel_tools.ocaml.names import SUFFIXES
from rebel_tools.project.stubs import SOURCES
from rebel_tools.scons.arguments import known_file
from rebel_tools.scons.nodes import StepFile

# Copies left by editors, merges and version control, templates of generated sources, and files of ocamlbuild and odoc.
# They are not code, even if a pattern matches them.
_NO_CODE = re.compile(
    r"[#.].*|.*(~|\.(orig|rej|bak|old|save|swp|tmp|in|mlpack|mllib|mldylib|mld))\Z",
)

OBJECTS = (".o", ".obj", ".os")

# Files for the linker besides units of this build.
_LINKED = re.compile(r".*(\.(o|obj|os|a|lib|dylib|dll|cmx|cmxa|cmo|cma)|\.so(\.\d+)*)\Z")

# Suffixes of sources of ocamllex, ocamlyacc and menhir.
_OF_GENERATORS = (".mll", ".mly")


def meant(nodes: Iterable[Any], suffixes: Iterable[str], of_c: Callable[[str], bool]) -> list[Any]:
    """The files that can be built, without copies and lists beside sources.

    suffixes: of sources, also of those that another builder has to make something of.
    of_c: whether a file with this name is of use besides OCaml, see `goes_into_library` and `goes_into_program`.
    Errors: RebelError for a file that is of no use here.
    """
    known = tuple(suffixes)
    candidates = (node for node in dict.fromkeys(nodes) if not _NO_CODE.match(node.name))
    return [node for node in candidates if _is_meant(node, known, of_c)]


def modules_only(name: str) -> bool:
    """For builders that only compile modules."""
    return False


def goes_into_library(objects: Iterable[str]) -> Callable[[str], bool]:
    """For a library: sources of C, and objects. objects: more suffixes of these."""
    suffixes = (*SOURCES, *OBJECTS, *filter(None, objects))
    return lambda name: name.endswith(suffixes)


def goes_into_program(linked: Iterable[str]) -> Callable[[str], bool]:
    """For a program: sources of C, and all that is linked. linked: more suffixes of what is."""
    suffixes = (*SOURCES, *filter(None, linked))
    return lambda name: bool(_LINKED.match(name)) or name.endswith(suffixes)


def _is_meant(node: Any, suffixes: tuple[str, ...], of_c: Callable[[str], bool]) -> bool:
    if isinstance(node, StepFile):  # a result of env.OCamlObject
        return True
    if node.name.endswith(_OF_GENERATORS):
        return not _has_own_rule(node)
    if not node.name.endswith(suffixes) and not of_c(node.name):
        raise RebelError(f"`{node}` is not a source of OCaml or Reason", expected=", ".join(SUFFIXES), hint=_hint(node))
    return True


def _has_own_rule(node: Any) -> bool:
    """Whether a rule of the SConstruct makes the module of a lexer or parser.

    Errors: RebelError if the module exists and may have been written by hand.
    """
    name = os.path.splitext(node.name)[0] + ".ml"
    made, source = known_file(node.dir, name), known_file(node.srcnode().dir, name)
    if made and made.has_builder():
        return made.builder.get_name(made.get_build_env()) not in ("OCamlLex", "OCamlYacc")
    if source and not any(file and (file.has_builder() or _was_built(file)) for file in (made, source)):
        raise RebelError(
            f"`{source}` exists already, and no builder makes it from `{node}`",
            hint=f"leave `{node.name}` out (Glob has exclude=), or remove `{name}` if it was generated",
        )
    return False


def _was_built(node: Any) -> bool:
    """Whether SCons has made a file in an earlier build, here or in a repository."""
    return any(getattr(file.get_stored_info().binfo, "bact", None) for file in (node, node.rfile()))


def _hint(node: Any) -> str:
    if node.name.endswith(SOURCES):
        return "C is given to env.OCamlLibrary or env.OCamlProgram"
    return "give its result" if "." in node.name else ""
