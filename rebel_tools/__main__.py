"""`python -m rebel_tools` is the command `rebel`, where that is not on PATH."""

import sys

from rebel_tools.cli.rebel import main

sys.exit(main())
