"""What SCons does before it calls a builder, for builders that do more than run one command."""

from __future__ import annotations

import os
from typing import Any

import SCons.Util

from rebel_tools.scons.compat import override_of


def in_source_folder(source: Any, folder: Any) -> list[Any]:
    """The sources of a call with srcdir=: relative paths are below `folder`; paths from the top and nodes stay."""
    return [
        os.path.join(str(folder), path) if SCons.Util.is_String(path) and not path.startswith(("#", "/")) else path
        for path in SCons.Util.flatten([source])
    ]


def own_copy(env: Any) -> Any:
    """A copy of an environment, also of a result of env.Override(), for which SCons' own Clone() fails."""
    changed: dict[str, Any] = {}
    while (override := override_of(env)) is not None:
        env, changed = override[0], {**override[1], **changed}
    copy = env.Clone()
    copy.Replace(**changed)
    return copy


def is_true(value: object) -> bool:
    """Whether a construction variable is true; a value from the command line may be a word."""
    return bool(value) and str(value).lower() not in ("0", "no", "false")
