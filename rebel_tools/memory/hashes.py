"""Digests of texts. This module imports almost nothing: `rebel build` needs it before it knows what else to load."""

from __future__ import annotations

try:
    from _blake2 import blake2b  # hashlib would load OpenSSL as well
except ImportError:
    from hashlib import blake2b


def bytes_digest(data: bytes) -> str:
    return blake2b(data, digest_size=12).hexdigest()


def text_digest(*parts: str) -> str:
    """A digest over several texts, which also depends on where each one ends."""
    digest = blake2b(digest_size=12)
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()
