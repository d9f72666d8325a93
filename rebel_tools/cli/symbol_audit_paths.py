"""What the paths on symbol-audit's command line stand for."""

from __future__ import annotations

from rebel_tools.binary.archives import is_archive, list_libraries, split_member
from rebel_tools.errors import Place, RebelError


def libraries_in(path: str) -> list[str]:
    """The path itself, or for an archive without a member every library in it; an archive without any is an error."""
    if split_member(path)[1] is not None or not is_archive(path):
        return [path]
    members = list(list_libraries(path))
    if not members:
        raise RebelError("the archive holds no shared library", place=Place(path), expected="an ELF or PE member")
    return members
