"""`rebel ocaml-merlin`: gives merlin and ocaml-lsp the flags with which each file is compiled.

ocaml-lsp starts it with OCAMLLSP_PROJECT_BUILD_SYSTEM=rebel. The protocol is that of `dune ocaml-merlin`: a request
is `(4:File<path>)` or `4:Halt`, an answer a list of directives (merlin, src/dot-protocol/merlin_dot_protocol.ml).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from rebel_tools.errors import RebelError
from rebel_tools.ocaml import csexp
from rebel_tools.ocaml.editors import Area, area_of, files, load, unit_of, visible
from rebel_tools.ocaml.names import is_reason
from rebel_tools.text import printable

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands

Directive = tuple[object, ...]


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "ocaml-merlin",
        help="tell editors how files are compiled (started by merlin and ocaml-lsp)",
        description="Answer requests of merlin and ocaml-lsp on standard input, in canonical S-expressions, from what "
        "the last build of the project has left.",
    )
    parser.add_argument("--dump-config", metavar="FILE", help="print the answer about one file, and end")
    # Clients may add options of dune's command, such as --no-print-directory; they are ignored.
    parser.set_defaults(execute=execute, takes_scons_arguments=True)


def execute(args: Namespace) -> int:
    if args.dump_config:
        for name, *values in answer(args.dump_config):
            words = (word for value in values for word in (value if isinstance(value, list) else [value]))
            print(printable(" ".join([str(name), *map(str, words)])))
        return 0
    serve(sys.stdin.buffer, sys.stdout.buffer)
    return 0


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the client ends. A malformed request also ends it, because the following ones cannot be parsed."""
    while True:
        try:
            request = csexp.read(requests)
        except RebelError as error:
            print(f"rebel: {error}", file=sys.stderr)
            return
        if request in (None, b"Halt", [b"Halt"]):
            return
        answers.write(csexp.encode(_reply(request)))
        answers.flush()


def _reply(request: csexp.Sexp | None) -> list[Directive]:
    if isinstance(request, list) and len(request) == 2 and request[0] == b"File" and isinstance(request[1], bytes):
        return answer(os.fsdecode(request[1]))
    return [("ERROR", "rebel ocaml-merlin answers only the requests File and Halt")]


def answer(path: str) -> list[Directive]:
    """Merlin's directives for a source, which need not exist; without any, an ERROR that says what to do."""
    source = os.path.abspath(path)
    built = False
    for file in _places(source):
        areas = load(file)
        if areas is None:
            continue
        built = True
        area = area_of(source, areas)
        if area is not None:
            return list(_directives(source, area, visible(area, areas)))
    if built:
        return [("ERROR", f"no package of the project has the file {path}; run `rebel build` if it is new")]
    return [("ERROR", "the project has not been built yet: run `rebel build`")]


def _places(source: str) -> Iterator[str]:
    """The files in which builds may have described a source: in the folders above it, above its real path, and above
    the current folder.
    """
    for folder in dict.fromkeys((os.path.dirname(source), os.path.dirname(os.path.realpath(source)), os.getcwd())):
        yield from files(folder)


def _directives(source: str, area: Area, seen: list[Area]) -> Iterator[Directive]:
    folders = dict.fromkeys([*(folder for each in seen for folder in each.sources), *area.installed])
    yield from (("S", folder) for folder in folders)
    yield from (("B", folder) for folder in dict.fromkeys([*(each.build for each in seen), *area.installed]))
    if area.flags:
        yield "FLG", list(area.flags)
    unit = unit_of(source, area)
    if unit:
        yield "UNIT_NAME", unit
    if is_reason(source):
        yield "SUFFIX", ".re .rei"
        yield "READER", ["reason"]
