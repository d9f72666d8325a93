"""Gives the codewriter the known callees of open calls.

The callees of an open call count as unknown (see `openness`): any effect is assumed, and in a trace it stays a call.
But the codewriter writes a JitCode for each callee that this translation contains: the tracer compares the address that
is called, and inlines the callee if there is a JitCode for it.  So the core's own methods are inlined, and those of
extensions are called.
"""

from rpython.jit.codewriter.call import CallControl

from sepcomp.shared import openness


def install():
    CallControl.graphs_from = graphs_from(CallControl.graphs_from.im_func)


def graphs_from(original):
    def known(self, op, is_candidate=None):
        if not openness.is_open_call(op):
            return original(self, op, is_candidate)
        found = filter(is_candidate or self.is_candidate, op.args[-1].graphs())
        return found or None
    return known
