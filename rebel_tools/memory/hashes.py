"""Digests of texts. This module imports almost nothing: `rebel build` uses it before it decides what else to load."""

from __future__ import annotations

try:
    from _blake2 import blake2b  # hashlib would load OpenSSL as well
except ImportError:
    from hashlib import blake2b


def bytes_digest(data: bytes) -> str:
    """A digest of 24 hexadecimal digits (96 bits of BLAKE2b)."""
    return blake2b(data, digest_size=12).hexdigest()


def text_digest(*parts: str) -> str:
    """A digest over several texts, 24 hexadecimal digits; it also depends on where each text ends."""
    digest = blake2b(digest_size=12)
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()
