"""`scons --profile-build=FILE`: the trace and the critical path."""

import json

from rebel_tools.plan.trace import Span, chrome_trace

SCONSTRUCT = """
import rebel_tools
DefaultEnvironment(tools=[])
env = Environment(tools=['ocaml'], toolpath=[rebel_tools.TOOLPATH])
env.OCamlProgram('app', ['a.ml', 'b.ml', 'c.ml'])
"""


def test_trace_of_a_build(project):
    project.write("SConstruct", SCONSTRUCT)
    project.write("a.ml", "let x = 1")
    project.write("b.ml", "let y = A.x")
    project.write("c.ml", "let z = 3")
    run = project.scons("-j2", "--profile-build=trace.json")
    assert "5 actions took" in run.err and "critical path" in run.err
    assert " s  app\n" in run.err.partition("critical path")[2]  # each chain ends with the program
    events = json.loads(project.path("trace.json").read_text())["traceEvents"]
    actions = {event["name"] for event in events if event.get("cat") == "action"}
    assert "app" in actions and len(actions) == 5
    assert all(event["dur"] >= 0 for event in events if event["ph"] == "X")


def test_a_null_build_has_no_actions(project):
    project.write("SConstruct", SCONSTRUCT)
    for name in "abc":
        project.write(f"{name}.ml", "")
    project.scons()
    assert "0 actions" in project.scons("--profile-build=trace.json").err


def test_waiting_is_shown():
    spans = [Span("one", "action", "worker", 10.0, 11.0), Span("two", "action", "worker", 13.0, 14.0)]
    events = chrome_trace(spans)["traceEvents"]
    (gap,) = [event for event in events if event.get("cat") == "waiting"]
    assert (gap["ts"], gap["dur"]) == (1_000_000, 2_000_000)
