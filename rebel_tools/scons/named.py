"""Files named in flags: as paths, whose contents count, and as nodes, if the same SConstruct builds them.

The nodes are looked up when a build begins, so the order in which builders are called does not matter.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import SCons.Node
import SCons.Node.FS
import SCons.Util

from rebel_tools.ocaml.linker import SHARED
from rebel_tools.ocaml.named import named, on_path
from rebel_tools.ocaml.search import code_files
from rebel_tools.plan.model import Scope
from rebel_tools.scons import places
from rebel_tools.scons.compat import Environment, Node
from rebel_tools.scons.words import expanded

if TYPE_CHECKING:
    from rebel_tools.scons.session import Session


class First(NamedTuple):
    """The files named in the flags of a scope, which have to be made before its sources are read."""

    scope: Scope

    @property
    def namespace(self) -> str:
        return self.scope.namespace

    @property
    def outdir(self) -> str:
        return self.scope.outdir


# Files that a compiler opens in a folder given with -I.
_INCLUDED = (".cmi", ".cmx", ".cmo", ".o", ".cmxa", ".cma", ".a")


def top_of(env: Environment) -> str:
    return str(env.Dir("#").get_abspath())


def files_in(env: Environment, words: Sequence[str]) -> tuple[str, ...]:
    """The absolute paths of files named in words, existing or not, including programs on the PATH."""
    top = top_of(env)
    found = named(words, top)
    path = str(env["ENV"].get("PATH", ""))
    programs = [place for name in found.programs for place in on_path(name, path)]
    return tuple(dict.fromkeys(os.path.join(top, path) for path in (*found.files, *programs)))


def library_files(env: Environment, words: Sequence[str], folders: Iterable[str]) -> tuple[str, ...]:
    """The possible paths of libraries named in words, and of object files named without a folder.

    folders: those that the compiler searches. As in SCons' own links, `$LIBPATH` counts as well.
    """
    found, top = named(words, top_of(env)), top_of(env)
    libpath = [env.Dir(folder).get_abspath() for folder in SCons.Util.flatten([env.subst_path(env.get("LIBPATH", []))])]
    searched = dict.fromkeys(os.path.join(top, folder) for folder in (*found.folders, *folders, *libpath))
    names = [f"lib{name}{suffix}" for name in found.libraries for suffix in (*SHARED, ".a") if name[:1] != ":"]
    names += [name[1:] for name in found.libraries if name.startswith(":")]
    names += [*(f"dll{name}.so" for name in found.stubs), *code_files(words)]
    searched.update(dict.fromkeys(os.path.join(top, folder) for folder in found.stub_folders))
    return tuple(dict.fromkeys(os.path.join(folder, name) for folder in searched for name in names))


def declared_reads(env: Environment) -> tuple[str, ...]:
    """The absolute paths of what preprocessors read, by `$OCAMLPPDEPS`: nodes, paths, and Glob() patterns."""
    return tuple(dict.fromkeys(node.get_abspath() for node in _declared(env)))


def _declared(env: Environment) -> Iterator[SCons.Node.Node]:
    for item in SCons.Util.flatten([env.get("OCAMLPPDEPS") or []]):
        if isinstance(item, SCons.Node.Node):
            yield item
        else:
            for name in env.Split(item) if isinstance(item, str) else [item]:
                path = env.subst(str(name)) if not isinstance(name, SCons.Node.Node) else name
                yield from env.Glob(path) if not {*"*?["}.isdisjoint(path) else [env.fs.File(path)]


def flag_words(env: Environment, variables: Iterable[str]) -> list[str]:
    """The words of construction variables."""
    return [word for variable in variables for word in expanded(env, variable)]


# Nodes


def built_files(paths: Iterable[str], folders: Iterable[str] = ()) -> list[Any]:
    """The nodes of built files: at one of these paths, and compiled files in one of these folders."""
    found = dict.fromkeys(places.built(paths))
    for folder in folders:
        found.update(dict.fromkeys(places.built_in(folder, _INCLUDED)))
    return list(found)


def leads_to(node: Node, session: Session, scope: Scope | Session) -> bool:
    """Whether a node is made, in any number of steps, from what a session compiles in a scope, or at all."""
    todo, seen = [node], set[Node]()
    while todo:
        each = todo.pop()
        if each in seen:
            continue
        seen.add(each)
        owner = getattr(each.attributes, "rebel_session", None)
        if owner is None:
            before = (each.sources, each.depends, each.prerequisites, each.implicit)  # None: the node was built
            todo += [other for nodes in before for other in nodes or ()]
            continue
        for behind in owner.scopes_behind(each):
            if owner is session and behind is scope:
                return True
            todo += [*owner.all_named(behind), *owner.source_nodes.get(behind, {}).values()]
    return False
