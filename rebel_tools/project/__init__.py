"""The project model: package.json files, the sources and how node_modules resolves. No SCons here."""

from rebel_tools.project.errors import ProjectError
from rebel_tools.project.load import absent_modules, load_project
from rebel_tools.project.model import ENGINES, Flags, Package, Project, Source, Target

__all__ = [
    "ENGINES",
    "Flags",
    "Package",
    "Project",
    "ProjectError",
    "Source",
    "Target",
    "absent_modules",
    "load_project",
]
