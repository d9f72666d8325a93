"""Files that a plan makes, as SCons nodes.

SCons decides by comparing the dependencies that it knew *before* a build with the present ones. For OCaml that is
either unsound (direct interfaces only) or far too much (everything reachable); what is right is known only afterwards,
from the import tables in the compiler's output. So these nodes hand the questions "what do you wait for", "are you up
to date", "why not" and "under which key are you cached" to the plan; everything else (running actions in parallel,
failures, -k, -n, CacheDir, cleaning, printing) is SCons' own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import SCons.Errors
import SCons.Node
import SCons.Node.Alias
import SCons.Node.FS

from rebel_tools.errors import RebelError
from rebel_tools.scons import profile
from rebel_tools.scons.compat import Node, begin_scan, is_cache_forced, wait_in
from rebel_tools.text import printable

if TYPE_CHECKING:
    from rebel_tools.plan.model import Scope
    from rebel_tools.plan.step import Step
    from rebel_tools.scons.goals import Goal
    from rebel_tools.scons.named import First
    from rebel_tools.scons.session import Session


class StepFile(SCons.Node.FS.File):
    """An output of a step. `attributes.rebel_step` is the step, `attributes.rebel_session` answers for it."""

    __slots__ = ()

    @classmethod
    def adopt(cls, node: Node, session: Session, step: Step | Goal) -> None:
        """Turn a File node, which others may already refer to, into an output of `step`.

        In place of a step there can be what `session.step_of` finds it by, when a plan is made.
        """
        node.__class__ = cls  # as SCons does when an Entry turns out to be a File
        if node.get_state() == SCons.Node.up_to_date:  # SCons came to it when it had no builder
            node.set_state(SCons.Node.no_state)
        node.attributes.rebel_step = step
        node.attributes.rebel_session = session

    def begin_again(self) -> None:
        """Forget what was seen of this file and of its sources in an earlier build of this process."""
        for node in (self, *self.sources):
            node.clear()
            node.set_state(SCons.Node.no_state)
            node.implicit = None
        self.attributes.rebel_cache_key = None
        _make_again(self.dir)

    def add_to_waiting_parents(self, node: Node) -> int:
        wait_in(self, _Parents)
        return int(super().add_to_waiting_parents(node))

    def scan(self) -> None:
        if self.implicit is not None:
            return
        targets = self.get_executor().get_all_targets()
        for target in targets:
            begin_scan(target)
        with profile.span("dependencies", "planning"):
            nodes = [node for node in _answer(self, "dependencies") if node not in self.sources]
        for target in targets:
            target.add_to_implicit(nodes)
        for source in self.sources:  # only now, for among the nodes may be the step that makes it
            if isinstance(source, SourceFile):
                source.mark_done()

    def is_up_to_date(self) -> bool:
        return _answer(self, "reason") is None

    def changed(self, node: Node = None, allowcache: bool = False) -> bool:
        return not self.is_up_to_date()

    def explain(self) -> str:
        name = printable(str(self))
        if not self.exists():
            return f"building `{name}' because it doesn't exist\n"
        reason = _answer(self, "reason") or "of what the SConstruct says about it, such as AlwaysBuild()"
        return f"rebuilding `{name}' because {printable(reason)}\n"

    def get_cachedir_bsig(self) -> str:
        key = getattr(self.attributes, "rebel_cache_key", None)
        if key is None:
            key = self.attributes.rebel_cache_key = _answer(self, "cache_key", self.get_internal_path())
        return str(key)

    def push_to_cache(self) -> None:
        """A source may have been saved since the key was taken, and what was made of it belongs to no key."""
        if self.attributes.rebel_session.has_cache and _answer(self, "is_as_keyed"):
            super().push_to_cache()

    def retrieve_from_cache(self) -> bool:
        return bool(self.attributes.rebel_session.has_cache and super().retrieve_from_cache())

    # What SCons would compute and store for its own decision is not needed.

    def make_ready(self) -> None:
        pass

    def get_binfo(self) -> Any:
        return self.new_binfo()

    def visited(self) -> None:
        if is_cache_forced() and self.exists() and _answer(self, "is_as_keyed"):
            self.get_build_env().get_CacheDir().push_if_forced(self)

    def release_target_info(self) -> None:
        pass

    def built(self) -> None:
        if all(isinstance(parent, _INDIFFERENT) for parent in self.waiting_parents):
            self._built_for_the_plan()
        else:
            SCons.Node.Node.built(self)
        if self is self.get_executor().get_all_targets()[0]:
            _answer(self, "built")

    def _built_for_the_plan(self) -> None:
        """What Node.built() does, without a signature that only files of SCons' own kind would look at."""
        for parent in self.waiting_parents:
            for peer in (parent, *getattr(parent, "target_peers", ())):
                peer.implicit = None
        self.clear()


def _make_again(folder: SCons.Node.FS.Dir) -> None:
    """SCons makes a folder once in a process. What it has made may have been removed, or was only talked about (-n)."""
    while folder is not folder.up():
        folder.clear_memoized_values()
        if folder.exists():
            return
        folder.reset_executor()
        folder = folder.up()


class _Parents(set[Node]):
    """Nodes that wait for one node. SCons takes up the last one first, so that of the highest priority comes last."""

    def __iter__(self) -> Iterator[Node]:
        return iter(sorted(super().__iter__(), key=lambda node: getattr(node.attributes, "rebel_priority", 0)))


class SourceFile(SCons.Node.FS.File):
    """A source of a step. SCons need not store its signature, because only the plan compares it."""

    __slots__ = ()

    @classmethod
    def adopt(cls, node: SCons.Node.FS.File) -> SCons.Node.FS.File:
        """The node, as one of this kind if it is an ordinary file."""
        if type(node) is SCons.Node.FS.File:
            node.__class__ = cls
        return node

    def visited(self) -> None:
        if self.has_builder():  # it was given one after the plan was made
            super().visited()

    def mark_done(self) -> None:
        """Spare SCons the visit when nothing has to run before this source is read."""
        waits = self.has_builder() or self.sources or self.depends or self.prerequisites
        if not waits and self.get_state() == SCons.Node.no_state:
            self.set_state(SCons.Node.up_to_date)


class MadeFile(SCons.Node.FS.File):
    """What a rule of a package makes. SCons looks at what a target is made of; this one is to be what was made, too."""

    __slots__ = ()

    @classmethod
    def adopt(cls, node: SCons.Node.FS.File) -> None:
        """`attributes.rebel_reads` of a node finds the nodes that it depends on besides its sources."""
        node.__class__ = cls

    def scan(self) -> None:
        """What a scanner of SCons finds in a source is found once; here each thing that is built can lead to others."""
        reads = getattr(self.attributes, "rebel_reads", None)
        if reads is None:
            super().scan()
        elif self.implicit is None:
            begin_scan(self)
            self.add_to_implicit(reads())

    def is_up_to_date(self) -> bool:
        """Scanners of SCons ask this, too, about what has just been made, and leave out what is not."""
        if self.get_state() == SCons.Node.executed:
            return True
        return bool(super().is_up_to_date()) and getattr(self.get_stored_info().ninfo, "csig", "") == self.get_csig()


class Group(SCons.Node.Alias.Alias):
    """All units of a scope, for nodes that wait for every one of them. Its signature is never compared.

    `attributes.rebel_step` is the scope. Nodes of its units are made when SCons comes to them, while others compile.
    """

    def __init__(self, session: Session, scope: Scope | First | Goal | str, name: str) -> None:
        super().__init__(name)
        self.attributes.rebel_session = session
        self.attributes.rebel_step = scope

    def scan(self) -> None:
        if not self.depends:
            self.add_dependency(_answer(self, "units"))
        super().scan()

    def visited(self) -> None:
        """Nodes that waited for it are scanned again, as after a node that ran: a goal may name more groups."""
        for parent in self.waiting_parents:
            parent.implicit = None

    def make_ready(self) -> None:
        pass

    def get_csig(self) -> str:
        return ""


# Nodes that do not compare what they wait for. An alias reads it when it is asked for its own signature.
_INDIFFERENT = (StepFile, SCons.Node.Alias.Alias, SCons.Node.FS.Dir)


def _answer(node: StepFile | Group, question: str, *arguments: str) -> Any:
    """Ask the session about the node's step or scope; what it has to complain about ends the build of this node."""
    attributes = node.attributes
    try:
        return getattr(attributes.rebel_session, question)(attributes.rebel_step, *arguments)
    except RebelError as error:
        raise SCons.Errors.StopError(str(error)) from error
