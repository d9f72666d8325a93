"""The profiles of builds: `dev`, the default, for fast rebuilds; `release` for fast programs.

In `dev`, native code is compiled with -opaque, as in dune's profile of that name: no module depends on the native code
of another one, so after a change of an implementation, one module is compiled and programs are linked. In `release`,
functions are inlined across modules, and a compiler with flambda optimizes as far as it can.

Source: the options in OCaml's manual, chapter 13 (-opaque) and chapter 23 (-O3, ignored without flambda).
"""

from __future__ import annotations

from typing import NamedTuple

from rebel_tools.errors import RebelError
from rebel_tools.nearest import did_you_mean
from rebel_tools.project.model import PROFILES, Flags, Package
from rebel_tools.text import quote

ENVIRON = "REBEL_PROFILE"


class Profile(NamedTuple):
    """The settings of a profile.

    folder: a folder below `_build` that contains those of the targets; no target has this name. both: flags for all
    compilers; native: for ocamlopt only. writes_for_editors: whether its builds tell editors where interfaces are.
    installs: whether its outputs are installed, so that libraries are built with all their parts.
    """

    name: str
    folder: str = ""
    both: tuple[str, ...] = ()
    native: tuple[str, ...] = ()
    writes_for_editors: bool = True
    installs: bool = False

    def flags(self, package: Package) -> Flags:
        """The flags of a package for this profile."""
        return dict(package.profiles).get(self.name, Flags())


_DEV, _RELEASE = PROFILES
DEV = Profile(_DEV, both=("-opaque",))
RELEASE = Profile(_RELEASE, "_release/", native=("-O3",), writes_for_editors=False, installs=True)
BY_NAME = {profile.name: profile for profile in (DEV, RELEASE)}


def named(name: str, who: str) -> Profile:
    """The profile of that name. who: what has requested it, for errors. Errors: RebelError for an unknown name."""
    if name not in BY_NAME:
        message = f"{who}: there is no profile {quote(name)}"
        raise RebelError(message, expected=" or ".join(BY_NAME), hint=did_you_mean(name, BY_NAME))
    return BY_NAME[name]
