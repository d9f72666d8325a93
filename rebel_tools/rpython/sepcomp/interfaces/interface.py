"""The interface file, in the format of rebel_tools.interface: a part that the gate checks, and a part for sepcomp only.

`functions` and `variables` hold every symbol of the core with its C type; the description of functions, classes and
layouts in RPython's terms is `extra`.  The digest covers all of it, so it depends neither on paths nor on time.
"""

import imp
import os
import platform
import struct
import sys

from sepcomp.command.errors import SetupError

_CODEC = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', '..', 'interface', 'codec.py')
codec = imp.load_source('sepcomp_codec', os.path.normpath(_CODEC))

VERSION = 3     # of `extra`
POINTER = ['pointer', ['void'], struct.calcsize('P'), '*']
C_TYPES = {
    'void': ['void'], 'Void': ['void'], 'Bool': ['bool', 1],
    'Signed': ['integer', struct.calcsize('l'), True, 'long'],
    'Unsigned': ['integer', struct.calcsize('l'), False, 'unsigned long'],
    'SignedLongLong': ['integer', 8, True, 'long long'],
    'UnsignedLongLong': ['integer', 8, False, 'unsigned long long'],
    'Float': ['float', 8, 'double', False], 'SingleFloat': ['float', 4, 'float', False],
    'Char': ['integer', 1, True, 'char'], 'UniChar': ['integer', 4, True, 'wchar_t'],
    'int': ['integer', 4, True, 'int'], 'UINT': ['integer', 4, False, 'unsigned int'], 'Address': POINTER,
}


def c_type(T):
    """The C type of a low-level type; pointers are opaque, since all layouts are compared by static assertions."""
    from rpython.rtyper.lltypesystem import lltype
    if isinstance(T, lltype.Ptr):
        return POINTER
    name = str(getattr(T, '_name', T))
    return C_TYPES.get(name, ['unknown', name, None])


def function(FUNC):
    from rpython.rtyper.lltypesystem import lltype
    parameters = [[None, c_type(A)] for A in FUNC.ARGS if A is not lltype.Void]
    return [c_type(FUNC.RESULT), parameters, False, None, [], None]


def function_in_words(words):
    """The same as `function`, for a text 'result arg ...' with names of C_TYPES, or * for a pointer."""
    types = [POINTER if word == '*' else C_TYPES[word] for word in words.split()]
    return [types[0], [[None, T] for T in types[1:]], False, None, [], None]


def variable(size):
    return [['array', C_TYPES['Char'], size], False, None]


def assemble(data, functions, variables):
    """The plain data of an interface: {symbol: FuncType}, {symbol: size} and the data of sepcomp."""
    return {
        'language': 'rpython',
        'target': {'machine': platform.machine(), 'pointer_size': struct.calcsize('P'), 'byteorder': sys.byteorder,
                   'os': platform.system().lower()},
        'options': data['options'],
        'functions': dict((name, function(FUNC)) for name, FUNC in functions.items()),
        'variables': dict((name, variable(size)) for name, size in variables.items()),
        'types': {},
        'exceptions': {},
        'digest_symbol': 'sepcomp_digest',
        'extra': dict(data, format=VERSION),
    }


def digest(plain):
    return str(codec.digest(plain))


def stable_digest(plain):
    """The digest of what extensions with --stable depend on."""
    from sepcomp.shared import stable
    return digest(stable.without_accessors(plain))


def write(path, plain):
    producer = {'name': 'sepcomp', 'version': str(VERSION)}
    with open(path, 'wb') as f:
        f.write(codec.seal(plain, producer, {}))


def read(path, is_stable=False):
    """(data of sepcomp, digest) of an interface file; with `is_stable` the stable digest, which takes time."""
    try:
        with open(path, 'rb') as f:
            envelope = codec.unseal(f.read(codec.Limits.size + 1))
    except (IOError, codec.CodecError) as e:
        raise SetupError('%s: cannot be read: %s' % (path, e))
    extra = native(envelope['interface'].get('extra', {}))
    if extra.get('format') != VERSION:
        raise SetupError('%s: no interface of an RPython core in version %d; build the core again' % (
            path, VERSION))
    if not is_stable:
        return extra, str(envelope['digest'])
    return extra, stable_digest(dict(native(envelope['interface']), extra=extra))


def native(data):
    """The same data with byte strings instead of unicode, because rpython expects byte strings as names."""
    if isinstance(data, unicode):
        return str(data)
    if isinstance(data, list):
        return [native(item) for item in data]
    if isinstance(data, dict):
        return dict((native(key), native(value)) for key, value in data.items())
    return data
