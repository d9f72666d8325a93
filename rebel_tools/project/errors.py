"""The error of a project that cannot be loaded."""

from rebel_tools.errors import RebelError


class ProjectError(RebelError):
    """A package.json, a source file or a dependency is not as it must be."""
