"""The SCons tool `rebel`: env.Rebel(), which is imported when it is first called."""

from __future__ import annotations

import os
import sys
from typing import Any

import SCons.Util

from rebel_tools.scons import build_folder, ocaml, profiles, programs, remote_settings
from rebel_tools.scons.compat import Environment
from rebel_tools.scons.options import add


def generate(env: Environment, **kw: Any) -> None:
    # Like other build tools of a language, this uses the compilers that the user's shell finds.
    env["ENV"] = {**env["ENV"], **os.environ}
    add(programs.OPTION, profiles.OPTION, build_folder.OPTION, *remote_settings.ALL_OPTIONS)
    ocaml.generate(env, **kw)
    env.SetDefault(JSOO="js_of_ocaml", JSOOFLAGS=SCons.Util.CLVar(""), JSOOCOM="$JSOO $JSOOFLAGS $SOURCE -o $TARGET")
    env.SetDefault(MENHIR="menhir")
    env.AddMethod(ocaml.late("packages", "rebel"), "Rebel")
    if any(word.startswith("--sandbox") for word in sys.argv):
        from rebel_tools.scons import remote

        remote.generate(env)


def exists(env: Environment) -> bool:
    return ocaml.exists(env)
