"""SCons' own command-line options, for each of the tools: they build everything that is stale, and nothing else."""

from __future__ import annotations

import pytest
import SCons.Script.SConsOptions
from trees import KINDS, Kind, Tree
from user_project import Project

BUILDING = {
    "several jobs": ["-j8"],
    "another order": ["--random", "-j4"],
    "silent": ["-s"],
    "quick": ["-Q"],
    "keep going": ["-k"],
    "ignore errors": ["-i"],
    "trees": ["--tree=all,prune,status"],
    "derived tree": ["--tree=derived"],
    "explained": ["--debug=explain"],
    "counted": ["--debug=count,memory,objects,memoizer"],
    "prepared": ["--debug=prepare,presub,duplicate,findlibs,includes"],
    "timed": ["--debug=time,stacktrace"],
    "remembered includes": ["--implicit-cache"],
    "remembered includes, changed": ["--implicit-deps-changed"],
    "little drift": ["--max-drift=1"],
    "any drift": ["--max-drift=-1"],
    "configured by force": ["--config=force"],
    "configured from a cache": ["--config=cache"],
    "all warnings": ["--warn=all"],
    "no warnings": ["--warn=no-all"],
    "traced": ["--taskmastertrace=trace.txt"],
    "profiled": ["--profile=profile.out"],
    "stacks": ["--stack-size=512", "-j2"],
    "no site": ["--no-site-dir"],
    "duplicates copied": ["--duplicate=copy"],
    "chunked": ["--md5-chunksize=1"],
    "another hash": ["--hash-format=sha256"],
    "by name": ["{goal}"],
    "everything here": ["."],
}


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request) -> Kind:
    return request.param


@pytest.mark.parametrize("words", BUILDING.values(), ids=BUILDING)
def test_a_build_an_edit_and_nothing_to_do(project: Project, kind: Kind, words: list[str]) -> None:
    tree = Tree(project, kind)
    options = [word.format(goal=tree.result) for word in words]
    tree.scons(*options)
    assert tree.answer() == 1
    tree.edit(2)
    tree.scons(*options)
    assert tree.answer() == 2
    assert tree.up_to_date(*options)


@pytest.mark.parametrize(
    "words", [["-n"], ["--dry-run"], ["--recon", "-j4"], ["--no-exec"], ["-q"], ["-h"], ["-H"], ["-v"]]
)
def test_what_only_looks_makes_nothing(project: Project, kind: Kind, words: list[str]) -> None:
    tree = Tree(project, kind)
    run = tree.scons(*words, rc=None)
    assert tree.left() == set()
    assert run.rc == (1 if words == ["-q"] else 0)
    tree.scons()
    tree.edit(2)
    before = tree.outputs()
    tree.scons(*words, rc=None)
    assert tree.outputs() == before


def test_clean(project: Project, kind: Kind) -> None:
    tree = Tree(project, kind)
    tree.scons()
    before = tree.outputs()
    tree.scons("-c", "-n")
    assert tree.outputs() == before
    tree.scons("-c", "-j4")
    assert tree.left() == set()
    tree.scons("-c")
    tree.scons("-j8", "--random")
    assert {path for path in tree.outputs() if not path.endswith((".cmt", ".cmti"))} >= {tree.result}
    assert tree.outputs() == before


def test_clean_of_one_target(project: Project, kind: Kind) -> None:
    tree = Tree(project, kind, after='Default(env.Command("other.txt", [], "echo > $TARGET"), made)')
    tree.scons()
    tree.scons("-c", "other.txt")
    assert tree.is_built() and not project.path("other.txt").exists()
    tree.scons("-c", tree.result)
    assert not tree.is_built()


def test_failures(project: Project, kind: Kind) -> None:
    """One mistake: the rest is built with -k, the status shows it, and fixing the source is enough."""
    tree = Tree(project, kind, after='Default(made, env.Command("z_other.txt", made, "echo > $TARGET"))\n'
                'Default(env.Command("a_other.txt", [], "echo > $TARGET"))')  # fmt: skip
    tree.break_it()
    for words in (["-k"], ["-k", "-j4"], []):
        run = tree.scons(*words, rc=2)
        assert "Traceback" not in run.text
    assert project.path("a_other.txt").exists() and not project.path("z_other.txt").exists() and not tree.is_built()
    tree.edit(3)
    tree.scons("-j4")
    assert tree.answer() == 3 and tree.up_to_date()
    tree.break_it()
    assert tree.scons("-i", rc=None).rc in (0, 2)
    tree.edit(4)
    tree.scons()
    assert tree.answer() == 4 and tree.up_to_date()


def test_from_a_folder_below(project: Project, kind: Kind) -> None:
    tree = Tree(project, kind, after='Default(env.Command("sub/other.txt", [], "echo > $TARGET"), made)')
    project.write("sub/SConscript", "")
    tree.scons("-u", cwd="sub")
    assert project.path("sub/other.txt").exists() and not tree.is_built()
    tree.scons("-D", cwd="sub")
    assert tree.answer() == 1
    tree.edit(2)
    tree.scons("-u", f"#{tree.result}", cwd="sub")
    assert tree.answer() == 2
    tree.edit(3)
    tree.scons("-D", "-j4", cwd="sub")
    assert tree.answer() == 3
    tree.scons("-C", "..", "-c", cwd="sub")
    assert not tree.is_built()


def test_another_name_of_the_sconstruct(project: Project, kind: Kind) -> None:
    tree = Tree(project, kind)
    project.path("SConstruct").rename(project.path("build.py"))
    tree.scons("-f", "build.py")
    assert tree.answer() == 1 and tree.up_to_date("-f", "build.py")
    assert tree.scons("--file=build.py", "-c").rc == 0 and not tree.is_built()


@pytest.mark.parametrize("random", [False, True])
def test_a_cache(project: Project, kind: Kind, random: bool) -> None:
    tree = Tree(project, kind, before='CacheDir("cache")')
    order = ["-j4", "--random"] if random else []
    tree.scons(*order)
    before = {path: data for path, data in tree.outputs().items() if not path.startswith("cache/")}
    tree.scons("-c")
    assert "Retrieved" in tree.scons(*order).out
    tree.scons("-c")
    assert "Retrieved" not in tree.scons("--cache-show", *order).out
    after = {path: data for path, data in tree.outputs().items() if not path.startswith("cache/")}
    assert after == before and tree.answer() == 1 and tree.up_to_date()
    tree.edit(2)
    tree.scons("--cache-readonly")
    assert tree.answer() == 2
    tree.edit(1)
    tree.scons("--cache-debug=-", *order)
    assert tree.answer() == 1
    tree.edit(3)
    tree.scons("--cache-disable")
    tree.scons("--cache-force")  # what is up to date is put into it, too
    tree.scons("-c")
    tree.scons("--cache-populate", *order)
    assert tree.answer() == 3 and tree.up_to_date()


def test_the_implicit_cache_may_be_stale_only_when_asked(project: Project, kind: Kind) -> None:
    tree = Tree(project, kind)
    tree.scons("--implicit-cache")
    tree.edit(2)
    tree.scons("--implicit-deps-unchanged")
    assert tree.answer() == 2
    tree.edit(3)
    tree.scons("--implicit-cache", "-j3")
    assert tree.answer() == 3 and tree.up_to_date()


def test_an_unknown_target(project: Project, kind: Kind) -> None:
    tree = Tree(project, kind)
    run = tree.scons("nothing-like-this", rc=2)
    assert "nothing-like-this" in run.err and "Traceback" not in run.text


@pytest.mark.parametrize("scheduler", ["tm_v2", "legacy_sched", "all", "none"])
def test_schedulers(project: Project, kind: Kind, scheduler: str) -> None:
    known = SCons.Script.SConsOptions.experimental_features
    if scheduler not in known:
        pytest.skip(f"this SCons has {', '.join(sorted(known))}")
    tree = Tree(project, kind)
    tree.scons(f"--experimental={scheduler}", "-j4")
    tree.edit(2)
    tree.scons(f"--experimental={scheduler}", "-j4", "--random")
    assert tree.answer() == 2 and tree.up_to_date()
