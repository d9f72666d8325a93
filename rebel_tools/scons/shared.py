"""The cache of results that all trees of a user share, for the steps of one session."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from rebel_tools.cache import seeds
from rebel_tools.cache.place import folder_store, is_switched_on
from rebel_tools.cache.upkeep import is_due as is_due_in
from rebel_tools.cache.upkeep import limit
from rebel_tools.errors import RebelError
from rebel_tools.memory.question import question
from rebel_tools.memory.up_to_date import Summary
from rebel_tools.plan.shared import Shared
from rebel_tools.plan.step import Step
from rebel_tools.scons import front, profile
from rebel_tools.scons.interactive import option
from rebel_tools.scons.places import has_rules
from rebel_tools.scons.remote_cache import with_remote
from rebel_tools.scons.terminal import TERMINAL
from rebel_tools.sconstruct import BUILD_FOLDER, rebel_arguments
from rebel_tools.search_path import python_command
from rebel_tools.text import printable


class SharedSteps:
    """Uses the cache for the steps of a session, except steps to which the user has added something."""

    def __init__(self, session: Any) -> None:
        self._session = session
        read_only = bool(option("cache_readonly"))
        self.store = folder_store(os.environ, read_only)
        self._shared = Shared(with_remote(self.store, read_only), session.status)

    def bring_back(self, step: Step) -> bool:
        """Restore the outputs of a step that was run elsewhere with the same inputs; return whether it was."""
        nodes = self._session.nodes(step)
        if any(map(has_rules, nodes)):
            return False
        with profile.span(step.key, "cache"):
            record, reason = self._shared.restore(step)
        self._explain(step, reason, record is not None)
        if record is None:
            return False
        TERMINAL.restore()
        for node in nodes:
            node.clear()
        if record.said and front.report() is None:  # other reports print this at the end of the build
            TERMINAL.say(sys.stderr, record.said)
        return True

    def keep(self, step: Step) -> None:
        if not any(map(has_rules, self._session.made_nodes(step))):
            self._shared.keep(step)

    def end(self) -> None:
        """At the end of the build, start a process that trims the cache, if that is due."""
        store = self.store
        try:
            is_due = store.written and is_due_in(store.folder, store.written, limit(os.environ))
        except RebelError as error:
            print(f"rebel: warning: REBEL_CACHE_SIZE: {error}", file=sys.stderr)
            return
        store.written = 0
        if is_due:
            _trim()

    def _explain(self, step: Step, reason: str, is_hit: bool) -> None:
        if "explain" in (option("debug") or ()) and (is_hit or reason):
            what = "is taken from the cache" if is_hit else f"is not in the cache: {reason}"
            sys.stdout.write(f"rebel: `{printable(step.key)}' {printable(what)}\n")


def keep_build(sessions: Sequence[Any], summary: Summary) -> None:
    """Store the outcome of a build of all default targets, for builds without an output folder."""
    asked = question(rebel_arguments(sys.argv[1:]) or (), os.environ, "")
    every = [session.shared for session in sessions]
    manifests = {os.path.relpath(each.folder, os.getcwd()): each.memory.manifest.written for each in sessions}
    if asked is None or None in every or None in manifests.values() or option("cache_readonly"):
        return
    if any(session.rules.nodes() or session.stubs.nodes() for session in sessions):
        return  # SCons' own records of these are elsewhere
    is_movable = all(session.is_movable for session in sessions)
    beside = [os.path.relpath(path, os.getcwd()) for session in sessions for path in session.editors.files]
    seeds.keep(every[0].store, asked, BUILD_FOLDER, manifests, summary, is_movable, beside)


def _trim() -> None:
    """Start a detached process that trims the cache."""
    with contextlib.suppress(OSError):
        subprocess.Popen(
            [*python_command("rebel_tools"), "cache", "trim"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def is_wanted(has_cache_dir: bool) -> bool:
    """Whether this build uses the cache.

    It does not if the SConstruct has a CacheDir, which is then used instead, or if the declarations of commands are
    enforced, so that they have to run.
    """
    held = any(word.startswith("--sandbox") and word != "--sandbox=off" for word in sys.argv)
    return is_switched_on(os.environ) and not (has_cache_dir or held or option("cache_disable"))
