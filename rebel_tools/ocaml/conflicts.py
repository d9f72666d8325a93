"""Conflicts of grammars, with the positions of their rules.

menhir and ocamlyacc print only the number of conflicts and describe them in a file, without line numbers: menhir in
`.conflicts` (its option `--explain`), ocamlyacc in `.output` (`-v`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

MOST = 10  # conflicts that are shown, grouped by place; an unfinished grammar can have thousands

_OF_MENHIR = re.compile(
    r"(?m)^\*\* Conflict \((?P<kind>[\w/]+)\) in state \d+\.\n\*\* Tokens? involved: (?P<tokens>.+)$"
)
_REDUCED = re.compile(r"reducing production\n\*\* (?P<production>.+)\n\*\* is permitted")
_OF_OCAMLYACC = re.compile(
    r"(?m)^\d+: (?P<kind>[\w/]+) conflict "
    r"\((?:shift \d+|reduce (?P<first>\d+)), reduce (?P<second>\d+)\) on (?P<tokens>.+)$"
)
_RULE = re.compile(r"(?m)^ +(?P<number>\d+)  (?:(?P<name>\S+) :|  +\|)(?P<rest>.*)$")


class Conflict(NamedTuple):
    """kind: such as `shift/reduce`; tokens: the next ones; productions: the possible ones."""

    kind: str
    tokens: str
    productions: tuple[str, ...]


def of_menhir(report: str) -> Iterator[Conflict]:
    """The conflicts in a file `.conflicts`."""
    found = list(_OF_MENHIR.finditer(report))
    for at, conflict in enumerate(found):
        end = found[at + 1].start() if at + 1 < len(found) else len(report)
        productions = dict.fromkeys(_REDUCED.findall(report, conflict.end(), end))
        yield Conflict(conflict["kind"], conflict["tokens"], tuple(productions))


def of_ocamlyacc(report: str) -> Iterator[Conflict]:
    """The conflicts in a file `.output`."""
    rules: dict[str, str] = {}
    name = ""
    for rule in _RULE.finditer(report.partition("\nstate 0")[0]):
        name = rule["name"] or name
        rules[rule["number"]] = f"{name} ->{rule['rest']}"
    for found in _OF_OCAMLYACC.finditer(report):
        numbers = dict.fromkeys(number for number in (found["first"], found["second"]) if number)
        yield Conflict(found["kind"], found["tokens"], tuple(rules.get(number, "") for number in numbers))


def messages(conflicts: Iterable[Conflict], grammars: Mapping[str, str], report: str) -> str:
    """Warnings in the form of OCaml's own. grammars: path -> text; report: the path of the file with details."""
    rows: list[str] = []
    tokens: dict[Conflict, dict[str, None]] = {}
    for conflict in (_as_written(each, grammars) for each in conflicts):
        tokens.setdefault(conflict._replace(tokens=""), {})[conflict.tokens] = None
    every = [conflict._replace(tokens=", ".join(found)) for conflict, found in tokens.items()]
    for conflict in every[:MOST]:
        path, line, columns = _place(conflict, grammars)
        choices = [f"reducing {production}" for production in conflict.productions]
        choices += ["shifting"] if "shift" in conflict.kind else []
        rows.append(f'File "{path}", line {line}, characters {columns[0]}-{columns[1]}:')
        rows.append(f"Warning: {conflict.kind} conflict before {conflict.tokens}: {' or '.join(choices)}; see {report}")
    if len(every) > MOST:
        rows.append(f"and {len(every) - MOST} more conflicts")
    return "".join(f"{row}\n" for row in rows)


def _as_written(conflict: Conflict, grammars: Mapping[str, str]) -> Conflict:
    """The conflict with names as in the grammar, without the file names that menhir puts before some."""
    prefixes = "|".join(re.sub(r"\W", "_", path[: -len(".mly")]) + "_" for path in grammars)
    productions = (re.sub(rf"\b(?:{prefixes})", "", production) for production in conflict.productions)
    return conflict._replace(productions=tuple(productions))


def _place(conflict: Conflict, grammars: Mapping[str, str]) -> tuple[str, int, tuple[int, int]]:
    """The path, line and columns of the rule of the first production; for those of menhir itself, the first line."""
    for production in conflict.productions:
        name = re.match(r"[\w']+", production)
        if name is None:
            continue
        before, after = r"^[ \t]*(?:%\w+[ \t]+)*(?:let[ \t]+)?", r"(?![\w'])[ \t]*(?:[(:=]|$)"
        rule = re.compile(rf"(?m){before}(?P<name>{re.escape(name[0])}){after}")
        for path, text in grammars.items():
            found = rule.search(text, max(0, text.find("\n%%")))
            if found:
                begin = text.rfind("\n", 0, found.start("name")) + 1
                columns = found.start("name") - begin, found.end("name") - begin
                return path, text.count("\n", 0, begin) + 1, columns
    return next(iter(grammars)), 1, (0, 0)
