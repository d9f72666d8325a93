"""Starts the translator again in a process whose objects lie at the same addresses each time.

`hashes` makes the order of rpython's own objects independent of addresses.  What it cannot reach, hashes of None, of
built-in objects and of strings under `python -R`, is the same each time without randomised addresses and hashes.
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
