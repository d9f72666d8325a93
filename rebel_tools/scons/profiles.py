"""The profile of a build in SCons: an option, an argument of env.Rebel(), and a construction variable."""

from __future__ import annotations

import os

from rebel_tools.project.profiles import BY_NAME, DEV, ENVIRON, Profile, named
from rebel_tools.scons.options import Option, value
from rebel_tools.sconstruct import PROFILE_OPTION

# The construction variable that holds the profile.
VARIABLE = "_REBELPROFILE"


# SCons' own --profile profiles SCons itself.
OPTION = Option(
    PROFILE_OPTION,
    "build_profile",
    f"the profile for OCaml: {' or '.join(BY_NAME)}; the default is {DEV.name}, or the value of the environment "
    f"variable {ENVIRON}",
    metavar="NAME",
)


def chosen(given: str | None) -> Profile:
    """The profile of this build: that of the command line, else `given`, else that of the environment, else DEV.

    Errors: RebelError for an unknown name.
    """
    for name, who in ((value(OPTION), PROFILE_OPTION), (given, "env.Rebel()"), (os.environ.get(ENVIRON), ENVIRON)):
        if name:
            return named(str(name), who)
    return DEV
