"""The target that a command refers to."""

from __future__ import annotations

from rebel_tools.errors import RebelError
from rebel_tools.nearest import did_you_mean
from rebel_tools.outputs.library import PROGRAMS
from rebel_tools.project.model import Project, Target
from rebel_tools.text import quote


def program_named(project: Project, name: str | None) -> Target:
    """A target whose program can be run, by its name; the only default one without. Errors: RebelError."""
    every = [target for target in project.targets if target.entry and target.engine in PROGRAMS]
    names = [target.name for target in every]
    if name is None:
        default = [target for target in every if target in project.default_targets]
        if len(default) == 1:
            return default[0]
        message = "this project has no program that can be run" if not default else "this project has several programs"
        raise RebelError(message, expected=f"one of {', '.join(names)}" if names else None)
    found = next((target for target in every if target.name == name), None)
    if found is None:
        expected = f"one of {', '.join(names)}" if names else "a target for native code or bytecode"
        raise RebelError(f"there is no program {quote(name)}", expected=expected, hint=did_you_mean(name, names))
    return found
