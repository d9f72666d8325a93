"""The project model: package.json files, sources, and the resolution of node_modules. Independent of SCons."""

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
