"""A random project that is repeatedly edited, built, and compared with a clean build."""

from __future__ import annotations

import contextlib
import copy
import os
import random
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import edit_builds
import edit_clean
import random_edits
import random_project
import written_project
from edit_builds import Built, Difference, Interactive, Kill, Place, Session, Watch
from edit_clean import Clean, programs
from edit_tree import MEDDLING, ROOTS, Meddling, contents, is_left_by_us, set_back, stamps
from random_project import Project

NULL_BUILDS = {"watch": 0, "scons": 0.3, "rebel scons": 0.5, "rebel": 1, "server": 1, "interactive": 1}
"""Way -> how often a second build is tried, which costs more in some ways."""

OTHERS = ("back", "old stamps", "saved during a build", "damaged cache")
"""Kinds of edits that are neither an edit of the sources only nor a change to the tree only."""

KINDS = (*random_edits.EDITS, *MEDDLING, *OTHERS)


MADE_BESIDE = ("c/", "ext/")
"""Folders in which builders of C objects, other than ours, write beside the sources."""


class Sequence:
    """One project in a folder below `work`, and its history.

    coarse: whether its time stamps are coarse; tried: how often each kind of edit was tried before, the rare ones come
    more often.
    """

    def __init__(
        self, work: Path, rng: random.Random, coarse: bool = False, tried: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self.work = work
        self.rng = rng
        self.coarse = coarse
        self.tried = Counter(tried)
        self.cache: Path | None = None
        self.tree = Meddling(rng, work / ROOTS[0])
        self.tree.folder.mkdir(parents=True)
        self.history: list[str] = []
        self.project = random_project.random_project(rng)
        self.way = ""
        self.session: Session | None = None
        self.clean: dict[str, Clean] = {}
        self.kinds: list[str] = []
        self.kills: list[Kill] = []
        self._shape()
        self.past = [copy.deepcopy(self.project)]

    def _shape(self) -> None:
        project, rng = self.project, self.rng
        project.scripted = rng.random() < 0.35
        if not project.scripted and rng.random() < 0.25:
            project.become_workspace()
        elif rng.random() < 0.25:
            project.targets.append("byte")
        if not project.scripted and rng.random() < 0.5:
            self.cache = self.work / "cache"
        for edit in (random_edits.edit_targets, random_edits.edit_stub, random_edits.edit_preprocessor):
            if rng.random() < 0.3:
                edit(rng, project)

    @property
    def folder(self) -> Path:
        return self.tree.folder

    @property
    def place(self) -> Place:
        return Place(self.folder, self.cache)

    @property
    def key(self) -> str:
        """All that a clean build depends on."""
        project = self.project
        return repr((sorted(project.files().items()), project.links(), project.profile, project.asked))

    @property
    def is_comparable(self) -> bool:
        """Whether bytes are the same as elsewhere: GNU as does not map folders with such names."""
        return "=" not in self.folder.name

    # Steps

    def run(self, steps: int, tell=lambda **what: None) -> None:
        """tell: is called with a description of each step."""
        for number in range(steps + 1):
            self.kinds, self.kills = [], []
            since = time.monotonic()
            programs = self.step("new project" if number == 0 else "")
            tell(
                step=number,
                kinds=self.kinds,
                way=self.way,
                workspace=self.project.workspace,
                scripted=self.project.scripted,
                coarse=self.coarse,
                cache=self.cache is not None,
                rules=not self.project.scripted
                and any(m.form or p.grammar for p in self.project.packages.values() for m in p.modules),
                stub=self.project.stub is not None,
                preprocessor=self.project.pre is not None,
                folder=self.folder.name,
                programs=programs,
                kills=[kill._asdict() for kill in self.kills],
                seconds=round(time.monotonic() - since, 1),
            )
        self.check_removed()

    def step(self, description: str) -> int:
        """Change something, build, compare; return how many programs were compared, 0 if the project does not build."""
        self.choose_way()
        self.history.append(description or self.edit())
        if self.way not in edit_builds.ways(self.project):
            self.choose_way()  # the SConstruct was added or removed
        self.past.append(copy.deepcopy(self.project))
        before = stamps(self.folder)
        written_project.write(self.project, self.folder)
        if "old stamps" in self.kinds:
            set_back(self.folder, before)
        if not isinstance(self.session, Watch) and self.rng.random() < 0.65:
            self.kill()
        return self.compare()

    def compare(self) -> int:
        clean = self.clean_build()
        if isinstance(self.session, Watch):
            built = self.session.until(lambda well: well == (clean.rc == 0) and (not well or not self.rows(clean)))
        else:
            built = self.build()
        if re.search(r"^\[\d+/", built.text, re.MULTILINE):
            self.tree.put_back.clear()  # a build that runs something removes what it does not know
        if built.rc != clean.rc:
            texts = f"incremental:\n{built.text}\nclean:\n{clean.text}"
            raise Difference(f"exit status {built.rc}, but {clean.rc} from clean\n{texts}")
        self.check_sources()
        if built.rc:
            if not self.project.broken:
                raise Difference(f"a project without errors does not build:\n{built.text}")
            return 0
        if rows := self.rows(clean):
            raise Difference("not as a clean build:\n" + "\n".join(rows) + f"\n{built.text}")
        said = programs(self.folder, self.project.profile)
        if said != clean.said or not said:
            raise Difference(f"the programs print {said}, those of a clean build {clean.said}\n{built.text}")
        if self.rng.random() < NULL_BUILDS[self.way]:
            self.check_null()
        if self.rng.random() < 0.3:
            self.tree.keep()
        return len(said)

    def choose_way(self) -> None:
        """Usually the same way as last time; a session that cannot continue is ended."""
        possible = edit_builds.ways(self.project)
        if self.way not in possible or self.rng.random() < 0.2:
            self.end_session()
            self.way = self.rng.choice(possible)
            self.history.append(f"from now on by {self.way}")

    def build(self) -> Built:
        if self.way in edit_builds.SESSIONS:
            return self.in_session()
        more = self.rng.choice((["-j1"], ["-j2"], ["-j2"], ["-j2", "-k"]))
        return edit_builds.run(self.way, self.project, self.place, more)

    def in_session(self) -> Built:
        kind = Interactive if self.way == "interactive" else Watch
        if self.session and self.session.lasts_for != kind.signature(self.project, self.folder):
            self.end_session()
        if self.session is None:
            self.session = kind(self.project, self.place)
        if isinstance(self.session, Interactive):
            return self.session.build(self.project)
        return self.session.until(lambda well: True)

    def end_session(self) -> None:
        if self.session is not None:
            self.session.close()
            self.session = None

    # Edits

    def edit(self) -> str:
        """Edit the sources, or change files behind the build's back, up to three times."""
        return "; ".join(self._one_edit() for _ in range(self.rng.choice((1, 1, 2, 2, 3))))

    def _one_edit(self) -> str:
        done, weights = None, [1 / (2 + self.tried[kind]) ** 2 for kind in KINDS]
        while done is None:
            (kind,) = self.rng.choices(KINDS, weights)
            if self.project.broken and self.rng.random() < 0.4:
                kind = "mend"
            done = self._edit_of(kind)
        self.kinds.append(kind)
        self.tried[kind] += 1
        if isinstance(self.session, Watch):
            wanted = Watch.signature(self.project, self.folder)
            if self.session.lasts_for != wanted:
                self.end_session()
        return done

    def _edit_of(self, kind: str) -> str | None:
        if kind in random_edits.EDITS:
            return self._changed(random_edits.EDITS[kind])
        if kind in MEDDLING:
            if isinstance(self.session, Watch) or kind in ("copy", "move"):
                self.end_session()  # outputs are not watched, and a session stays in its folder
            return getattr(self.tree, MEDDLING[kind])()
        if kind == "back":
            return self._changed(self._back)
        if kind == "old stamps":
            return f"{self._source_edit()}, with the old time stamps"
        if kind == "damaged cache":
            return self.damage_cache()
        return self.save_during_build()

    def _changed(self, edit: Callable[[random.Random, Project], str | None]) -> str | None:
        """What an edit did; None if what is built is the same as before."""
        before = self.key
        done = edit(self.rng, self.project)
        return done if self.key != before else None

    def _back(self, rng: random.Random, project: Project) -> str:
        when = rng.randrange(len(self.past))
        self.project = copy.deepcopy(self.past[when])
        return f"back to the sources of step {when}"

    def damage_cache(self) -> str | None:
        """Flip a bit of a file in the cache, or truncate it; then everything has to be built with that cache."""
        kept = sorted(path for path in self.cache.rglob("*") if path.is_file()) if self.cache else []
        if not kept or isinstance(self.session, Watch):
            return None
        path = self.rng.choice(kept)
        data = path.read_bytes()
        where = self.rng.randrange(len(data))
        path.write_bytes(self.rng.choice((data[:where] + bytes([data[where] ^ 1]) + data[where + 1 :], data[:where])))
        shutil.rmtree(self.folder / "_build", ignore_errors=True)
        return f"damage {path.name} in the cache"

    def _source_edit(self) -> str:
        done = None
        while done is None:
            done = self._changed(random_edits.EDITS[self.rng.choice(list(random_edits.EDITS))])
        return done

    def save_during_build(self) -> str | None:
        """Save the sources twice, the second time while a command of a build runs."""
        if self.way in edit_builds.SESSIONS:
            return None
        first = self._source_edit()
        written_project.write(self.project, self.folder)
        process = edit_builds.start(self.way, self.project, self.place)
        edit_builds.catch(self.rng, process, process.pid)
        second = self._source_edit()
        written_project.write(self.project, self.folder)
        process.wait()
        return f"{first}; while that is built {second}"

    def kill(self) -> None:
        if self.way not in edit_builds.SESSIONS:
            killed = edit_builds.kill(self.rng, self.way, self.project, self.place)
            if killed:
                self.kills.append(killed)
                self.history.append(f"{killed.signal} to {killed.whom}")

    # Comparison

    def clean_build(self) -> Clean:
        key = self.key
        if key not in self.clean:
            fresh = self.work / "fresh"
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            written_project.write(self.project, fresh)
            words = edit_builds.command("scons", self.project)[len(edit_builds.SCONS) :]
            built = edit_builds.checked(*edit_clean.scons(words, fresh, edit_builds.environment()))
            said = programs(fresh, self.project.profile) if built.rc == 0 else {}
            self.clean[key] = Clean(built, contents(fresh, self.project.profile), said)
        return self.clean[key]

    def rows(self, clean: Clean) -> list[str]:
        """The differences from a clean build."""
        old, new = contents(self.folder, self.project.profile), clean.contents
        # The outputs of a target that was removed from an SConstruct remain, as for all targets of SCons.
        dropped = "_build/Prelib" if self.project.scripted and not self.project.pre else "\0"
        more = old.keys() - new.keys() - self.tree.put_back
        rows = [f"  left over: {n}" for n in sorted(more) if not n.startswith(dropped)]
        rows += [f"  missing: {n}" for n in sorted(new.keys() - old.keys())]
        both = sorted(old.keys() & new.keys()) if self.is_comparable else []
        return rows + [f"  different: {n}" for n in both if old[n] != new[n] and self.is_promised(n)]

    def is_promised(self, name: str) -> bool:
        """Whether the bytes of an output are promised to be the same.

        With -pp, the name of a temporary file is in .cmt files and in the debugging information of bytecode. The name
        of the folder is in bytecode programs that contain C code.
        """
        pre, code = self.project.pre, any(package.code for package in self.project.packages.values())
        if code and not self.project.native and name.endswith(".out"):
            return False
        if not pre or pre.how == "key" and not self.project.scripted:
            return True
        unit, suffix = os.path.splitext(os.path.basename(name))
        if suffix in (".cmt", ".cmti", ".cmo", ".cma"):
            return not unit.endswith(("Pre", "Prelib"))
        return self.project.native or suffix not in ("", ".out", ".byte")

    def check_null(self) -> None:
        before = stamps(self.folder)
        again = self.build()
        written = sorted(n for n, stamp in stamps(self.folder).items() if before.get(n) != stamp)
        if again.rc or written:
            raise Difference(f"a second build wrote {written} (exit status {again.rc}):\n{again.text}")

    def check_sources(self) -> None:
        """Check that nothing was written beside the outputs, and no source was changed."""
        wanted, here = self.project.files(), {}
        for path in (p for p in self.folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
            name = path.relative_to(self.folder).as_posix()
            if not name.startswith(("_build/", *MADE_BESIDE)):
                here[name] = path.read_bytes()
        sources = {name: text for name, text in wanted.items() if not name.startswith(MADE_BESIDE)}
        there = {name: text.encode() for name, text in sources.items() if isinstance(text, str)}
        if here != there:
            names = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
            raise Difference(f"other sources than those that were written: {names}")

    def check_removed(self) -> None:
        """Check that `scons -c` leaves only the sources."""
        self.end_session()
        edit_builds.stop_server(self.folder)
        done = edit_builds.run("scons", self.project, self.place, ["-c"])
        files = {p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if is_left_by_us(p)}
        others = (".sconsign", ".rebel-tools.scons", *MADE_BESIDE)
        if self.project.scripted and not self.project.pre:  # there may have been one, and its outputs are known
            others += ("_build/Prelib", ".rebel-tools.")
        left = {name for name in files - self.project.files().keys() if not name.startswith(others)}
        if left or done.rc:
            raise Difference(f"scons -c leaves {sorted(left)} (exit status {done.rc})\n{done.text}")

    def close(self) -> None:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            self.end_session()
        if self.folder.exists():
            edit_builds.stop_server(self.folder)
