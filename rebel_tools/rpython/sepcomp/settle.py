"""Starts the translator again in a process whose objects lie at the same addresses each time.

rpython puts objects with no order of their own into sets and sorts by identity here and there.  Interfaces do not
depend on that, names in the generated C do.  Without randomised hashes and addresses the same translation on the same
path gives the same bytes.
"""

import ctypes
import os
import sys

ADDR_NO_RANDOMIZE = 0x0040000       # personality(2)
MARK = 'SEPCOMP_SETTLED'


def settle():
    """Does not return if a new process takes over; where the system does not allow it, all goes on as it is."""
    if os.environ.pop(MARK, None) or not sys.platform.startswith('linux'):
        return
    try:
        libc = ctypes.CDLL(None)
        libc.personality(libc.personality(0xffffffff) | ADDR_NO_RANDOMIZE)
    except (OSError, AttributeError):
        return
    os.environ.update({MARK: '1', 'PYTHONHASHSEED': '0'})
    os.execv(sys.executable, [sys.executable, '-B'] + sys.argv)
