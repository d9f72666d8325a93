"""The name and version of this program, which are written into interfaces."""

from __future__ import annotations

import rebel_tools
from rebel_tools.interface.model import Producer

PRODUCER = Producer("rebel-tools", rebel_tools.__version__)
