# The types of codec.py, which has none of its own: it runs on Python 2.7, too.
from collections.abc import Mapping
from typing import Any

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

PROTOCOL: bytes
FORMAT: str
VERSION: int

class Limits:
    size: int
    text: int
    cells: int
    depth: int
    memo: int
    integer_bits: int

class CodecError(ValueError):
    message: str
    offset: int | None
    expected: str | None
    def __init__(self, message: str, offset: int | None = None, expected: str | None = None) -> None: ...

def dumps(data: object) -> bytes: ...
def loads(data: bytes) -> Any: ...
def encode_text(value: str) -> bytes: ...
def sorted_keys(dictionary: Mapping[str, object]) -> list[tuple[bytes, str]]: ...
def canonical(data: object) -> bytes: ...
def forms(data: object) -> tuple[bytes, bytes]: ...
def digest(interface: Mapping[str, Any], known: tuple[bytes, bytes] | None = None) -> str: ...
def seal(
    interface: Mapping[str, Any],
    producer: Mapping[str, Any],
    places: Mapping[str, Any],
    known: tuple[bytes, bytes] | None = None,
) -> bytes: ...
def unseal(data: bytes) -> dict[str, Any]: ...
