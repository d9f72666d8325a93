"""`rebel doctor`: which tools are there, and how to install those that are not."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rebel_tools.diagnosis import Diagnosis, Finding


def configure_parser(commands) -> None:
    parser = commands.add_parser(
        "doctor",
        help="tell which tools are there and how to install the others",
        description="Look for every tool that a build may run. The exit status is 0 when all that OCaml needs, and all "
        "that the project in the current folder needs, is there.",
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args) -> int:
    from rebel_tools.diagnosis import diagnose  # its imports take longer than a build that has nothing to do

    diagnosis = diagnose()
    print(as_json(diagnosis) if args.json else as_text(diagnosis))
    return 0 if diagnosis.ok else 1


def as_json(diagnosis: Diagnosis) -> str:
    return json.dumps({**asdict(diagnosis), "ok": diagnosis.ok}, indent=2)


def as_text(diagnosis: Diagnosis) -> str:
    """One line per tool; below a tool that is not there, what needs it and how to install it."""
    lines = [line for finding in diagnosis.findings for line in _lines(finding)]
    if diagnosis.problem:
        lines += ["", f"This project cannot be read: {diagnosis.problem}"]
    return "\n".join([*lines, "", _summary(diagnosis)])


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
