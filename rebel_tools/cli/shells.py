"""Completion scripts for bash, zsh and fish, made from the parsers of the commands.

Targets are looked up when the user presses the key: `rebel completion targets` lists those of the project.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from rebel_tools.cli.described import Option, Program

TARGETS = "rebel completion targets 2>/dev/null"

_ADD = '[[ $each == "$word"* ]] && COMPREPLY+=("$each")'


def bash(programs: Iterable[Program], of_targets: Iterable[str]) -> str:
    """A file for ~/.local/share/bash-completion/completions, or to be sourced. of_targets: the subcommands that take
    targets.
    """
    takers = "|".join(of_targets)
    return "\n".join(_bash(each, takers if each.name == "rebel" else "") for each in programs)


def _bash(program: Program, takers: str) -> str:
    """Our own words need no quoting. Targets are compared in the script, because `compgen -W` would expand them."""
    function = f"_{_identifier(program.name)}"
    lines = [
        f"{function}() {{",
        '    local word="${COMP_WORDS[COMP_CWORD]}" words="" files=1 each',
        "    COMPREPLY=()",
        '    case "${COMP_WORDS[1]}" in',
    ]
    for command in program.commands:
        words = " ".join([*_names(command.options), *command.choices])
        files = "; files=0" if command.choices else ""
        lines.append(f"    {command.name}) words={shlex.quote(words)}{files};;")
    first = " ".join([*(command.name for command in program.commands), *_names(program.options)])
    lines += ["    esac", f'    if [ "$COMP_CWORD" = 1 ]; then words={shlex.quote(first)}; files=0; fi']
    if takers:
        lines += [
            '    if [ "$COMP_CWORD" != 1 ] && [ "${word:0:1}" != - ]; then',
            '        case "${COMP_WORDS[1]}" in',
            f"        {takers})",
            f"            while read -r each; do {_ADD}; done < <({TARGETS});;",
            "        esac",
            "    fi",
        ]
    lines += [
        f"    for each in $words; do {_ADD}; done",
        '    if [ "$files" = 1 ] && [ "${word:0:1}" != - ]; then',
        '        while read -r each; do COMPREPLY+=("$each"); done < <(compgen -f -- "$word")',
        "        compopt -o filenames 2>/dev/null",
        "    fi",
        "}",
        f"complete -F {function} {program.name}",
        "",
    ]
    return "\n".join(lines)


def zsh(programs: Iterable[Program], of_targets: Iterable[str]) -> str:
    """A file `_rebel` for a folder of $fpath."""
    programs, takers = list(programs), set(of_targets)
    lines = [f"#compdef {' '.join(program.name for program in programs)}", ""]
    for program in programs:
        lines += _zsh(program, takers if program.name == "rebel" else set())
    lines.append('case "$service" in')
    lines += [f'{program.name}) _{_identifier(program.name)}_words "$@";;' for program in programs]
    return "\n".join([*lines, "esac", ""])


def _zsh(program: Program, takers: set[str]) -> list[str]:
    function = f"_{_identifier(program.name)}"
    lines = [f"{function}_words() {{", "    local -a commands targets", "    commands=("]
    lines += [f"        {_zsh_quoted(f'{_colon(each.name)}:{each.help}')}" for each in program.commands]
    lines += ["    )", "    if (( CURRENT == 2 )); then", "        _describe command commands"]
    lines += [f"        _arguments {' '.join(_zsh_options(program.options))}", "        return", "    fi"]
    lines += ["    local command=$words[2]", "    shift words; (( CURRENT-- ))", '    case "$command" in']
    for command in program.commands:
        rest = "'*:file:_files'"
        if command.choices:
            rest = _zsh_quoted(f"1:word:({' '.join(command.choices)})")
        elif command.name in takers:
            rest = f"'*:target:{function}_targets'"
        lines.append(f"    {command.name}) _arguments {' '.join([*_zsh_options(command.options), rest])};;")
    lines += ["    esac", "}", ""]
    if takers:
        lines += [f"{function}_targets() {{", f'    local -a targets=(${{(f)"$({TARGETS})"}})']
        lines += ["    _describe target targets", "    _files", "}", ""]
    return lines


def _zsh_options(options: Iterable[Option]) -> list[str]:
    found = []
    for option in options:
        text = re.sub(r"[\[\]:]", lambda m: "\\" + m[0], option.help)
        for name in option.names:
            values = f"({' '.join(option.choices)})" if option.choices else "_files"
            value = f":{option.value.lower()}:{values}" if option.value else ""
            found.append(_zsh_quoted(f"{name}{'=' if value and name.startswith('--') else ''}[{text}]{value}"))
    return found


def _colon(text: str) -> str:
    return text.replace(":", "\\:")


def _zsh_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def fish(programs: Iterable[Program], of_targets: Iterable[str]) -> str:
    """A file for ~/.config/fish/completions."""
    takers = set(of_targets)
    return "\n".join(
        line for program in programs for line in _fish(program, takers if program.name == "rebel" else set())
    )


def _fish(program: Program, takers: set[str]) -> Iterable[str]:
    begin = f"complete -c {program.name}"
    yield f"{begin} -n __fish_use_subcommand -f"
    for option in program.options:
        yield f"{begin} -n __fish_use_subcommand {_fish_option(option)}"
    for command in program.commands:
        seen = f"-n '__fish_seen_subcommand_from {command.name}'"
        yield f"{begin} -n __fish_use_subcommand -a {command.name} -d {_fish_quoted(command.help)}"
        for option in command.options:
            yield f"{begin} {seen} {_fish_option(option)}"
        if command.choices:
            yield f"{begin} {seen} -f -a {_fish_quoted(' '.join(command.choices))}"
        if command.name in takers:
            yield f"{begin} {seen} -a {_fish_quoted(f'({TARGETS})')}"
    yield ""


def _fish_option(option: Option) -> str:
    names = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names]
    value = [f"-x -a {_fish_quoted(' '.join(option.choices))}"] if option.choices else ["-r"] if option.value else []
    return " ".join([*names, *value, "-d", _fish_quoted(option.help)])


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _names(options: Iterable[Option]) -> list[str]:
    return [name for option in options for name in option.names]


def _identifier(name: str) -> str:
    return name.replace("-", "_")
