"""Files that a plan makes, as SCons nodes.

SCons decides by comparing the dependencies that it knew *before* a build with the present ones. For OCaml that is
either unsound (direct interfaces only) or far too coarse (everything reachable); the right set is known only
afterwards, from the import tables in the compiler's output. So these nodes hand the questions "what do you wait for",
"are you up to date", "why not" and "under which key are you cached" to the plan; everything else (parallel actions,
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
from rebel_tools.scons.compat import Node, begin_scan, forget_scan, is_cache_forced, wait_in
from rebel_tools.text import printable

if TYPE_CHECKING:
    from rebel_tools.plan.model import Scope
    from rebel_tools.plan.step import Step
    from rebel_tools.scons.goals import Goal
    from rebel_tools.scons.named import First
    from rebel_tools.scons.session import Session


class StepFile(SCons.Node.FS.File):
    """An output of a step. `attributes.rebel_step` is the step, `attributes.rebel_session` answers the questions."""

    __slots__ = ()

    @classmethod
    def adopt(cls, node: Node, session: Session, step: Step | Goal) -> None:
        """Turn a File node, which others may already refer to, into an output of `step`.

        Instead of a step, it may be an object from which `session.step_of` finds the step once the plan is made.
        """
        node.__class__ = cls  # as SCons does when an Entry turns out to be a File
        if node.get_state() == SCons.Node.up_to_date:  # SCons visited it when it had no builder
            node.set_state(SCons.Node.no_state)
        node.attributes.rebel_step = step
        node.attributes.rebel_session = session

    def begin_again(self) -> None:
        """Forget the state of this file and of its sources from an earlier build of this process."""
        made_with = (other for node in self.sources if node.has_builder() for other in _made_together(node))
        for node in (self, *self.sources, *made_with):
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
        for source in self.sources:  # only now: one of the nodes may be the step that makes it
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
        reason = _answer(self, "reason") or "the SConstruct demands it, for example with AlwaysBuild()"
        return f"rebuilding `{name}' because {printable(reason)}\n"

    def get_cachedir_bsig(self) -> str:
        key = getattr(self.attributes, "rebel_cache_key", None)
        if key is None:
            key = self.attributes.rebel_cache_key = _answer(self, "cache_key", self.get_internal_path())
        return str(key)

    def push_to_cache(self) -> None:
        """Do not cache the output if a source was edited after the key was computed: it belongs to no key."""
        if self.attributes.rebel_session.has_cache and _answer(self, "is_as_keyed"):
            super().push_to_cache()

    def retrieve_from_cache(self) -> bool:
        return bool(self.attributes.rebel_session.has_cache and super().retrieve_from_cache())

    # The signatures that SCons would compute and store for its own decision are not needed.

    def make_ready(self) -> None:
        pass

    def get_binfo(self) -> Any:
        return self.new_binfo()

    def visited(self) -> None:
        for parent in self.waiting_parents:  # this file may be new although nothing ran, with a result of another build
            if isinstance(parent, MadeFile):
                parent.forget_reads()
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
        """Like Node.built(), without computing a signature that only SCons' own file nodes would use."""
        for parent in self.waiting_parents:
            for peer in (parent, *getattr(parent, "target_peers", ())):
                peer.implicit = None
        self.clear()


def _made_together(node: Node) -> list[Node]:
    """All targets of the command that makes a node. SCons clears those of them that something depends on."""
    targets: list[Node] = node.get_executor().get_all_targets()
    return targets


def _make_again(folder: SCons.Node.FS.Dir) -> None:
    """SCons creates a folder once per process, but it may have been removed since, or not been created (-n)."""
    while folder is not folder.up():
        folder.clear_memoized_values()
        if folder.exists():
            return
        folder.reset_executor()
        folder = folder.up()


class _Parents(set[Node]):
    """Nodes that wait for one node. SCons takes the last one first, so the one with the highest priority comes last."""

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
        if self.has_builder():  # it got a builder after the plan was made
            super().visited()

    def mark_done(self) -> None:
        """Let SCons skip this source if nothing has to run before it is read."""
        waits = self.has_builder() or self.sources or self.depends or self.prerequisites
        if not waits and self.get_state() == SCons.Node.no_state:
            self.set_state(SCons.Node.up_to_date)


class MadeFile(SCons.Node.FS.File):
    """An output of a package's rule. SCons compares only inputs of a target; here the output must not change either."""

    __slots__ = ()

    @classmethod
    def adopt(cls, node: SCons.Node.FS.File) -> None:
        """Make a node one of this kind; its `attributes.rebel_reads` finds its dependencies besides its sources."""
        node.__class__ = cls

    def scan(self) -> None:
        """Unlike with a scanner of SCons, which runs once per source, every built file can add dependencies."""
        reads = getattr(self.attributes, "rebel_reads", None)
        if reads is None:
            super().scan()
        elif self.implicit is None:
            begin_scan(self)
            self.add_to_implicit(reads())

    def forget_reads(self) -> None:
        """What it waited for is there, and may name more to wait for."""
        if hasattr(self.attributes, "rebel_reads"):
            forget_scan(self)

    def is_up_to_date(self) -> bool:
        """SCons' scanners also ask this about files that were just built, and leave out those that are stale."""
        if self.get_state() == SCons.Node.executed:
            return True
        return bool(super().is_up_to_date()) and getattr(self.get_stored_info().ninfo, "csig", "") == self.get_csig()


class Group(SCons.Node.Alias.Alias):
    """All units of a scope, for nodes that wait for every one of them. Its signature is never compared.

    `attributes.rebel_step` is the scope. The nodes of its units are created when SCons reaches them, while other steps
    are running.
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
        """Let nodes that waited for it be scanned again, as after a node that ran: a goal may depend on more groups."""
        for parent in self.waiting_parents:
            parent.implicit = None

    def make_ready(self) -> None:
        pass

    def get_csig(self) -> str:
        return ""


# The nodes do not compare what they wait for. An alias reads this for its own signature.
_INDIFFERENT = (StepFile, SCons.Node.Alias.Alias, SCons.Node.FS.Dir)


def _answer(node: StepFile | Group, question: str, *arguments: str) -> Any:
    """Ask the session about the node's step or scope; its errors end the build of this node."""
    attributes = node.attributes
    try:
        return getattr(attributes.rebel_session, question)(attributes.rebel_step, *arguments)
    except RebelError as error:
        raise SCons.Errors.StopError(str(error)) from error
