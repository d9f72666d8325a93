"""The steps of packages on an engine. Their results are kept in the cache of packages, not in that of commands."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from rebel_tools.memory.identity import OCAML_VARIABLES
from rebel_tools.ocaml import place
from rebel_tools.plan.shared import VARIABLES
from rebel_tools.remote.command import Asked, NotShared
from rebel_tools.sandbox.box import Box
from rebel_tools.sandbox.model import Declared, Finding, is_below
from rebel_tools.sandbox.toolchain import SYSTEM
from rebel_tools.scons import output
from rebel_tools.scons.captured import Captured
from rebel_tools.scons.words import argument_vector
from rebel_tools.text import screened

if TYPE_CHECKING:
    from rebel_tools.remote.execute import Ended
    from rebel_tools.scons.sharing import Sharing

_LANGUAGE = ("LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "OCAML_COLOR")
# On a worker, the folder of the project is wherever the worker has put the files.
_MAPPED = f'{place.VARIABLE}=".=$(pwd -P)" exec "$@"'


class StepAttempt:
    """The command of one step: it runs on the engine, or here as usual."""

    wants_trace = False

    def __init__(
        self, sharing: Sharing, declared: Declared, platform: Mapping[str, str], toolchain: Sequence[str]
    ) -> None:
        self._sharing = sharing
        self._declared = declared
        self._platform = platform
        self._toolchain = toolchain
        self._command: tuple[str, Sequence[str], Mapping[str, str]] | None = None
        self._asked: Asked | None = None
        self._is_remote = False

    def restore(self, shell: str, arguments: Sequence[str], variables: Mapping[str, str]) -> bool:
        """Steps are looked up before SCons decides to run them, so there is no result."""
        self._command = shell, arguments, variables
        return False

    def execute(self) -> int | None:
        """Run the command line on the engine; return its exit status, or None if it has to run here."""
        executor = self._sharing.executor
        if executor is None or self._command is None:
            return None
        try:
            self._asked = asked = self._ask(*self._command)
        except (NotShared, OSError) as error:
            executor.stays_here(str(error), self._declared.target)
            return None
        ended = executor.run(asked)
        if ended is None:
            return None
        status = self._report(ended)
        if status is not None:
            self._is_remote = True
            self._sharing.count(ended)
        return status

    def _report(self, ended: Ended) -> int | None:
        """Print what the command has said; return its exit status, or None if it has to run here."""
        shell, arguments, _ = self._command or ("", (), {})
        said = (data.decode("utf-8", "replace") for data in (ended.stdout, ended.stderr))
        done = Captured(ended.result.exit_code, *(screened(text, True) for text in said))
        return output.ended(argument_vector(shell, arguments), arguments, done)

    def _ask(self, shell: str, arguments: Sequence[str], variables: Mapping[str, str]) -> Asked:
        """The command with the variables that compilers read. Errors: NotShared, OSError."""
        root = self._declared.root
        if variables.get(place.VARIABLE) != place.mapped(os.environ, root).get(place.VARIABLE, ""):
            raise NotShared("its outputs contain the path of the project")
        words = argument_vector(shell, arguments)
        names = ("PATH", *OCAML_VARIABLES, *VARIABLES, *_LANGUAGE)
        kept = {name: variables[name] for name in names if name in variables and name != place.VARIABLE}
        folders = kept.get("PATH", os.defpath).split(os.pathsep)
        kept["PATH"] = os.pathsep.join(folder for folder in folders if is_below(folder, SYSTEM))
        program = output.which(words[0], variables.get("PATH", "")) or words[0]
        words = [shell, "-c", _MAPPED, shell, *words]
        files = self._sharing.shared.files
        return Asked(
            self._declared,
            words,
            kept,
            os.getcwd(),
            files,
            self._platform,
            program,
            appends=False,
            toolchain=self._toolchain,
        )

    def run(self, shell: str, words: Sequence[str], variables: dict[str, str], usual: Callable[[], Any]) -> Any:
        return self._sharing.run_here(self._asked, usual)

    def end(self, succeeded: bool, findings: Collection[Finding], box: Box | None) -> None:
        if self._command and not self._is_remote:
            self._sharing.shared.count(local=1)


def is_step(node: Any) -> bool:
    """Whether a node is an output of a step."""
    return hasattr(node.attributes, "rebel_session")


def is_of_a_package(env: Any) -> bool:
    """Whether commands are run as those of packages are, and not by a $SPAWN of SCons or of the user."""
    spawn = env["SPAWN"]
    return (spawn.func if isinstance(spawn, partial) else spawn) is output.spawn


def why_not(env: Any) -> str:
    """Why the commands of steps in an environment do not run remotely; '' if they may."""
    return "" if is_of_a_package(env) else "its $SPAWN is your own"
