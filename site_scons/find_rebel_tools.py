"""Make `import rebel_tools` work for the tools of this folder.

A link to this folder leads to the repository with the package. For a copy, the package has to be installed for the
Python that runs scons, or to be copied into this folder, which SCons adds to sys.path.
"""

import importlib.util
import os
import sys

import SCons.Errors

_REPOSITORY = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))

if os.path.isfile(os.path.join(_REPOSITORY, "rebel_tools", "__init__.py")):
    sys.path.insert(0, _REPOSITORY)
elif importlib.util.find_spec("rebel_tools") is None:
    raise SCons.Errors.UserError(
        f"the package rebel_tools is missing, which {os.path.dirname(__file__)} needs\n"
        "  hint: pip install its source folder, or copy the folder rebel_tools beside site_tools"
    )
