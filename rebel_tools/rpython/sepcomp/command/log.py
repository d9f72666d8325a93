"""Sends everything that the toolchain prints, which is a lot, to a file; the terminal gets only messages."""

import contextlib
import os
import sys
import traceback

_terminal = [None]


class Log(object):

    def __init__(self, stream):
        self.stream = stream

    def write(self, text):
        self.stream.write(text)
        self.stream.flush()

    def traceback(self):
        traceback.print_exc(file=self.stream)
        self.stream.flush()


@contextlib.contextmanager
def captured(path):
    """Send the file descriptors 1 and 2, of this process and its children, to the file `path`."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    stream = open(path, 'w', 1)
    os.dup2(stream.fileno(), 1)
    os.dup2(stream.fileno(), 2)
    _terminal[0] = saved[1]
    try:
        yield Log(stream)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(saved[0], 1)
        os.dup2(saved[1], 2)
        stream.close()
        for fd in saved:
            os.close(fd)


def tell(text):
    """Print to the user's standard error while the output is captured."""
    os.write(_terminal[0], text.rstrip('\n') + '\n')
