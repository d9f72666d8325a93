"""The members of a pnpm workspace: `packages` in `pnpm-workspace.yaml`, read with PyYAML (an optional dependency).

Source of the format: pnpm's manual, "pnpm-workspace.yaml"; other keys are ignored.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rebel_tools.errors import MissingTool, Place
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.reading import read_text

if TYPE_CHECKING:
    import yaml

FILE = "pnpm-workspace.yaml"


def file_beside(manifest: str) -> str:
    """The path of this file beside a package.json."""
    return os.path.join(os.path.dirname(manifest), FILE)


def patterns(path: str) -> Iterator[tuple[str, Place, str]]:
    """Each pattern, its place and its line. Errors: MissingTool without PyYAML, ProjectError for another file."""
    text = read_text(path)
    lines = text.splitlines() or [""]
    node = _packages(_parsed(path, text))
    if node is None:
        raise ProjectError("there is no key `packages`", place=Place(path, 1, 1), expected='packages: ["packages/*"]')
    for item in node.value if isinstance(node.value, list) else [node]:
        place, line = _place(path, item.start_mark), lines[min(item.start_mark.line, len(lines) - 1)]
        if not isinstance(node.value, list) or not isinstance(item.value, str):
            raise ProjectError(
                "this is not a list of folders", place=place, source=line, expected='packages: ["packages/*"]'
            )
        yield item.value, place, line


def _parsed(path: str, text: str) -> yaml.Node | None:
    try:
        import yaml
    except ImportError:
        message = f"{FILE} is read with the Python package PyYAML, which is not installed"
        raise MissingTool(message, place=Place(path), hint=f"{sys.executable} -m pip install pyyaml") from None
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        place = _place(path, error.problem_mark) if error.problem_mark else Place(path)
        raise ProjectError(f"not YAML: {error.problem}", place=place) from None
    except yaml.YAMLError as error:
        raise ProjectError(f"not YAML: {error}", place=Place(path)) from None
    except RecursionError:
        raise ProjectError("not YAML that can be read: it is nested too deeply", place=Place(path)) from None


def _packages(node: yaml.Node | None) -> yaml.Node | None:
    """The value of the key, ignoring everything else."""
    rows = node.value if node is not None and isinstance(node.value, list) else []
    pairs = (row for row in rows if isinstance(row, tuple))
    return next((value for key, value in pairs if key.value == "packages"), None)


def _place(path: str, mark: yaml.Mark) -> Place:
    return Place(path, mark.line + 1, mark.column + 1)
