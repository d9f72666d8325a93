"""What the command `rebel` changes in SCons when it runs with its own SConstruct.

SCons reports each failed step again, although the compiler has said why it failed, and reports a user's error with a
line of the SConstruct, which is ours. The parts of SCons that do so are replaced here, before it starts.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import SCons.Errors
import SCons.Node
import SCons.Script

from rebel_tools.errors import RebelError
from rebel_tools.presentation import OPTIONS, Presentation
from rebel_tools.scons import output
from rebel_tools.scons.compat import (
    BuildTask,
    OptionParser,
    OutOfDateTask,
    around_build,
    build_error,
    given_options,
    tell_mistakes,
    use_task,
)
from rebel_tools.scons.failures import failure
from rebel_tools.scons.report import Report

_OPTION = "keep_going"
_set_here = False
_installed: list[Presentation] = []
_reports: list[Report] = []


def install(how: Presentation, arguments: Sequence[str]) -> None:
    """Let this process, which is going to run SCons, report the build as `rebel` does with these arguments."""
    _installed[:] = [how]
    _reports[:] = []
    if how.verbose:
        return
    _reports[:] = [_events(how, arguments) if how.json else Report(how)]
    output.listen(_reports[0])
    use_task(Task)
    around_build(_build)
    tell_mistakes(_tell_mistake)
    OptionParser.error = _tell_option


def _events(how: Presentation, arguments: Sequence[str]) -> Report:
    from rebel_tools.scons.events import Events

    return Events(how, arguments)


def is_installed() -> bool:
    """Whether `rebel` runs SCons with its own SConstruct."""
    return bool(_installed)


def report() -> Report | None:
    """The report of this build; None if SCons itself reports it."""
    return _reports[0] if _reports else None


def go_on_after_failures() -> None:
    """Go on with steps that do not depend on a failed one, so that all independent errors are shown at once."""
    global _set_here
    if not SCons.Script.GetOption(_OPTION):
        setattr(given_options(), _OPTION, True)
        _set_here = True


def user_keeps_going() -> bool:
    """Whether the user gave `-k`, which needs the whole graph and not only the steps that are known to be stale."""
    return bool(SCons.Script.GetOption(_OPTION)) and not _set_here


def _build(build_targets: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return build_targets(*arguments)
    finally:
        _reports[0].built()


class Task(BuildTask):
    """SCons' own task for a step, except for its messages."""

    def needs_execute(self) -> bool:
        return bool(OutOfDateTask.needs_execute(self))

    def make_ready(self) -> None:
        OutOfDateTask.make_ready(self)
        explanation = self.out_of_date and self.options.debug_explain and self.out_of_date[0].explain()
        if explanation:
            sys.stdout.write(f"rebel: {explanation}")

    def executed(self) -> None:
        node = self.targets[0]
        is_built = not self.top or node.has_builder() or node.side_effect
        if not is_built and node.exists():
            OutOfDateTask.executed(self)  # a source: nothing to do
        elif not is_built:  # an unknown target in an interactive session, which reads the project once
            error = SCons.Errors.BuildError(node, "there is no such target")
            _reports[0].failed(failure(error))
            self.exception = (type(error), error, None)
            self.do_failed()
        else:
            super().executed()
            if node.get_state() == SCons.Node.executed:
                _reports[0].ends(node)

    def failed(self) -> None:
        kind, value, trace = (*self.exc_info(), None)[:3]
        if kind is None:
            kind, value, trace = sys.exc_info()
        error = build_error(value or kind)
        error.node = error.node or self.node
        if _is_unexpected(error):
            traceback.print_exception(*error.exc_info)
        _reports[0].failed(failure(error))
        self.exception = (value or kind, error, trace)
        self.do_failed(error.exitstatus)
        self.exc_clear()


def _is_unexpected(error: Any) -> bool:
    """Whether this is neither a user's error nor one of the system, but a bug."""
    cause = error.exc_info[1]
    return cause is not None and not isinstance(
        cause, (OSError, SCons.Errors.BuildError, SCons.Errors.StopError, SCons.Errors.UserError)
    )


def _tell_mistake(error: SCons.Errors.UserError) -> NoReturn:
    """Report an error that ends the reading of the SConstruct, such as one in package.json."""
    cause = error.__cause__
    _reports[0].mistake(cause if isinstance(cause, RebelError) else RebelError(str(error)))
    sys.exit(2)


def _tell_option(parser: Any, message: str) -> NoReturn:
    """Report a wrong option of scons."""
    from rebel_tools.nearest import did_you_mean

    known = [*OPTIONS, *(name for option in _options(parser) for name in option._long_opts)]
    what, _, name = message.partition(": ")
    hint = did_you_mean(name, known) if what == "no such option" else None
    _reports[0].mistake(RebelError(message, hint=hint or "rebel build -H lists the options of scons"))
    sys.exit(2)


def _options(parser: Any) -> list[Any]:
    return [option for group in (parser, *parser.option_groups) for option in group.option_list]
