"""What builders in the SConstruct make for a package.json: sources, and files named by its flags and preprocessors.

All of it is made before anything is planned, because without it the sources cannot be read.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rebel_tools.ocaml.search import search_path
from rebel_tools.scons import places, profiles
from rebel_tools.scons.named import built_files, declared_reads, files_in, flag_words, leads_to, library_files
from rebel_tools.scons.settings import FLAGS

if TYPE_CHECKING:
    from rebel_tools.scons.target import TargetSession


class MadeFirst:
    """What is made first for the group of targets whose session is `run`."""

    def __init__(self, run: TargetSession) -> None:
        self.run = run

    @cached_property
    def sources(self) -> dict[str, Any]:
        """The sources that builders make, by absolute path, wherever in the SConstruct the calls are.

        Sources that a package's own rules make are not included.
        """
        packages = self.run.packages
        found = {os.path.realpath(node.get_abspath()): node for node in places.made_sources()}
        rules = {os.path.join(p.root, source.path) for p in packages for source in p.sources if source.made}
        for path in sorted(found.keys() & rules):
            print(f"rebel: warning: {self.run.relative(path)} is made by a rule of its package, not by the SConstruct")
            places.forget_builder(found[path])
        wanted = {path: node for path, node in found.items() if path not in rules}
        return {path: node for path, node in wanted.items() if any(p.has_place_for(path) for p in packages)}

    @property
    def unknown_sources(self) -> bool:
        """Whether one of them did not exist when package.json was read."""
        known = (os.path.join(p.root, source.path) for p in self.run.packages for source in p.sources)
        return bool(self.sources) and not self.sources.keys() <= set(known)

    @cached_property
    def nodes(self) -> list[Any]:
        """The nodes of these sources, and of files named in flags, such as a preprocessor or a C library."""
        named = (node for node in self.named() if not leads_to(node, self.run, self.run))
        return list(dict.fromkeys([*self.sources.values(), *named]))

    def named(self) -> list[Any]:
        """The nodes of files named in the flags of all packages, found without a plan."""
        run = self.run
        programs = {node for goal in run.goals for node in goal.program}
        others = [node for node in places.file_nodes() if node.has_builder() and node not in programs]
        if not others:
            return []
        env, more = run.env, run.base[profiles.VARIABLE].flags
        every = (run.home.unstable_flags, *(flags for p in run.packages for flags in (p.flags, more(p))))
        words = [*flag_words(env, FLAGS), *(word for each in every for word in (*each.dep, *each.compile))]
        words += [word for package in run.packages for word in package.words_of_modules]
        folders = search_path(words, "", {}, run.top)
        paths = (*files_in(env, words), *library_files(env, words, folders), *declared_reads(env))
        return [*built_files(paths, folders), *filter(self._is_read, others)]

    def _is_read(self, node: Any) -> bool:
        """Whether a preprocessor of some package reads a file."""
        path = os.path.realpath(node.get_abspath())
        return any(package.preprocessor_reads and package.has_read(path) for package in self.run.packages)
