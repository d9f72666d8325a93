"""Starts the translator again in a process whose objects lie at the same addresses each time.

`hashes` makes the order of rpython's own objects independent of addresses.  Other hashes (of None, of built-in objects,
and of strings under `python -R`) are the same each time if addresses and hashes are not randomised.
"""

import ctypes
import os
import sys

ADDR_NO_RANDOMIZE = 0x0040000       # personality(2)
MARK = 'SEPCOMP_SETTLED'


def settle():
    """Replace this process by one without randomised addresses and hashes, if it is not one already and if the system
    allows that.
    """
    if os.environ.pop(MARK, None) or not sys.platform.startswith('linux'):
        return
    try:
        libc = ctypes.CDLL(None)
        libc.personality(libc.personality(0xffffffff) | ADDR_NO_RANDOMIZE)
    except (OSError, AttributeError):
        return
    os.environ.update({MARK: '1', 'PYTHONHASHSEED': '0'})
    os.execv(sys.executable, [sys.executable, '-B'] + sys.argv)
