"""Compressed streams, read piece by piece and with a limit: 1 MB of xz can expand to 10 GB."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zlib
from typing import IO

from rebel_tools.binary.errors import UnreadableBinary
from rebel_tools.binary.tape import Stream
from rebel_tools.errors import Place

MAX_UNPACKED = 512 << 20
"""The limit for the bytes that are unpacked from one archive."""
XZ_MEMORY = 128 << 20
BLOCK = 1 << 16


class Bounded(io.RawIOBase):
    """A readable stream that raises an UnreadableBinary about `name` after `MAX_UNPACKED` bytes.

    failures: the exceptions of its decoder for damaged data, which become an UnreadableBinary, too.
    """

    def __init__(self, stream: Stream, name: str, failures: tuple[type[Exception], ...] = (OSError,)) -> None:
        self._stream = stream
        self._name = name
        self._failures = failures
        self._left = MAX_UNPACKED

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._stream.read(min(size, BLOCK) if size >= 0 else BLOCK)
        except self._failures as error:
            raise UnreadableBinary(f"the compressed data is damaged: {error}", place=Place(self._name)) from error
        self._left -= len(data)
        if self._left < 0:
            raise UnreadableBinary(
                "the archive is too large when it is unpacked",
                place=Place(self._name),
                expected=f"at most {MAX_UNPACKED} bytes",
            )
        return data


class _Xz(io.RawIOBase):
    """Consecutive xz streams with a limit for the memory of the dictionary, which `lzma.open` does not have."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._decoder = _xz_decoder()

    def read(self, size: int = -1) -> bytes:
        while True:
            block = self._decoder.unused_data if self._decoder.eof else b""
            if not block and self._decoder.needs_input:
                block = self._stream.read(BLOCK)
            if self._decoder.eof:
                block = block.lstrip(b"\0")  # stream padding
                if not block:
                    return b""
                self._decoder = _xz_decoder()
            elif not block and self._decoder.needs_input:
                raise EOFError("the xz stream is cut off")
            data = self._decoder.decompress(block, size)
            if data:
                return data


def _xz_decoder() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


def unpacked(stream: IO[bytes], kind: str, name: str) -> Bounded:
    """The contents of `stream` without the compression `kind` (`tar` for none, else `gz`, `bz2`, `xz`, `zst`).

    Errors: UnreadableBinary about `name`, also while it is read.
    """
    if kind == "gz":
        return Bounded(gzip.GzipFile(fileobj=stream), name, (OSError, EOFError, zlib.error))
    if kind == "bz2":
        return Bounded(bz2.BZ2File(stream), name, (OSError, EOFError, ValueError))
    if kind == "xz":
        return Bounded(_Xz(stream), name, (lzma.LZMAError, EOFError))
    return _zstd(stream, name) if kind == "zst" else Bounded(stream, name)


def _zstd(stream: IO[bytes], name: str) -> Bounded:
    """A Zstandard stream, read by Python since 3.14, before that by the package `zstandard` if it is installed."""
    try:
        from compression import zstd

        return Bounded(zstd.ZstdFile(stream), name, (zstd.ZstdError, EOFError))
    except ImportError:
        pass
    try:
        import zstandard
    except ImportError as error:
        raise UnreadableBinary(
            "the data is compressed with Zstandard, which this Python cannot read",
            place=Place(name),
            hint=f"{sys.executable} -m pip install zstandard",
        ) from error
    reader = zstandard.ZstdDecompressor(max_window_size=XZ_MEMORY).stream_reader(stream, read_across_frames=True)
    return Bounded(reader, name, (zstandard.ZstdError,))
