"""Where the compilers look for files that are named without a folder.

Sources: OCaml's driver/compmisc.ml (`init_path`: the current folder, -I in order, +threads, the standard library, and
since 5.2 -H), utils/load_path.ml (in each folder the uncapitalized name first), driver/compenv.ml (OCAMLPARAM),
asmcomp/asmlink.ml and bytecomp/bytelink.ml (what a link reads by itself), bytecomp/dll.ml (where stubs are looked for).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rebel_tools.errors import RebelError
from rebel_tools.memory.atomic import read_regular
from rebel_tools.ocaml.imports import Needs, read_imports

# The files that every link reads. The names of runtimes and of bytecode headers depend on options and on the version.
_OF_EVERY_LINK = {
    "native": ("stdlib.cmxa", "stdlib.a", "std_exit.cmx", "std_exit.o"),
    "byte": ("stdlib.cma", "std_exit.cmo", "ld.conf", "runtime-launch-info"),
}
_RUNTIMES = {"native": ("libasmrun",), "byte": ("libcamlrun", "camlheader")}

# Suffixes of files with code, which a command line may name without a folder.
CODE = (".cmxa", ".cma", ".cmx", ".cmo", ".a", ".o", ".so")
_BESIDE = {".cmxa": ".a", ".cmx": ".o"}


def search_path(
    words: Sequence[str], standard_library: str, environ: Mapping[str, str], current: str
) -> tuple[str, ...]:
    """The folders in which a compiler with these words on its command line looks, in its order.

    They are spelled as on the command line; '' is the current folder, which is `current`.
    """
    every = list(with_response_files(words, current))
    before, after = _parameters(environ.get("OCAMLPARAM", ""))
    shown = [*before, *values_of("-I", every), *after]
    threads = ["+threads"] if "-thread" in every or "-vmthread" in every else []
    standard = [] if "-nostdlib" in every else [standard_library]
    folders = ["", *shown, *threads, *standard, *values_of("-H", every)]
    expanded = (f"{standard_library}/{folder[1:]}" if folder.startswith("+") else folder for folder in folders)
    return tuple(dict.fromkeys(os.path.normpath(folder) if folder else "" for folder in expanded))


def with_response_files(words: Sequence[str], current: str) -> Iterator[str]:
    """The words with response files expanded: `-args FILE` has a word in each line, `-args0 FILE` before each NUL."""
    for option, value in zip(words, [*words[1:], ""]):
        yield option
        if option in ("-args", "-args0"):
            data = read_regular(os.path.join(current, value))
            if data is not None:  # the compiler reports the error
                text = data.decode("utf-8", "surrogateescape")
                yield from text.replace("\r\n", "\n").split("\n") if option == "-args" else text.split("\0")


def values_of(option: str, words: Sequence[str]) -> list[str]:
    """The values of an option, for each of its occurrences."""
    return [value for word, value in zip(words, words[1:]) if word == option]


def _parameters(text: str) -> tuple[list[str], list[str]]:
    """The folders in OCAMLPARAM before and after those of the command line, which `_` represents.

    Its first character is the separator unless that is a letter or `_`.
    """
    separator = text[:1] if text and not (text[0].isalnum() or text[0] == "_") else ","
    items = text.strip(separator).split(separator)
    middle = items.index("_") if "_" in items else len(items)
    folders = [[item[2:] for item in part if item.startswith("I=")] for part in (items[:middle], items[middle:])]
    return folders[0], folders[1]


def unit_file_names(name: str) -> tuple[str, str]:
    """The two possible names of a unit's file, such as `Foo.cmi`; the first one is preferred."""
    return name[:1].lower() + name[1:], name


def link_files(
    words: Iterable[str], engine: str, standard_library: str, environ: Mapping[str, str], folders: Sequence[str]
) -> list[str]:
    """The installed files that a link can read, as absolute paths, or as names that are searched in the `folders`.

    words: the command line, without the objects of this build. Missing files are included, because they may be created.
    """
    found = [*_OF_EVERY_LINK[engine], *_runtimes(engine, standard_library)]
    stubs = stub_folders(standard_library, environ) if engine == "byte" else ()
    for word in code_files(words):
        found += [word, *_of_archive(_located(word, folders), stubs)]
    return list(dict.fromkeys(found))


def code_files(words: Iterable[str]) -> list[str]:
    """The files with code that words name, and those that a compiler reads beside them."""
    found = []
    for word in (word for word in words if word.endswith(CODE)):
        stem, suffix = os.path.splitext(word)
        found += [word, *([stem + _BESIDE[suffix]] if suffix in _BESIDE else [])]
    return found


def needs_of(words: Iterable[str], folders: Sequence[str]) -> list[str]:
    """The options, objects and libraries for the C compiler in archives among the words."""
    found: list[str] = []
    for word in (word for word in words if word.endswith((".cmxa", ".cma"))):
        needs = _needs(_located(word, folders))
        found += [part for option in needs.options for part in option.split()] + list(needs.objects)
    return found


def _runtimes(engine: str, standard_library: str) -> list[str]:
    try:
        names = os.listdir(standard_library)
    except OSError:
        return []
    return sorted(name for name in names if name.startswith(_RUNTIMES[engine]))


def _located(name: str, folders: Sequence[str]) -> str:
    paths = (os.path.join(folder, name) for folder in folders)
    return next((path for path in paths if os.path.isfile(path)), name)


def _of_archive(path: str, stubs: Sequence[str]) -> Iterator[str]:
    """The C libraries that an archive names."""
    if not path.endswith((".cmxa", ".cma")):
        return
    needs = _needs(path)
    folders = [word[2:] for option in needs.options for word in option.split() if word.startswith("-L")]
    for word in needs.objects:
        names = [f"lib{word[2:]}{suffix}" for suffix in (".so", ".a")] if word.startswith("-l") else [word]
        yield from (os.path.join(folder, name) for folder in ["", *folders] for name in names)
    for word in needs.dlls:
        name = f"dll{word[2:]}.so" if word.startswith("-l") else word
        yield from (os.path.join(folder, name) for folder in ["", *stubs])


def _needs(archive: str) -> Needs:
    try:
        return read_imports(archive).needs
    except (OSError, RebelError):  # the compiler reports the error
        return Needs()


def stub_folders(standard_library: str, environ: Mapping[str, str]) -> list[str]:
    folders = environ.get("CAML_LD_LIBRARY_PATH", "").split(os.pathsep)
    try:
        with open(os.path.join(standard_library, "ld.conf"), encoding="utf-8", errors="surrogateescape") as file:
            folders += [os.path.join(standard_library, line.strip()) for line in file]
    except OSError:  # no folder of stubs
        pass
    return [folder for folder in folders if folder]
