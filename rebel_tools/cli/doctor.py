"""`rebel doctor`: which tools are installed, and how to install the others."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from rebel_tools.sconstruct import has_own_script

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cli.parser import Commands
    from rebel_tools.diagnosis import Diagnosis, Finding
    from rebel_tools.observed.store import LastRun


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "doctor",
        help="list the installed tools, and how to install the others",
        description="Look for every tool that a build may run. The exit status is 0 if all that OCaml needs, and "
        "that the project in the current folder needs, is installed. In a tree with an SConstruct it also prints what "
        "keeps `rebel scons` from answering without SCons.",
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args: Namespace) -> int:
    # These imports take longer than a build that has nothing to do.
    from rebel_tools.diagnosis import diagnose
    from rebel_tools.observed.store import last_run

    diagnosis = diagnose()
    tree = last_run(os.environ) if has_own_script() else None
    print(as_json(diagnosis, tree) if args.json else as_text(diagnosis, tree))
    return 0 if diagnosis.ok else 1


def as_json(diagnosis: Diagnosis, tree: LastRun | None) -> str:
    """Both as one object. tree: the state after the last `rebel scons`, None without an SConstruct."""
    values = tree and {"state": tree.state, "refusals": [refusal._asdict() for refusal in tree.refusals]}
    return json.dumps({**asdict(diagnosis), "tree": values, "ok": diagnosis.ok}, indent=2)


def as_text(diagnosis: Diagnosis, tree: LastRun | None) -> str:
    """One line per tool; below a missing tool, what needs it and how to install it. `tree` as above."""
    from rebel_tools.text import printable_lines

    lines = [line for finding in diagnosis.findings for line in _lines(finding)]
    if diagnosis.problem:
        lines += ["", *f"This project cannot be read: {diagnosis.problem}".split("\n")]
    if tree:
        lines += ["", *_tree_lines(tree)]
    return printable_lines([*lines, "", _summary(diagnosis)])


def _tree_lines(tree: LastRun) -> list[str]:
    """Whether `rebel scons` can answer without SCons that there is nothing to do, and if not, why."""
    from rebel_tools.observed.store import ANSWERS, UNSEEN

    if tree.state == UNSEEN:
        return ["`rebel scons` has not run in this tree yet. Run it until it has nothing to do, then try again."]
    if tree.state == ANSWERS:
        return ["`rebel scons` answers without SCons while nothing changes in this tree."]
    lines = ["`rebel scons` always runs SCons in this tree, because its last run was not predictable:"]
    for reason, places in tree.refusals:
        lines.append(f"  {reason}")
        lines += [f"    {place}" for place in places]
    return lines


def _lines(finding: Finding) -> list[str]:
    state = "ok" if finding.ok else finding.status
    mark = " " if finding.ok or not finding.required else "!"
    details = " ".join(filter(None, (finding.version, finding.path)))
    lines = [f"{mark} {state:<11} {finding.name:<24}{details}".rstrip()]
    if not finding.ok:
        lines.append(f"{'':14}{finding.needed_by} {'needs' if finding.required else 'would need'} it")
        lines.append(f"{'':14}install: {finding.install}")
    return lines


def _summary(diagnosis: Diagnosis) -> str:
    lacking = [finding.name for finding in diagnosis.findings if finding.required and not finding.ok]
    what = "this project" if diagnosis.project else "OCaml"
    if lacking:
        return f"Not ready to build {what}: {', '.join(lacking)} (marked with !)"
    if diagnosis.problem:
        return "Not ready to build this project."
    return f"Ready to build {what}."
