"""The error of a project that cannot be loaded."""

from rebel_tools.errors import RebelError


class ProjectError(RebelError):
    """An error in a package.json, a source file or a dependency."""
