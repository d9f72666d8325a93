"""The libraries that ocamlmklib makes from objects of C and C++, and how programs are linked with them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

from rebel_tools.errors import RebelError
from rebel_tools.scons.actions import Words
from rebel_tools.scons.compat import Environment, Nodes
from rebel_tools.scons.settings import program

# ocamlmklib passes the names of objects to a shell.
_FOR_OBJECTS = re.compile(r"[^A-Za-z0-9_./+-]")
_OF_SHELL = re.compile(r"[^A-Za-z0-9_./+@~,=:-]")


def has_shared_libraries(config: Mapping[str, str]) -> bool:
    """Whether bytecode can load C code at run time, according to `ocamlc -config`."""
    return config.get("supports_shared_libraries") == "true"


def object_names(sources: Iterable[str]) -> list[tuple[str, str]]:
    """A name for the object of each source that needs no quoting in a shell."""
    found: dict[str, str] = {}
    for path in sources:
        name = _FOR_OBJECTS.sub("_", path)
        while f"{name}.o" in found:
            name += "_"
        found[f"{name}.o"] = path
    return [(path, name) for name, path in found.items()]


def packing(env: Environment, folder: str, name: str, objects: Nodes, linked: Sequence[str]) -> Words:
    """The action that makes `lib<name>.a` and `dll<name>.so` in a folder, both from the same objects.

    linked: the words for the C linker. Errors: RebelError for a path that a shell would change.
    """
    out, paths = f"{folder}/{name}", [node.get_internal_path() for node in objects]
    odd = next((path for path in (out, *paths) if _OF_SHELL.search(path)), None)
    if odd:
        raise RebelError(f"ocamlmklib cannot write to `{odd}`", expected="a folder without blanks in its path")
    quoted = map(shlex.quote, linked)  # ocamlmklib passes them to a shell
    given = [each for word in quoted for each in ((word,) if word.startswith(("-l", "-L")) else ("-ldopt", word))]
    command = [program(env, "OCAMLMKLIB"), "-o", out, *paths, *given]
    return Words(command, f"ocamlmklib {folder}/lib{name}.a")


def recorded(linked: Iterable[str]) -> list[str]:
    """Words for the C linker in the form for OCaml's compilers, which pass them to a shell."""
    return [
        each
        for word in linked
        for each in (("-cclib", word) if word.startswith("-l") else ("-ccopt", shlex.quote(word)))
    ]
