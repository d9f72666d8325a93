"""Open calls in the eyes of the codewriter.

The callees of an open call are unknown (see `openness`): its effects are the worst, and it stays a call in a trace.
For a callee that this translation does know the codewriter writes a JitCode all the same: the tracer looks at the
address that is called, and follows it when there is a JitCode for it.  So the core's own methods are inlined, and
those of an extension are called.
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
