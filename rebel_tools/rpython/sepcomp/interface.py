"""The file between a core and its extensions: one dictionary of plain data.

The digest is over a canonical text of the data, so that it does not depend on the pickler, the path or the time.
"""

import hashlib
import json

from sepcomp.errors import InterfaceError

FORMAT = 1


def canonical(data):
    return json.dumps(data, sort_keys=True, separators=(',', ':'), ensure_ascii=True)


def digest(data):
    return hashlib.sha256(canonical(data)).hexdigest()


def write(path, data):
    with open(path, 'wb') as f:
        f.write(canonical({'format': FORMAT, 'digest': digest(data), 'rpython': data}))


def read(path):
    """(data, digest) of an interface file."""
    try:
        with open(path, 'rb') as f:
            whole = json.load(f)
    except (IOError, ValueError) as e:
        raise InterfaceError('%s: cannot be read: %s' % (path, e))
    if whole.get('format') != FORMAT or digest(whole['rpython']) != whole.get('digest'):
        raise InterfaceError('%s: not an intact interface of this version of sepcomp; build the core again' % path)
    return native(whole['rpython']), str(whole['digest'])


def native(data):
    """The same data with byte strings, which rpython expects of every name."""
    if isinstance(data, unicode):
        return str(data)
    if isinstance(data, list):
        return [native(item) for item in data]
    if isinstance(data, dict):
        return dict((native(key), native(value)) for key, value in data.items())
    return data
