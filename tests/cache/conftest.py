"""Projects that are built with a cache of their own."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from user_project import Project, Run

from rebel_tools.scons.homes import MANIFEST, STATE

MEMORY = (".sconsign.dblite", ".rebel-tools.up-to-date", MANIFEST, STATE)

SOURCES = {
    "package.json": json.dumps({"name": "app", "dependencies": {"text": "*"}, "rebel": {}}),
    "node_modules/text/package.json": json.dumps({"name": "text", "rebel": {}}),
    "node_modules/text/src/base.ml": 'type t = { name : string }\nlet make name = { name }\nlet mark = "!"\n',
    "node_modules/text/src/words.ml": "let loud w = Base.(w.name ^ mark)\nlet count = 1\n",
    "node_modules/text/src/words.mli": "val loud : Base.t -> string\nval count : int\n",
    "src/index.ml": 'let () = print_string (Text.Words.loud (Text.Base.make "hi") ^ string_of_int Count.one)\n',
    "src/count.ml": "let one = Text.Words.count\n",
}


class Tree(Project):
    """A project whose builds use the cache in the folder `cache`.

    steps_only: a build does not use the stored outcome of a whole build, so that each step is looked up.
    """

    steps_only = False

    def __init__(self, root: Path, cache: Path, sources: dict[str, str]) -> None:
        super().__init__(root)
        self.cache = cache
        self.sources = sources
        for name, text in sources.items():
            self.write(name, text)

    def run(self, *command: str, env: dict | None = None, **options) -> Run:
        if self.steps_only and self.cache.is_dir():
            shutil.rmtree(self.cache / "seeds", ignore_errors=True)
        return super().run(*command, env={"REBEL_CACHE": str(self.cache), "NO_COLOR": "1", **(env or {})}, **options)

    def rebel(self, *words: str, **options) -> Run:
        return self.run(sys.executable, "-m", "rebel_tools", *(words or ("build",)), **options)

    def made(self) -> dict[str, bytes]:
        return self.snapshot("_build", ignore=MEMORY)

    def clone(self, name: str) -> Tree:
        """The same sources, in their present state, in another folder beside this one."""
        sources = {each: self.path(each).read_text() for each in self.sources}
        clone = Tree(self.root.parent / name, self.cache, sources)
        clone.steps_only = self.steps_only
        return clone

    def kept(self) -> list[Path]:
        """The results in the cache."""
        return sorted(path for path in (self.cache / "results").rglob("*") if path.is_file())

    def ran(self, run: Run) -> list[str]:
        """The compilations and links of a build."""
        return [line.partition("] ")[2] for line in run.out.splitlines() if line.startswith("[")]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "one", tmp_path / "cache", SOURCES)
