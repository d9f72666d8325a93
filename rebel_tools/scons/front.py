"""What is otherwise when the command `rebel` runs scons, with the SConstruct that comes with it."""

from __future__ import annotations

import SCons.Script
import SCons.Script.Main

_OPTION = "keep_going"
_set_here = False


def go_on_after_failures() -> None:
    """Build what does not depend on a step that failed, so that all independent errors are shown at once."""
    global _set_here
    if not SCons.Script.GetOption(_OPTION):
        setattr(SCons.Script.Main.OptionsParser.values, _OPTION, True)
        _set_here = True


def user_keeps_going() -> bool:
    """Whether the user gave `-k`, which is about the whole graph and not only about what is known to be stale."""
    return bool(SCons.Script.GetOption(_OPTION)) and not _set_here
