"""Profiles: what a build is for. `dev`, the default, is about the next edit; `release` is about the program.

In `dev` native code is compiled with -opaque, as dune's profile of that name does: no module looks into the native code
of another one, so an edit of a body compiles one module and links. In `release` functions are inlined across modules,
and a compiler with flambda optimizes as far as it can.

Source: the options in OCaml's manual, chapter 13 (-opaque) and chapter 23 (-O3, ignored without flambda).
"""

from __future__ import annotations

import os
from typing import NamedTuple

from rebel_tools.errors import RebelError
from rebel_tools.nearest import did_you_mean
from rebel_tools.project.model import Flags, Package
from rebel_tools.scons.options import Option, value
from rebel_tools.sconstruct import PROFILE_OPTION
from rebel_tools.text import quote

ENVIRON = "REBEL_PROFILE"

# The construction variable that holds the profile.
VARIABLE = "_REBELPROFILE"


class Profile(NamedTuple):
    """How everything is compiled.

    folder: below `_build`, in front of the folder of a target; no target is called so. both: flags for all compilers;
    native: for ocamlopt only. writes_for_editors: whether its builds tell editors where compiled interfaces lie.
    installs: whether what it builds is installed, so that libraries are built with all that goes with them.
    """

    name: str
    folder: str = ""
    both: tuple[str, ...] = ()
    native: tuple[str, ...] = ()
    writes_for_editors: bool = True
    installs: bool = False

    def flags(self, package: Package) -> Flags:
        """What a package says about this profile."""
        return dict(package.profiles).get(self.name, Flags())


DEV = Profile("dev", both=("-opaque",))
RELEASE = Profile("release", "_release/", native=("-O3",), writes_for_editors=False, installs=True)
_PROFILES = {profile.name: profile for profile in (DEV, RELEASE)}


# SCons' own --profile is about SCons.
OPTION = Option(
    PROFILE_OPTION,
    "build_profile",
    f"what OCaml is built for: {' or '.join(_PROFILES)}; the default is {DEV.name}, or what the environment "
    f"variable {ENVIRON} says",
    metavar="NAME",
)


def chosen(given: str | None) -> Profile:
    """The profile of this build: that of the command line, else `given`, else that of the environment, else DEV.

    Errors: RebelError for a name that is none.
    """
    for name, who in ((value(OPTION), PROFILE_OPTION), (given, "env.Rebel()"), (os.environ.get(ENVIRON), ENVIRON)):
        if name:
            return _named(str(name), who)
    return DEV


def _named(name: str, who: str) -> Profile:
    if name not in _PROFILES:
        message = f"{who}: there is no profile {quote(name)}"
        raise RebelError(message, expected=" or ".join(_PROFILES), hint=did_you_mean(name, _PROFILES))
    return _PROFILES[name]
