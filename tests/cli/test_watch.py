"""`rebel watch`, with real changes of files: what it builds again, what it ignores, and how it ends."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hang import SECONDS
from user_project import unquoted

from rebel_tools.watch.loop import REPEATS

ROOT = Path(__file__).resolve().parents[2]

SCONSTRUCT = "DefaultEnvironment(tools=[])\nenv = Environment(tools=[])\n"


class Watcher:
    """`rebel watch` in the folder of a project, its output in a file, by default beside it."""

    def __init__(self, project, *arguments: str, path: str = "", environment: dict | None = None, log: str = ""):
        self.project = project
        self.log = project.path(log) if log else project.root.with_name(f"{project.root.name}.log")
        folders = os.pathsep.join(filter(None, [path, str(ROOT)]))
        environment = {**os.environ, "PYTHONPATH": folders, "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})}
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rebel_tools", "watch", *arguments],
                cwd=project.root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.seen = 0

    def holds(self, name: str, text: str) -> None:
        """Wait until a file of the project has a text, and no work is left."""
        path = self.project.path(name)

        def has_it() -> bool:
            try:
                return path.read_text() == text
            except FileNotFoundError:  # a build removes it before it makes it anew
                return False

        self.until(has_it, f"{text!r} in {name}")
        self._is_idle()

    def _is_idle(self) -> None:
        self.until(lambda: self.text.endswith("waiting for changes\n"), "the end of the build")
        self.seen = len(self.text)

    @property
    def text(self) -> str:
        return self.log.read_text()

    def until(self, condition, what: str):
        """The first true value of `condition()`."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            assert self.process.poll() is None, f"ended while waiting for {what}:\n{self.text}"
            time.sleep(0.01)
        pytest.fail(f"waited in vain for {what}:\n{self.text}")

    def says(self, words: str) -> str:
        """Wait for a line with `words` after the last one that was found; the text up to its end."""

        def found():
            position = self.text.find(words, self.seen)
            return position >= 0 and self.text[position:].find("\n") >= 0 and position

        start, position = self.seen, self.until(found, repr(words))
        self.seen = self.text.index("\n", position) + 1
        return self.text[start : self.seen]

    def built(self) -> str:
        return self.says("; waiting for changes")

    def prints(self, output: str) -> None:
        """Wait until the program of an OCaml project prints `output`, and no work is left."""
        program = self.project.path("_build/default/src/app.out")

        def right():
            with contextlib.suppress(OSError):
                return subprocess.run([program], capture_output=True, text=True).stdout == output

        self.until(right, f"a program that prints {output!r}")
        self._is_idle()

    def interrupt(self) -> int:
        """Interrupt it as Ctrl-C does: all processes of the terminal's foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(SECONDS)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(SECONDS)


@pytest.fixture
def project(project):
    """A folder of its own, because the log lies beside it."""
    folder = project.path("project")
    folder.mkdir()
    return type(project)(folder)


@pytest.fixture
def watch(project):
    """Starts watchers, and ends them."""
    started = []

    def start(*arguments, **options) -> Watcher:
        started.append(Watcher(project, *arguments, **options))
        return started[-1]

    yield start
    for watcher in started:
        watcher.close()


def write(path: Path, text: str) -> None:
    """Write a file atomically, as editors do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.swp")
    temporary.write_text(text)
    temporary.replace(path)


def ocaml(project, value: str = '"one"') -> None:
    project.write("package.json", '{"name": "app", "rebel": {}}')
    project.write("src/Index.ml", "let () = print_string Greeting.text\n")
    project.write("src/greeting.ml", f"let text = {value}\n")


def processes_in(folder: Path) -> dict[int, str]:
    """The command lines of all processes whose working directory is below `folder`, by their ids."""
    found = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and Path(os.readlink(entry / "cwd")).is_relative_to(folder):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def parent_of(process: int) -> int | None:
    """The id of the parent; None for a process that has ended."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    return None


def test_a_change_is_built_and_the_result_is_that_of_a_clean_build(project, watch):
    ocaml(project)
    watcher = watch()
    watcher.prints("one")
    write(project.path("src/greeting.ml"), 'let text = "two"\n')
    watcher.prints("two")
    write(project.path("src/greeting.mli"), "val text : string\n")
    write(project.path("src/greeting.ml"), 'let other = 1\nlet text = "three"\n')
    watcher.prints("three")
    watcher.close()

    watched = built_files(project)
    project.run(sys.executable, "-m", "rebel_tools", "clean")
    project.run(sys.executable, "-m", "rebel_tools", "build")
    assert built_files(project) == watched


def built_files(project) -> dict:
    files = project.snapshot("_build")
    return {name: data for name, data in files.items() if not Path(name).name.startswith(".rebel-tools")}


def test_files_and_folders_come_and_go(project, watch):
    ocaml(project)
    watcher = watch()
    watcher.prints("one")
    project.write("src/deep/in/folders/far.ml", 'let text = "far"\n')
    write(project.path("src/greeting.ml"), "let text = Far.text\n")
    watcher.prints("far")
    write(project.path("src/deep/in/folders/far.ml"), 'let text = "farther"\n')
    watcher.prints("farther")
    shutil.rmtree(project.path("src/deep"))
    assert "Unbound module Far" in unquoted(watcher.says("failed; waiting for changes"))
    project.write("src/deep/in/folders/far.ml", 'let text = "back"\n')
    watcher.prints("back")
    write(project.path("src/deep/in/folders/far.ml"), 'let text = "and again"\n')
    watcher.prints("and again")


def test_errors_are_told_and_survived(project, watch):
    ocaml(project, value="1 +")
    watcher = watch()
    assert "src/greeting.ml" in watcher.says("failed; waiting for changes")
    write(project.path("src/greeting.ml"), 'let text = "mended"\n')
    watcher.prints("mended")
    write(project.path("package.json"), '{"name": "app", "rebel": {')
    assert "package.json" in watcher.says("failed; waiting for changes")
    write(project.path("src/greeting.ml"), 'let text = "meanwhile"\n')
    watcher.says("failed; waiting for changes")
    write(project.path("package.json"), '{"name": "app", "rebel": {}}')
    watcher.prints("meanwhile")
    assert "Traceback" not in watcher.text


def test_a_broken_package_json_at_the_start(project, watch):
    ocaml(project)
    project.write("package.json", "{")
    watcher = watch()
    watcher.says("failed; waiting for changes")
    write(project.path("package.json"), '{"name": "app", "rebel": {}}')
    watcher.prints("one")


def test_packages_are_installed_changed_and_replaced(project, watch):
    """The package is elsewhere, and its name in node_modules is a link, as with pnpm, npm link and workspaces."""
    ocaml(project, value="Bar.Text.it")
    project.write("package.json", '{"name": "app", "dependencies": {"bar": "*"}, "rebel": {}}')
    outside = project.root.with_name("bar-1")
    write(outside / "package.json", '{"name": "bar", "rebel": {}}')
    write(outside / "src" / "text.ml", 'let it = "bar 1"\n')
    watcher = watch()
    assert '"bar" is not installed' in watcher.says("failed; waiting for changes")
    project.path("node_modules").mkdir()
    project.path("node_modules/bar").symlink_to(outside)
    watcher.prints("bar 1")
    write(outside / "src" / "text.ml", 'let it = "bar 1.1"\n')
    watcher.prints("bar 1.1")
    write(outside / "src" / "more" / "words.ml", 'let it = "words"\n')
    write(outside / "src" / "text.ml", "let it = Words.it\n")
    watcher.prints("words")

    other = project.root.with_name("bar-2")
    write(other / "package.json", '{"name": "bar", "rebel": {}}')
    write(other / "src" / "text.ml", 'let it = "bar 2"\n')
    project.path("node_modules/new").symlink_to(other)
    project.path("node_modules/new").replace(project.path("node_modules/bar"))
    watcher.prints("bar 2")

    shutil.copytree(other, project.path("node_modules/copy"))
    project.path("node_modules/bar").unlink()
    project.path("node_modules/copy").replace(project.path("node_modules/bar"))
    watcher.prints("bar 2")
    write(project.path("node_modules/bar/src/text.ml"), 'let it = "a copy"\n')
    watcher.prints("a copy")


def test_an_edit_during_a_build_is_not_lost(project, watch):
    """The action has already read its source when the source is changed."""
    project.write("slow.py", SLOW)
    project.write("SConstruct", SCONSTRUCT + f"env.Command('out', 'in', '{sys.executable} slow.py $SOURCE $TARGET')\n")
    project.write("in", "old")
    watcher = watch()
    watcher.until(project.path("_build/read").exists, "the action")
    write(project.path("in"), "new")
    project.write("_build/go", "")
    watcher.holds("out", "new")
    assert re.search(r"^rebel: (in|.* and \d+ more) changed; building$", watcher.text, re.MULTILINE)
    project.scons("-q")


SLOW = """\
import os, sys, time
text = open(sys.argv[1]).read()
os.makedirs("_build", exist_ok=True)
open("_build/read", "w").close()
while not os.path.exists("_build/go"):
    time.sleep(0.01)
open(sys.argv[2], "w").write(text)
"""


def test_many_edits_end_with_the_last_one(project, watch):
    ocaml(project)
    watcher = watch()
    for number in range(20):
        write(project.path("src/greeting.ml"), f'let text = "{number}"\n')
        time.sleep(0.05)  # at any moment of a build
    watcher.prints("19")
    project.run(sys.executable, "-m", "rebel_tools", "build", "-q")


def test_the_sconstruct_and_what_it_imports_are_read_again(project, watch):
    project.write(
        "SConstruct", "import words, far\n" + SCONSTRUCT + "env.Command('out', [], f'echo {words.x} > $TARGET')"
    )
    project.write("words.py", "x = 'one'\n")
    elsewhere = project.root.with_name("elsewhere")
    write(elsewhere / "far.py", "")
    project.write("site_scons/site_init.py", "")
    watcher = watch(path=str(elsewhere))
    watcher.holds("out", "one\n")
    write(project.path("words.py"), "x = 'other words'\n")
    watcher.holds("out", "other words\n")
    write(elsewhere / "far.py", "import words; words.x = 'far'\n")
    watcher.holds("out", "far\n")
    write(project.path("site_scons/site_init.py"), "import sys; sys.modules['far'] = sys\n")
    watcher.holds("out", "other words\n")

    write(project.path("SConstruct"), "def\n")
    assert "SyntaxError" in watcher.says("failed; waiting for changes")
    write(project.path("SConstruct"), SCONSTRUCT + "env.Command('out', [], 'echo right > $TARGET')")
    watcher.holds("out", "right\n")


def test_a_build_does_not_call_for_the_next_one(project, watch):
    """Targets beside their sources, copies in a variant folder, Configure() and targets that are always built."""
    project.write(
        "SConstruct",
        SCONSTRUCT.replace("[])\nenv = Environment(tools=[])", "[])\nenv = Environment()")
        + "conf = Configure(env); conf.CheckCHeader('stdio.h'); env = conf.Finish()\n"
        + "env.Program('main', ['main.c'])\n"
        + "VariantDir('variant', 'lib')\nenv.Library('variant/lib', ['variant/lib.c'])\n"
        + "env.AlwaysBuild(env.Command('stamp', [], 'date +%N > $TARGET; date +%N > log'))\n"
        + "env.SideEffect('log', 'stamp')\n",
    )
    project.write("main.c", "int main(void) { return 0; }\n")
    project.write("lib/lib.c", "int one(void) { return 1; }\n")
    watcher = watch()
    watcher.built()
    for number in range(3):
        write(project.path("main.c"), f"int main(void) {{ return {number}; }}\n")
        watcher.built()
        assert subprocess.run([project.path("main")]).returncode == number
    assert re.findall("rebel: (.*) changed; building", watcher.text) == ["main.c"] * 3


def test_a_build_folder_among_the_sources_does_not_call_for_the_next_build(project, watch):
    """It is ignored like `_build`, except for its removal."""
    ocaml(project)
    watcher = watch("--build-dir=out")
    watcher.built()
    write(project.path("src/greeting.ml"), 'let text = "two"\n')
    watcher.built()
    while project.path("out").exists():  # what is read ahead for the next build may still be written into it
        shutil.rmtree(project.path("out"), ignore_errors=True)
    watcher.built()
    assert project.run(project.path("out/default/src/app.out")).out == "two"
    changes = re.findall("rebel: (.*) changed; building", watcher.text)
    assert changes[0] == "src/greeting.ml" and all(each.startswith("out") for each in changes[1:])
    assert len(changes) == 2


def test_what_writes_into_the_tree_in_every_build_is_told_and_ends(project, watch):
    project.write(
        "SConstruct", SCONSTRUCT + "env.AlwaysBuild(env.Command('out', [], 'date > $TARGET; date +%N >> log'))"
    )
    watcher = watch()
    watcher.says("log changes in every build")
    assert watcher.text.count("building") == REPEATS - 1
    project.write("README", "")
    watcher.says("README changed; building")


def test_messages_that_go_into_a_file_of_the_project(project, watch):
    ocaml(project)
    watcher = watch(log="watch.log")
    for value in ("one", "two"):
        write(project.path("src/greeting.ml"), f'let text = "{value}"\n')
        watcher.prints(value)
    assert "watch.log changed" not in watcher.text


def test_a_target_that_is_removed_by_hand_is_made_again(project, watch):
    ocaml(project)
    project.write("SConstruct", SCONSTRUCT + "env.Command('out', [], 'echo made > $TARGET')\n")
    watcher = watch()
    watcher.built()
    project.path("out").unlink()
    watcher.built()
    assert project.path("out").exists()


def test_targets_and_options_are_those_of_scons(project, watch):
    project.write(
        "SConstruct",
        SCONSTRUCT + "env.Command(['a'], [], 'cat > $TARGET; echo $word >> $TARGET', word=ARGUMENTS['w'])\n"
        "env.Command('b', [], 'echo > $TARGET')\n",
    )
    watcher = watch("a", "w=text", "-j", "2")
    watcher.built()
    assert project.path("a").read_text() == "text\n" and not project.path("b").exists()
    for option in ("-c", "--interactive"):
        run = project.run(sys.executable, "-m", "rebel_tools", "watch", option, rc=1)
        assert f"rebel build {option}" in run.err


@pytest.mark.parametrize("to", ["group", "process"])
def test_an_interrupt_while_it_waits(project, watch, to):
    ocaml(project)
    watcher = watch()
    watcher.prints("one")
    if to == "process":
        watcher.process.send_signal(signal.SIGINT)
    assert (watcher.process.wait(SECONDS) if to == "process" else watcher.interrupt()) == 130
    assert "Traceback" not in watcher.text and not processes_in(project.root)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_during_a_build(project, watch, number):
    project.write("SConstruct", SCONSTRUCT + "env.Command('out', [], 'touch started; sleep 300; touch $TARGET')\n")
    watcher = watch()
    watcher.until(project.path("started").exists, "the action")
    watcher.process.send_signal(number)
    assert watcher.process.wait(SECONDS) == 130
    assert "Traceback" not in watcher.text and not processes_in(project.root)
    assert not project.path("out").exists()


def test_when_it_is_killed_nothing_stays(project, watch):
    ocaml(project)
    watcher = watch()
    watcher.prints("one")
    watcher.process.kill()
    watcher.process.wait()
    end = time.monotonic() + SECONDS
    while processes_in(project.root) and time.monotonic() < end:
        time.sleep(0.01)
    assert not processes_in(project.root)


@pytest.mark.parametrize("which", [min, max], ids=["with SCons loaded", "for the next build"])
def test_a_process_that_waits_is_killed(project, watch, which):
    """As the system does if memory is short."""

    def waiting() -> list[int]:
        """The child of the watcher and its child, which for a moment has the same command line."""
        found = [number for number, line in processes_in(project.root).items() if "rebel_tools.scons.resident" in line]
        children = [number for number in found if parent_of(number) == watcher.process.pid]
        return [number for number in found if number in children or parent_of(number) in children]

    ocaml(project)
    watcher = watch()
    watcher.prints("one")
    watcher.until(lambda: len(waiting()) == 2, "a process for the next build")
    os.kill(which(waiting()), signal.SIGKILL)
    write(project.path("src/greeting.ml"), 'let text = "two"\n')
    watcher.prints("two")
    assert "fail" not in watcher.text


def test_a_project_that_is_removed(project, watch):
    ocaml(project)
    watcher = watch()
    watcher.prints("one")
    while project.root.exists():  # the build notices that a file is being written
        shutil.rmtree(project.root, ignore_errors=True)
    assert watcher.process.wait(SECONDS) == 1
    assert f"rebel: error: {project.root}: the folder of the project was removed" in watcher.text
    assert "Traceback" not in watcher.text


def test_without_watchfiles(project, tmp_path):
    write(tmp_path / "without" / "watchfiles.py", "raise ImportError\n")
    path = os.pathsep.join([str(tmp_path / "without"), str(ROOT)])
    ocaml(project)
    run = project.run(sys.executable, "-m", "rebel_tools", "watch", rc=1, env={"PYTHONPATH": path})
    assert "pip install watchfiles" in run.err


@pytest.mark.parametrize(("limit", "number"), [("watches", 1), ("instances", 0)])
def test_limits_of_the_system(project, limit, number):
    """They are lowered in a separate user namespace."""
    lower = f'echo {number} > /proc/sys/user/max_inotify_{limit} && exec "$@"'
    limited = ["unshare", "-Ur", "sh", "-c", lower, "sh"]
    if subprocess.run([*limited, "true"], capture_output=True).returncode != 0:
        pytest.skip("unshare -U cannot make a user namespace here")
    ocaml(project)
    run = project.run(*limited, sys.executable, "-m", "rebel_tools", "watch", rc=1)
    assert f"sysctl fs.inotify.max_user_{limit}" in run.err and "Traceback" not in run.err
