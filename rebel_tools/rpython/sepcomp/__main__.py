"""Command line of the Python 2.7 side: `python -m sepcomp core|extension ...`."""

import sys

from sepcomp.cli import main

sys.exit(main(sys.argv[1:]))
