# ruff: noqa
"""A mixed module: deque and its relatives."""
from interpreter.mixedmodule import MixedModule

from deques import interp_deque


class Module(MixedModule):
    applevel_name = '_collections'
    interpleveldefs = {
        'deque': interp_deque.W_Deque.typedef,
        'deque_iterator': interp_deque.W_DequeIter.typedef,
        'defaulttable': interp_deque.W_DefaultTable.typedef,
        'merged': interp_deque.merged,
        'statistics': interp_deque.statistics,
        'BLOCKLEN': interp_deque.BLOCKLEN,
    }
    appleveldefs = {
        'rotated': 'def rotated(d, n): first([d.copy().rotate(n)])',
        'singleton': 'def singleton(x): deque([x])',
        'joined': 'def joined(a, b): deque(merged(a, b))',
        'wrong': 'def wrong(x): x.no_such_attribute',
    }
