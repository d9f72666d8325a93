"""Changes to a tree behind the back of its builds: outputs, records of builds, time stamps, the place of the tree."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from pathlib import Path

from written_project import sources_in

MEMORY = (".rebel-tools", ".scons")
"""Prefixes of the names of files with records of builds."""

ROOTS = ("project", "pro ject", "a $(touch ran) `touch ran`", """it's "quoted";""", "\u00fcn\u00ef#code", "eq=ual")
"""Names for the folder of a project. With `=`, debugging information has a different path."""


def is_left_by_us(path: Path) -> bool:
    """Whether it is a file, but not a temporary one of a killed compiler or `ar`, which no build can know of."""
    return path.is_file() and not re.fullmatch(r"st\w{6}|.*\.cm\w+[0-9a-f]{6}\.tmp", path.name)


def is_output(path: Path) -> bool:
    """Whether a file is an output of a build, and not a record of the build system."""
    return is_left_by_us(path) and not path.name.startswith(".")


def outputs(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "_build").rglob("*") if is_output(path))


def contents(folder: Path, profile: str) -> dict[str, bytes]:
    """The outputs of one profile; each profile has a folder of its own."""
    every = (path for path in outputs(folder) if profile_of(path, folder) == profile)
    return {str(path.relative_to(folder)): path.read_bytes() for path in every}


def profile_of(output: Path, folder: Path) -> str:
    return "release" if output.relative_to(folder).parts[1] == "_release" else "dev"


def stamps(folder: Path) -> dict[str, int]:
    """The modification times of sources and outputs."""
    every = [path for path in (*sources_in(folder), *outputs(folder)) if not path.is_symlink()]
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in every}


def set_back(folder: Path, before: dict[str, int]) -> None:
    """Restore the time stamps of files, as a copy of an older version has them."""
    now = stamps(folder)
    for name in now.keys() & before.keys():
        if now[name] != before[name]:
            os.utime(folder / name, ns=(before[name], before[name]))


def memory_of(folder: Path) -> list[Path]:
    """The files with records of builds."""
    every = [*folder.glob(".*"), *(folder / "_build").rglob(".*")]
    return sorted(path for path in every if path.name.startswith(MEMORY) and path.is_file())


class Meddling:
    """Changes to the tree in `folder`.

    kept: files as they were at an earlier moment, by their paths in the tree; put_back: those of them that no build has
    made since, because they belong to something that was removed.
    """

    def __init__(self, rng: random.Random, folder: Path) -> None:
        self.rng = rng
        self.folder = folder
        self.kept: dict[str, bytes] = {}
        self.put_back: set[str] = set()

    def keep(self) -> None:
        """Save the records and outputs of builds, to be restored later."""
        every = [*memory_of(self.folder), *outputs(self.folder)]
        self.kept = {str(path.relative_to(self.folder)): path.read_bytes() for path in every}

    def _one(self, paths: list[Path]) -> Path | None:
        return self.rng.choice(paths) if paths else None

    # Each of these returns what it did, or None if there was nothing to change.

    def meddle_delete(self) -> str | None:
        path = self._one(outputs(self.folder))
        if path is None:
            return None
        path.unlink()
        return f"delete {path.name}"

    def meddle_damage(self) -> str | None:
        path = self._one(outputs(self.folder))
        if path is None:
            return None
        before = stamps(self.folder)
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        if self.rng.random() < 0.5:
            set_back(self.folder, before)
        return f"damage {path.name}"

    def meddle_touch(self) -> str | None:
        path = self._one([*outputs(self.folder), *(p for p in sources_in(self.folder) if not p.is_symlink())])
        if path is None:
            return None
        path.touch()
        return f"touch {path.name}"

    def meddle_folder(self) -> str | None:
        path = self._one(outputs(self.folder))
        if path is None:
            return None
        shutil.rmtree(path.parent)
        return f"remove folder {path.parent.name}"

    def meddle_everything(self) -> str:
        """Like `rebel clean`; results in a cache come back."""
        shutil.rmtree(self.folder / "_build", ignore_errors=True)
        return "remove _build"

    def meddle_build_folder(self) -> str | None:
        """Lose a part of everything, records and outputs alike."""
        every = [*outputs(self.folder), *memory_of(self.folder)]
        if not every:
            return None
        gone = self.rng.sample(every, self.rng.randint(1, len(every)))
        for path in gone:
            path.unlink()
        return f"lose {len(gone)} of {len(every)} files of builds"

    def meddle_lose_memory(self) -> str | None:
        known = memory_of(self.folder)
        gone = known if self.rng.random() < 0.5 else self.rng.sample(known, min(1, len(known)))
        for path in gone:
            path.unlink()
        return f"lose {[path.name for path in gone]}" if gone else None

    def meddle_damage_memory(self) -> str | None:
        path = self._one(memory_of(self.folder))
        if path is None:
            return None
        data, how = bytearray(path.read_bytes()), self.rng.choice(("cut off", "another byte", "more", "nothing"))
        if how == "another byte" and data:
            data[self.rng.randrange(len(data))] ^= 1 << self.rng.randrange(8)
        elif how == "cut off":
            del data[self.rng.randrange(len(data) + 1) :]
        elif how == "more":
            data += bytes(self.rng.randrange(256) for _ in range(40))
        else:
            data.clear()
        path.write_bytes(data)
        return f"damage {path.name}: {how}"

    def meddle_old_files(self) -> str | None:
        """Restore records or outputs of an earlier build, as from a backup."""
        names = sorted(name for name in self.kept if (self.folder / name).parent.is_dir())
        if not names:
            return None
        memory = [name for name in names if Path(name).name.startswith(MEMORY)]
        chosen = memory if self.rng.random() < 0.5 else self.rng.sample(names, self.rng.randint(1, len(names)))
        self.put_back.update(name for name in chosen if not (self.folder / name).exists())
        for name in chosen:
            (self.folder / name).write_bytes(self.kept[name])
        return f"put back {len(chosen)} files of a build of before" if chosen else None

    def meddle_copy(self) -> str:
        """Continue in a copy of the tree."""
        new = self._elsewhere()
        subprocess.run(["cp", "-a", "--", str(self.folder), str(new)], check=True)
        shutil.rmtree(self.folder)
        self.folder = new
        return f"copy to {new.name}"

    def meddle_move(self) -> str:
        new = self._elsewhere()
        self.folder = self.folder.rename(new)
        return f"move to {new.name}"

    def _elsewhere(self) -> Path:
        return self.folder.with_name(self.rng.choice([name for name in ROOTS if name != self.folder.name]))


MEDDLING = {name[7:]: name for name in sorted(vars(Meddling)) if name.startswith("meddle_")}
"""Kinds of changes -> names of methods."""
