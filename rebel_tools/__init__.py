"""rebel-tools: separate compilation for SCons, with verified interfaces.

`TOOLPATH` is the folder for SCons' argument `toolpath`: `Environment(tools=['default', 'rebel'],
toolpath=[rebel_tools.TOOLPATH])`.
"""

import os

__version__ = "0.1.0"

TOOLPATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scons", "tools")
