"""Command line of the Python 2.7 side: `python sepcomp core|extension ...`, or `python -m sepcomp ...`."""

import os
import signal
import sys

sys.dont_write_bytecode = True
signal.signal(signal.SIGINT, signal.SIG_DFL)     # until there are files that would have to be removed
_HERE = os.path.dirname(os.path.abspath(__file__))
if os.path.abspath(sys.path[0]) == _HERE:        # run as a folder
    sys.path[0] = os.path.dirname(_HERE)

from sepcomp.command.cli import main        # noqa: E402
from sepcomp.sources.settle import settle   # noqa: E402

settle()
sys.exit(main(sys.argv[1:]))
