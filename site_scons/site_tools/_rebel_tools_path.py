"""Makes `rebel_tools` importable when site_scons is a link into a checkout and the package is not installed."""

import importlib.util
import os
import sys

if importlib.util.find_spec("rebel_tools") is None:
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))))
