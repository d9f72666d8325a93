"""`python -m rebel_tools` runs the command `rebel` where it is not on PATH."""

import sys

from rebel_tools.cli.rebel import main

sys.exit(main())
