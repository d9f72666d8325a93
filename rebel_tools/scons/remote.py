"""The SCons tool `remote`: the options `--sandbox` and its modes, for every command builder of an SConstruct.

    env = Environment(tools=['default', 'remote'])

    scons --sandbox           each command finds only what it declared, and what else it asks for is an error
    scons --sandbox=report    the build goes on, and the end lists it
    scons --sandbox=fast      without a trace: cheap, but what was missing is not named
    scons --sandbox=trace     without a root of its own, where user namespaces are forbidden

`$SANDBOX` says the same for one environment when no option is given. `$SANDBOX_READS` are files that commands may read
though they do not count, `$SANDBOX_TOOLCHAIN` are more folders of tools.
"""

from __future__ import annotations

from typing import Any

import SCons.Errors
import SCons.Script

from rebel_tools.errors import RebelError
from rebel_tools.sandbox.model import Mode
from rebel_tools.scons.options import Option, add

MODES = [mode.value for mode in Mode]


def generate(env: Any, **kw: Any) -> None:
    """Add the options and hold commands to them; what the user has set stays, and what the tool is called with wins."""
    env.Replace(**kw)
    env.SetDefault(SANDBOX=Mode.OFF.value, SANDBOX_READS=[], SANDBOX_TOOLCHAIN=[])
    if env["SANDBOX"] not in MODES:
        raise SCons.Errors.UserError(f"SANDBOX is {env['SANDBOX']!r}, expected one of {', '.join(MODES)}")
    add(OPTION)
    given = SCons.Script.GetOption("sandbox")
    if given or env["SANDBOX"] != Mode.OFF.value:
        try:
            hold_to(Mode(given) if given else None)
        except RebelError as error:
            raise SCons.Errors.UserError(str(error)) from error


def exists(env: Any) -> bool:
    return True


OPTION = Option(
    "--sandbox",
    "sandbox",
    "Run commands where they find only what they declared: full (without MODE), report, fast, trace.",
    metavar="MODE",
    choices=tuple(MODES),
    alone=Mode.FULL.value,
)


def hold_to(mode: Mode | None) -> None:
    """From here on commands are held to what they declared, as `mode` says, or else the `$SANDBOX` of each.

    Errors: RebelError when this machine cannot do it.
    """
    from rebel_tools.scons import sandbox  # a build without the option does not load it

    sandbox.install(mode)
