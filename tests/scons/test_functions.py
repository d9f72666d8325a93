"""SCons' functions about nodes in SConscripts: they work for the nodes of each of the tools as for those of C."""

from __future__ import annotations

import os
import time

import pytest
from trees import GATE, KINDS, OCAML, PACKAGES, Kind, Tree
from user_project import Project

NATIVE = (OCAML, GATE)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request) -> Kind:
    return request.param


def built(project: Project, kind: Kind, **lines: str) -> Tree:
    tree = Tree(project, kind, **lines)
    tree.scons("-j4")
    assert tree.answer() == 1
    return tree


def checked(tree: Tree) -> Tree:
    """An edit has its effect, and nothing is left to do."""
    tree.edit(2)
    tree.scons("-j4")
    assert tree.answer() == 2 and tree.up_to_date()
    return tree


# ---------------------------------------------------------------- names of outputs


def test_alias_and_default(project: Project, kind: Kind) -> None:
    tree = Tree(project, kind, after='Alias("all_of_it", made)\nDefault(env.Command("o.txt", [], "echo > $TARGET"))')
    tree.scons()
    assert not tree.is_built()
    tree.scons("all_of_it")
    assert tree.answer() == 1 and tree.up_to_date("all_of_it")
    tree.edit(2)
    tree.scons("all_of_it")
    assert tree.answer() == 2


def test_alias_with_an_action(project: Project, kind: Kind) -> None:
    tree = Tree(project, kind, after='AlwaysBuild(Alias("check", made, "echo CHECKED"))')
    assert "CHECKED" in tree.scons("check").out
    assert "CHECKED" in tree.scons("check").out and tree.answer() == 1


def test_build_targets_and_command_line_targets(project: Project, kind: Kind) -> None:
    tree = Tree(project, kind, after='print("TARGETS", [str(t) for t in BUILD_TARGETS], [str(m) for m in made])')
    run = tree.scons(tree.result)
    assert f"TARGETS ['{tree.result}'] ['{tree.result}']" in run.out


# ---------------------------------------------------------------- dependencies that the user declares


def test_depends_on_a_file(project: Project, kind: Kind) -> None:
    project.write("extra.txt", "1\n")
    tree = checked(built(project, kind, after='Depends(made, "extra.txt")'))
    project.write("extra.txt", "2\n")
    assert not tree.up_to_date()
    tree.scons()
    assert tree.up_to_date()


def test_depends_on_a_value_and_on_what_is_built(project: Project, kind: Kind) -> None:
    lines = (
        'Depends(made, [Value(ARGUMENTS.get("v", "1")), Command("made.txt", "extra.txt", Copy("$TARGET", "$SOURCE"))])'
    )
    project.write("extra.txt", "1\n")
    tree = checked(built(project, kind, after=lines))
    assert not tree.up_to_date("v=2")
    tree.scons("v=2")
    assert tree.up_to_date("v=2")
    project.write("extra.txt", "2\n")
    tree.scons("v=2", "-j3")
    assert tree.up_to_date("v=2")


def test_requires(project: Project, kind: Kind) -> None:
    tree = built(project, kind, after='Requires(made, Command("first.txt", "extra.txt", "cat $SOURCE > $TARGET"))'
                 if project.write("extra.txt", "1\n") else "")  # fmt: skip
    assert project.path("first.txt").exists()
    project.write("extra.txt", "2\n")
    run = tree.scons(tree.result)
    assert "cat extra.txt" in run.out and f"`{tree.result}' is up to date." in run.out
    checked(tree)


def test_ignore(project: Project) -> None:
    """For OCaml; SCons' own nodes are built again and again after both calls about one file."""
    project.write("extra.txt", "1\n")
    tree = checked(built(project, OCAML, after='Depends(made, "extra.txt")\nIgnore(made, "extra.txt")'))
    project.write("extra.txt", "2\n")
    assert tree.up_to_date()


def test_always_build(project: Project, kind: Kind) -> None:
    tree = built(project, kind, after="AlwaysBuild(made)")
    assert not tree.up_to_date()
    assert f"rebuilding `{tree.result}' because" in tree.scons("--debug=explain").out or kind is GATE
    tree.edit(2)
    tree.scons()
    assert tree.answer() == 2


def test_side_effect(project: Project, kind: Kind) -> None:
    lines = 'SideEffect("side.txt", made)\nenv.AddPostAction(made, "echo made > side.txt")'
    tree = checked(built(project, kind, after=lines))
    assert project.path("side.txt").exists()
    tree.scons("-c")
    assert not project.path("side.txt").exists()


def test_side_effects_are_made_one_after_the_other(project: Project) -> None:
    lines = """
log = "log.txt"
others = [env.OCamlProgram(f"p{n}", f"m{n}.ml") for n in range(4)]
SideEffect(log, others)
for other in others:
    env.AddPostAction(other, "echo in >> log.txt; sleep 0.05; echo out >> log.txt")
"""
    for number in range(4):
        project.write(f"m{number}.ml", "let () = ()\n")
    Tree(project, OCAML, after=lines).scons("-j8")
    assert project.path("log.txt").read_text() == "in\nout\n" * 4


OWN_DECIDER = "lambda d, t, p, r=None: d.get_csig() != getattr(p, 'csig', None)"
DECIDERS = ["content", "MD5", "content-timestamp", "timestamp-newer", "timestamp-match", OWN_DECIDER]


@pytest.mark.parametrize("decider", DECIDERS)
def test_deciders(project: Project, kind: Kind, decider: str) -> None:
    call = decider if decider.startswith("lambda") else repr(decider)
    tree = built(project, kind, before=f"Decider({call})\nenv.Decider({call})")
    if decider == "timestamp-newer":  # than the output, in whole seconds
        time.sleep(1.1)
        tree.edit(3)
        os.utime(project.path(kind.edited))
        tree.scons("-j4")
        assert tree.answer() == 3 and tree.up_to_date()
    else:
        if "timestamp" in decider:  # files made between source and answer get the time when they were made
            time.sleep(1.1)
        checked(tree)


# ---------------------------------------------------------------- functions that act on files


def test_precious_and_no_clean(project: Project, kind: Kind) -> None:
    tree = checked(built(project, kind, after="Precious(made)\nNoClean(made)"))
    tree.scons("-c")
    assert project.path(tree.result).exists() or kind is PACKAGES  # its folder is cleaned as a whole
    tree.scons()
    assert tree.answer() == 2


def test_clean_of_more(project: Project, kind: Kind) -> None:
    tree = built(project, kind, after='Clean(made, ["more.txt", "folder"])')
    project.write("more.txt", "")
    project.write("folder/more.txt", "")
    tree.scons("-c")
    assert tree.left() == set() and not project.path("folder").exists()


def test_installed(project: Project, kind: Kind) -> None:
    lines = 'files = env.Install("to/bin", made) + env.InstallAs("to/other", made[0])\nenv.Alias("install", files)'
    tree = built(project, kind, before='env.Tool("install")', after=lines)
    assert project.path("to/other").read_bytes() == project.path(tree.result).read_bytes()
    checked(tree)
    assert project.path("to/other").read_bytes() == project.path(tree.result).read_bytes()
    tree.scons("-c")
    assert tree.left() == set()


def test_pre_and_post_actions(project: Project, kind: Kind) -> None:
    tree = built(
        project, kind, after='AddPreAction(made, "echo BEFORE $TARGET")\nAddPostAction(made, "echo AFTER $TARGET")'
    )
    tree.edit(2)
    run = tree.scons()
    assert run.out.index("\nBEFORE") < run.out.index("\nAFTER") and tree.answer() == 2
    assert "BEFORE" not in tree.scons().out


def test_products_are_sources_of_others(project: Project, kind: Kind) -> None:
    lines = 'Command("copy.bin", made, Copy("$TARGET", "$SOURCE"))\nCommand("sum.txt", made, "cksum $SOURCE > $TARGET")'
    tree = built(project, kind, after=lines)
    first = project.path("sum.txt").read_text()
    checked(tree)
    assert project.path("sum.txt").read_text() != first
    assert project.path("copy.bin").read_bytes() == project.path(tree.result).read_bytes()


# ---------------------------------------------------------------- generated sources, and their places


def test_a_source_that_is_made(project: Project, kind: Kind) -> None:
    """By a generator, from a template, in one run with its user; an edit of the template has its effect."""
    lines = f"""
def how(source, target, env, for_signature):
    return "sed s/@answer@/$ANSWER/ $SOURCE > $TARGET"
env["BUILDERS"]["Filled"] = Builder(generator=how, suffix="", src_suffix=".tmpl")
env.Filled("{kind.edited}", "it.tmpl", ANSWER=ARGUMENTS.get("answer", "5"))
"""
    tree = Tree(project, kind, before=lines)
    project.path(kind.edited).unlink()
    template = kind.source(77).replace("77", "@answer@")
    project.write("it.tmpl", template)
    tree.scons("-j4")
    assert tree.answer() == 5 and tree.up_to_date()
    tree.scons("answer=6", "-j4", "--random")
    assert tree.answer() == 6 and tree.up_to_date("answer=6")
    project.write("it.tmpl", template + "\n")
    tree.scons("answer=6")
    assert tree.answer() == 6
    tree.scons("-c")
    assert not project.path(kind.edited).exists()


@pytest.mark.parametrize("native", NATIVE, ids=lambda kind: kind.name)
@pytest.mark.parametrize("duplicate", [0, 1])
def test_variant_dir(project: Project, native: Kind, duplicate: int) -> None:
    tree = built(project, native, out="out/", before=f'VariantDir("out", "src", duplicate={duplicate})')
    checked(tree)
    assert {path for path in tree.left() if not path.startswith("out/")} == set()
    tree.scons("-c")
    assert not tree.is_built()
    tree.edit(4)
    tree.scons("-j4", "--random")
    assert tree.answer() == 4 and tree.up_to_date()


@pytest.mark.parametrize("native", NATIVE, ids=lambda kind: kind.name)
def test_sconscripts_in_two_variants_with_exports(project: Project, native: Kind) -> None:
    """One SConscript, two environments; each has its own flags, and Return()s its nodes."""
    tree = Tree(project, native, out="one/")
    body = native.body.replace("{out}", "")
    project.write("src/SConscript", f'Import("env", "flags")\nenv = env.Clone(**flags)\n{body}Return("made")\n')
    flags = "OCAMLFLAGS" if native is OCAML else "CCFLAGS"
    project.write("SConstruct", f"""\
import rebel_tools
env = Environment(tools={native.tools}, toolpath=[rebel_tools.TOOLPATH])
for name in ["one", "two"]:
    made = SConscript("src/SConscript", {{"env": env, "flags": {{"{flags}": ["-g"] if name == "one" else []}}}},
                      variant_dir=name, duplicate=(name == "two"))
    Alias("goal_" + name, made)
""")  # fmt: skip
    tree.scons("goal_one")
    assert tree.answer() == 1 and not project.path("two/" + native.result).exists()
    tree.scons("-j8")
    assert project.path("two/" + native.result).exists() and tree.up_to_date()
    checked(tree)
    tree.scons("-c")
    assert {path for path in tree.left() if not path.startswith("two/")} <= {"src/SConscript"}


@pytest.mark.parametrize("native", NATIVE, ids=lambda kind: kind.name)
def test_clones_and_overrides(project: Project, native: Kind) -> None:
    """Settings of one environment, after a call or for another, do not affect it."""
    flags = "OCAMLFLAGS" if native is OCAML else "CCFLAGS"
    later = f'env.Append({flags}=["-w"])\nenv.Clone().Replace({flags}="nonsense")\nenv["{flags}_2"] = "$WRONG"'
    checked(built(project, native, before=f'env = env.Clone({flags}=["-g"])', after=later if native is GATE else ""))


def test_a_source_behind_a_link(project: Project, kind: Kind) -> None:
    tree = Tree(project, kind)
    real = project.path(kind.edited)
    real.rename(project.path("elsewhere.txt"))
    real.symlink_to(project.path("elsewhere.txt"))
    tree.scons()
    assert tree.answer() == 1
    project.write("elsewhere.txt", kind.source(2))
    tree.scons()
    assert tree.answer() == 2 and tree.up_to_date()


def test_local_and_progress_and_failures(project: Project, kind: Kind) -> None:
    lines = """
import atexit
Local(made)
seen = []
Progress(lambda node: seen.append(str(node)))
atexit.register(lambda: print("SEEN", len(seen) > 0, "FAILED", [str(f.node) for f in GetBuildFailures()]))
"""
    tree = built(project, kind, after=lines)
    assert "SEEN True FAILED []" in tree.scons().out
    tree.break_it()
    run = tree.scons(rc=2)
    assert "FAILED ['" in run.out and "Traceback" not in run.text


def test_find_source_and_installed_files(project: Project, kind: Kind) -> None:
    lines = 'env.Install("to", made)\nprint("FILES", sorted(map(str, env.FindInstalledFiles())))'
    tree = Tree(project, kind, before='env.Tool("install")', after=lines)
    assert f"FILES ['to/{kind.result.rpartition('/')[2]}']" in tree.scons("-n").out


def test_a_database_in_each_folder(project: Project, kind: Kind) -> None:
    checked(built(project, kind, before="SConsignFile(None)"))


def test_a_folder_is_a_target(project: Project, kind: Kind) -> None:
    tree = Tree(project, kind, after='env.Command("sub/x.txt", made, "echo > $TARGET")')
    tree.scons("sub")
    assert tree.answer() == 1 and project.path("sub/x.txt").exists()
    tree.edit(2)
    tree.scons("sub")
    assert tree.answer() == 2


def test_a_message_of_ones_own(project: Project, kind: Kind) -> None:
    lines = 'env["PRINT_CMD_LINE_FUNC"] = lambda line, target, source, env: print("SAID", str(target[0]))'
    tree = Tree(project, kind, before=lines)
    run = tree.scons()
    assert "SAID" in run.out and tree.answer() == 1


def test_dump_and_dictionary(project: Project, kind: Kind) -> None:
    tree = Tree(project, kind, after="print(len(env.Dump()) > 100, len(env.Dictionary()) > 10)")
    assert "True True" in tree.scons("-n").out


def test_another_spawn_and_shell(project: Project, kind: Kind) -> None:
    """A user's own way to start processes is also used by the tools."""
    lines = """
inner = env["SPAWN"]
def spawn(sh, escape, cmd, args, env_):
    print("SPAWNED", cmd)
    return inner(sh, escape, cmd, args, env_)
env["SPAWN"] = spawn
"""
    tree = Tree(project, kind, before=lines)
    assert "SPAWNED" in tree.scons().out and tree.answer() == 1
    checked(tree)


def test_the_environment_of_commands(project: Project, kind: Kind) -> None:
    """PATH of env['ENV'] determines which compilers run."""
    tree = Tree(
        project, kind, before="import os\nenv['ENV']['PATH'] = os.environ['PATH']; env['ENV']['HOME'] = '/nowhere'"
    )
    tree.scons()
    checked(tree)
