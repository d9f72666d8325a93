"""What a build checks after an edit: no step that has to run is missed, and nothing is checked without reason."""

from __future__ import annotations

import pytest
from test_graphs import EDITS, GRAPHS, change_flags, edited, lose_the_state, makes_a_file
from virtual import Build, World

from rebel_tools.memory.verdict import ALL, NOTHING, THESE, everything, nothing, these
from rebel_tools.plan.model import Scope
from rebel_tools.plan.recall import Recall, candidates, files_of, scopes_in_doubt

# Edits after which everything is checked: flags are part of the manifest's identity, without state there is no
# manifest, and a new file changes its folder.
NOT_ABOUT_FILES = (change_flags, lose_the_state, *(edit for name, edit in EDITS.items() if makes_a_file(name)))


def differing(world: World, build: Build, before: dict[str, object]) -> set[str]:
    """The files known to the steps of the last build that have changed."""
    known = {path for step in build.plan.steps.values() for path in files_of(build.plan, step)}
    return {path for path in known if world.disk.status(path) != before.get(path)}


@pytest.mark.parametrize("edit", [name for name, edit in EDITS.items() if edit not in NOT_ABOUT_FILES])
@pytest.mark.parametrize("name", GRAPHS)
def test_no_stale_step_is_overlooked(name: str, edit: str) -> None:
    """Before anything runs, each step that is stale by itself is among the candidates, or everything is checked."""
    world = GRAPHS[name]()
    last = world.build()
    before = {path: world.disk.status(path) for path in world.disk.texts()}
    edited(world, EDITS[edit], edit)
    now = Build(world)
    scopes = set(now.plan.scopes)
    now.plan.names.prepare(now.plan.scopes)
    for scope in scopes:
        now.plan.ordered(scope)
    verdict = these(differing(world, last, before))
    found = candidates(now.plan, now.status.records, Recall(verdict, scopes, scopes))
    stale = {step.key for step in now.plan.steps.values() if now.status.reason(step) is not None}
    assert found.verdict.extent != ALL
    assert stale <= {step.key for step in found.steps}


@pytest.fixture
def built() -> Build:
    return GRAPHS["packages in a row"]().build()


def scopes(build: Build) -> dict[str, Scope]:
    return {scope.outdir.rpartition("/")[2]: scope for scope in build.plan.scopes}


def recall(build: Build, *changed: str, active: tuple[str, ...] = ("low", "middle", "app")) -> Recall:
    known = scopes(build)
    return Recall(these(changed), set(known.values()), {known[name] for name in active})


def keys(build: Build, asked: Recall) -> list[str]:
    return [step.key for step in candidates(build.plan, build.status.records, asked).steps]


def test_nothing_changed(built: Build) -> None:
    asked = recall(built)
    assert asked.verdict == nothing() and asked.verdict.extent == NOTHING
    assert keys(built, asked) == [] and scopes_in_doubt(built.plan, asked) == []


def test_a_source_puts_its_scope_in_doubt_and_no_other(built: Build) -> None:
    asked = recall(built, "low/a.ml")
    assert asked.verdict.extent == THESE
    assert scopes_in_doubt(built.plan, asked) == [scopes(built)["low"]]
    assert keys(built, asked) == ["out/low/Low__A.cmx", "out/low/Low.cmxa"]


def test_an_output_is_judged_with_what_is_linked_from_it(built: Build) -> None:
    assert keys(built, recall(built, "out/middle/Middle__M.cmx")) == [
        "out/middle/Middle__M.cmx",
        "out/middle/Middle.cmxa",
    ]


def test_scopes_that_the_build_is_not_about_are_left_alone(built: Build) -> None:
    assert keys(built, recall(built, "low/a.ml", active=("middle",))) == []


def test_a_scope_that_the_last_build_did_not_finish_is_judged_as_a_whole(built: Build) -> None:
    known = scopes(built)
    asked = Recall(nothing(), {known["low"]}, set(known.values()))
    assert scopes_in_doubt(built.plan, asked) == [known["middle"], known["app"]]
    assert {step.scope for step in candidates(built.plan, built.status.records, asked).steps} == {
        known["middle"],
        known["app"],
    }


def test_a_file_of_no_step_puts_everything_in_doubt(built: Build) -> None:
    found = candidates(built.plan, built.status.records, recall(built, "low/a.ml", "nobody's.txt"))
    assert found.verdict == everything("`nobody's.txt' changed, and no known step makes or reads it")
    assert found.steps == ()


def test_everything_in_doubt_stays_so(built: Build) -> None:
    asked = Recall(everything("damaged"), set(built.plan.scopes), set(built.plan.scopes))
    assert candidates(built.plan, built.status.records, asked).verdict == asked.verdict
    assert scopes_in_doubt(built.plan, asked) == list(built.plan.scopes)


def test_no_active_scope_means_all(built: Build) -> None:
    assert scopes_in_doubt(built.plan, Recall(everything("damaged"))) == list(built.plan.scopes)
