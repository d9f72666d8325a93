"""The SCons tool `remote`: `--sandbox` and `--remote-cache`, for every command builder of an SConstruct.

    env = Environment(tools=['default', 'remote'])

    scons --sandbox           each command sees only its declared files; any other access is an error
    scons --sandbox=report    the build goes on, and lists undeclared accesses at its end
    scons --sandbox=fast      without a trace: fast, but undeclared files are not named
    scons --sandbox=trace     without isolation, for systems where user namespaces are forbidden
    scons --remote-cache=URL  results of commands come from a server, and go there

`$SANDBOX` is the mode of one environment when no option is given. `$SANDBOX_READS` are files that commands may read
although they are not dependencies, `$SANDBOX_TOOLCHAIN` are additional folders of tools. `$REMOTE_CACHE` is the address
of a server for the whole run, if neither the option nor the environment has one.
"""

from __future__ import annotations

from typing import Any

import SCons.Errors
import SCons.Script

from rebel_tools.sandbox.model import Mode
from rebel_tools.scons import profile, remote_settings
from rebel_tools.scons.mistakes import project_error
from rebel_tools.scons.options import Option, add

MODES = [mode.value for mode in Mode]


def generate(env: Any, **kw: Any) -> None:
    """Add the options and enforce them. The user's variables are kept, unless arguments of the tool override them."""
    env.Replace(**kw)
    env.SetDefault(SANDBOX=Mode.OFF.value, SANDBOX_READS=[], SANDBOX_TOOLCHAIN=[], REMOTE_CACHE="", REMOTE_PLATFORM={})
    if env["SANDBOX"] not in MODES:
        raise SCons.Errors.UserError(f"SANDBOX is {env['SANDBOX']!r}, expected one of {', '.join(MODES)}")
    profile.add_option()
    add(OPTION, *remote_settings.ALL_OPTIONS)
    _obey(env)


@project_error
def _obey(env: Any) -> None:
    """Apply options, the environment and construction variables."""
    given = SCons.Script.GetOption("sandbox")
    if given or env["SANDBOX"] != Mode.OFF.value:
        hold_to(Mode(given) if given else None)
    share(str(env["REMOTE_CACHE"]))


def exists(env: Any) -> bool:
    return True


OPTION = Option(
    "--sandbox",
    "sandbox",
    "Run commands with access to declared files only: full (without MODE), report, fast, trace.",
    metavar="MODE",
    choices=tuple(MODES),
    alone=Mode.FULL.value,
)


def hold_to(mode: Mode | None) -> None:
    """From now on, enforce the declarations of commands in this mode; None: in the `$SANDBOX` of each environment.

    Errors: RebelError if a tool for it is missing.
    """
    from rebel_tools.scons import sandbox  # imported late: a build without the option does not need it

    sandbox.install(mode)


def share(otherwise: str = "") -> None:
    """From now on, share results of commands, if a server was given; `otherwise`: the default address.

    Errors: RebelError if a setting of the server is invalid.
    """
    url, uploads = remote_settings.url() or otherwise, remote_settings.uploads()
    executor = remote_settings.executor_url()
    if url or executor:
        from rebel_tools.scons import sharing  # a build without a server does not load it

        sharing.install(url, uploads, executor)
