"""Compressed streams, read piece by piece under a limit: 1 MB of xz can hold 10 GB."""

from __future__ import annotations

import io

from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.errors import Place

MAX_UNPACKED = 512 << 20
"""Bytes that are unpacked from one archive before it is given up."""
XZ_MEMORY = 128 << 20
BLOCK = 1 << 16


class Bounded(io.RawIOBase):
    """A readable stream that ends in an error, and not in a full memory, after `MAX_UNPACKED` bytes."""

    def __init__(self, stream, name: str) -> None:
        self._stream = stream
        self._name = name
        self._left = MAX_UNPACKED

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(min(size, BLOCK) if size >= 0 else BLOCK)
        self._left -= len(data)
        if self._left < 0:
            raise UnreadableBinary(
                "the archive unpacks to too much", place=Place(self._name), expected=f"at most {MAX_UNPACKED} bytes"
            )
        return data


class _Xz(io.RawIOBase):
    """An xz stream under a limit of memory for its dictionary, which `lzma.open` does not offer."""

    def __init__(self, stream) -> None:
        import lzma

        self._stream = stream
        self._decoder = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=XZ_MEMORY)

    def read(self, size: int = -1) -> bytes:
        while not self._decoder.eof:
            block = self._stream.read(BLOCK) if self._decoder.needs_input else b""
            if self._decoder.needs_input and not block:
                raise EOFError("the xz stream is cut off")
            data = self._decoder.decompress(block, size)
            if data:
                return data
        return b""


def unpacked(stream, kind: str, name: str) -> Bounded:
    """What `stream` holds, without its compression `kind` (`tar` for none, else `gz`, `bz2`, `xz`, `zst`)."""
    openers = {"tar": lambda plain: plain, "gz": _gzip, "bz2": _bz2, "xz": _Xz}
    if kind == "zst":
        return Bounded(zstd_stream(stream, name), name)
    return Bounded(openers[kind](stream), name)


def _gzip(stream):
    import gzip

    return gzip.GzipFile(fileobj=stream)


def _bz2(stream):
    import bz2

    return bz2.BZ2File(stream)


def zstd_stream(stream, name: str):
    """Python 3.14 reads Zstandard itself; before, the `zstandard` package does when it is installed."""
    try:
        from compression import zstd

        return zstd.ZstdFile(stream)
    except ImportError:
        pass
    try:
        import zstandard
    except ImportError as error:
        raise UnreadableBinary(
            "the archive is compressed with Zstandard, which this Python cannot read",
            place=Place(name),
            hint="pip install zstandard",
        ) from error
    return zstandard.ZstdDecompressor(max_window_size=XZ_MEMORY).stream_reader(stream)
