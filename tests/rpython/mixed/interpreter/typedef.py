# ruff: noqa
"""TypeDef and the descriptors in it."""


class TypeDef(object):
    def __init__(self, __name, __base=None, **rawdict):
        self.name = __name
        self.base = __base
        self.rawdict = rawdict
        self.doc = rawdict.pop('__doc__', None)
        self.acceptable_as_base_class = '__new__' in rawdict

    def _freeze_(self):
        return True
