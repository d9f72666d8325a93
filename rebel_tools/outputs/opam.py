"""The description of a package for opam, from its package.json.

Source of the format: opam's manual, "opam" files: fields `name: value`, strings in quotation marks with `\\` before a
`"` and a `\\`. The values of the fields follow `opam lint`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from rebel_tools.project.document import Document, Path
from rebel_tools.project.manifest import document_of
from rebel_tools.project.model import Package, Project
from rebel_tools.text import printable, quote

# Libraries of the OCaml distribution itself, by the first part of their findlib names.
_OF_OCAML = frozenset(
    ("bigarray", "bytes", "compiler-libs", "dynlink", "ocamldoc", "runtime_events", "stdlib", "str", "threads", "unix")
)
_NAMES = {"menhirLib": "menhir", "findlib": "ocamlfind", "oUnit": "ounit2"}

Value = object  # a string, or a list of these


def opam_text(package: Package, project: Project) -> str:
    """The file `<name>.opam` of a package. Errors: ProjectError if package.json lacks what opam requires."""
    document = document_of(package)
    about = _About(document)
    fields: dict[str, Value] = {
        "opam-version": "2.0",
        "version": about.text("version"),
        "synopsis": about.text("description").partition("\n")[0].rstrip("."),
        "maintainer": about.people("maintainers", "author"),
        "authors": about.people("author", "contributors"),
        "license": about.text("license"),
        "homepage": about.text("homepage"),
        "bug-reports": about.address("bugs"),
        "depends": list(_depends(package, project)),
        "build": [["rebel", "build", "--release"]],
        "install": [["rebel", "install", "--prefix", _Variable("prefix")]],
    }
    if about.has("repository"):
        fields["dev-repo"] = _repository(about.address("repository"))
    return "".join(f"{name}: {_shown(value)}\n" for name, value in fields.items())


class _Variable(str):
    """A variable of opam, which is written without quotation marks."""


class _About:
    """The keys of package.json that only opam files need."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.value: Mapping[str, object] = document.value if isinstance(document.value, dict) else {}

    def has(self, key: str) -> bool:
        return bool(self.value.get(key))

    def text(self, key: str) -> str:
        found = self.value.get(key)
        if isinstance(found, str) and found.strip():
            return found.strip()
        raise self._missing(key, found, "a text")

    def address(self, key: str) -> str:
        """The URL in a key whose value is one, or an object with one."""
        found = self.value.get(key)
        url = found.get("url") if isinstance(found, dict) else found
        if isinstance(url, str) and url.strip():
            return url.strip()
        raise self._missing(key, found, 'an address, or {"url": "an address"}')

    def people(self, *keys: str) -> list[str]:
        """The people in the first of these keys that exists: `Name <mail>`, or objects with `name` and `email`."""
        key = next(filter(self.has, keys), keys[-1])
        found = self.value.get(key)
        every = found if isinstance(found, list) else [found]
        people = [_person(each) for each in every]
        if not all(people):
            raise self._missing(key, found, '"Name <mail@example.org>", or {"name": "...", "email": "..."}')
        return people

    def _missing(self, key: str, found: object, expected: str) -> Exception:
        keys: Path = (key,) if found is not None else ()
        message = f"{quote(key)} cannot be used" if found is not None else f"there is no key {quote(key)}"
        return self.document.error(keys, f"{message}, and opam requires it", expected=f'"{key}": {expected}')


def _person(value: object) -> str:
    if isinstance(value, dict):
        name, mail = value.get("name"), value.get("email")
        value = f"{name} <{mail}>" if name and mail else name
    return re.sub(r"\s*\([^)]*\)", "", value).strip() if isinstance(value, str) else ""  # npm's (url)


def _repository(url: str) -> str:
    """The URL in opam's form: with the name of the version control system, which npm may omit."""
    short = re.fullmatch(r"(?:github:)?([\w.-]+/[\w.-]+)", url)
    url = f"https://github.com/{short[1]}.git" if short else url
    return url if re.match(r"(git|hg|darcs)(\+|:)", url) else f"git+{url}"


def _depends(package: Package, project: Project) -> Iterator[Value]:
    every: list[str] = ["ocaml", "ocamlfind"]  # rebel itself is not an opam package
    owners = [package, *(each for each in project.packages if each.library_of == package.name)]
    packages = [used for owner in owners for used in (*project.closure(owner), owner)]  # npm's are installed with it
    heads = (name.partition(".")[0] for each in packages for name in each.ocamlfind)
    every += [_NAMES.get(head, head) for head in heads if head not in _OF_OCAML]
    yield from dict.fromkeys(every)


def _shown(value: Value, depth: int = 0) -> str:
    if isinstance(value, _Variable):
        return value
    if isinstance(value, str):
        escaped = printable(value).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    assert isinstance(value, Iterable)
    items = [_shown(item, depth + 1) for item in value]
    if depth == 0 and len(items) > 1:
        return "[\n" + "".join(f"  {item}\n" for item in items) + "]"
    return f"[{' '.join(items)}]"
