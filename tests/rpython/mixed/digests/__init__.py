# ruff: noqa
"""A mixed module: checksums, encodings, and objects that hash."""
from interpreter.mixedmodule import MixedModule

from digests import interp_ascii, interp_hash


class Module(MixedModule):
    applevel_name = '_digest'
    interpleveldefs = {
        'hexlify': interp_ascii.hexlify,
        'unhexlify': interp_ascii.unhexlify,
        'b2a_base64': interp_ascii.b2a_base64,
        'a2b_base64': interp_ascii.a2b_base64,
        'rle': interp_ascii.rlecode,
        'crc32': interp_hash.crc32,
        'adler32': interp_hash.adler32,
        'hash': interp_hash.W_Hash.typedef,
        'keyed': interp_hash.W_KeyedHash.typedef,
        'Checker': interp_hash.W_Checker.typedef,
        'algorithms': interp_hash.algorithms,
    }
    appleveldefs = {
        'both': 'def both(s): [crc32(s), adler32(s)]',
        'digest': 'def digest(name, s): hash(name).add(s).hexdigest()',
        'round_trip': 'def round_trip(s): a2b_base64(b2a_base64(s)) == s',
    }
