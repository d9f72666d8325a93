"""RPython translations on an engine: one long command each, whose input root also has rpython and the translator."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from rebel_tools.remote.command import Asked, words_of
from rebel_tools.sandbox.model import Declared
from rebel_tools.scons.remote_steps import StepAttempt
from rebel_tools.text import screened

if TYPE_CHECKING:
    from rebel_tools.remote.execute import Ended
    from rebel_tools.scons.rpython_toolchain import Translation
    from rebel_tools.scons.sharing import Sharing


class TranslationAttempt(StepAttempt):
    """One translation: it runs on the engine, or here as usual.

    What it imports by names that it computes is known only after it has run, so one that fails there runs here, too.
    """

    def __init__(
        self,
        sharing: Sharing,
        declared: Declared,
        platform: Mapping[str, str],
        toolchain: Sequence[str],
        translation: Translation,
    ) -> None:
        super().__init__(sharing, declared, platform, toolchain)
        self._translation = translation

    def _ask(self, shell: str, arguments: Sequence[str], variables: Mapping[str, str]) -> Asked:
        more = {path for package in self._translation.packages for path in _package(package)}
        more.update(path for folder in self._translation.listed() for path in _names(folder))
        declared = self._declared._replace(extra=self._declared.extra | more)
        moved = {folder: f"../elsewhere/{name}" for folder, name in self._translation.moved.items()}
        return Asked(
            declared,
            words_of(shell, arguments),
            variables,
            os.getcwd(),
            self._sharing.shared.files,
            self._platform,
            appends=False,
            moved={**moved, declared.root: "."},
            toolchain=self._toolchain,
        )

    def _report(self, ended: Ended) -> int | None:
        if ended.result.exit_code:
            return None
        for stream, data in ((sys.stdout, ended.stdout), (sys.stderr, ended.stderr)):
            stream.write(screened(data.decode("utf-8", "backslashreplace")))
            stream.flush()
        return 0


def translation_of(targets: Sequence[Any]) -> Translation | None:
    """What one of the targets, if it is an output of a translation, is made with."""
    found: Translation | None = getattr(targets[0].attributes, "rpython_translation", None)
    return found


@cache
def _package(folder: str) -> tuple[str, ...]:
    """The files of a package, without what Python caches beside them; or one file."""
    if os.path.isfile(folder):
        return (folder,)
    walk = ((top, names) for top, _, names in os.walk(folder) if "__pycache__" not in top)
    return tuple(os.path.join(top, name) for top, names in walk for name in names if not name.endswith(".pyc"))


def _names(folder: str) -> list[str]:
    with os.scandir(folder) as entries:
        return [os.path.abspath(entry.path) for entry in entries if entry.is_file()]
