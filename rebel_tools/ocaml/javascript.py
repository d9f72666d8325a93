"""JavaScript from OCaml and Reason: the commands of BuckleScript (`bsc`, npm package bs-platform).

BuckleScript compiles each module by itself (.cmi, .cmj, .js) and links nothing. Properties of bsc 9.0.2:
- It searches its working directory and the parent folders for a bsconfig.json, even if it needs nothing from it, and
  the folder given to `-bs-package-output` is relative to that file. So it runs in the output folder, which gets one.
- Modules of two *npm* packages refer to each other as `bar/<folder>/Bar__Index.js`, which node cannot find in a build
  folder. All first-party packages of a build therefore share one `-bs-package-name`, and refer by relative path.
- The alias module is compiled with `-bs-cmi-only`, so that it has no .js.
- A module with an interface file needs `-bs-read-cmi`, or its .cmi is overwritten.
- A .cmj, unlike a .cmx, has no import table. Only ocamldep's names tell what it was compiled against.
"""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Mapping, Sequence

from rebel_tools import tools

# A Bourne shell is everywhere, `env -C` is not.
_IN_FOLDER = ("sh", "-c", 'cd "$0" && exec "$@"')


def find_bsc(folder: str, environ: Mapping[str, str] = os.environ) -> str:
    """The native bsc for the project in `folder`: $BSC, or node_modules/bs-platform there or above.

    Not the script `bsc` on PATH: it starts node first, for every module. Errors: MissingTool.
    """
    return tools.require("bsc", environ=environ, root=folder)


class BuckleScript:
    """The commands for one build.

    bsc: path of the compiler. name: of the npm package that is built. root: the output folder, relative to the folder
    in which the build runs, with a bsconfig.json of `config_text()`. Paths given to the methods are relative to the
    folder in which the build runs, too, with `/`.
    """

    def __init__(self, bsc: str, name: str, root: str, flags: Sequence[str] = ()):
        self.bsc = bsc
        self.name = name
        self.root = root
        self.flags = tuple(flags)

    def config_text(self) -> str:
        """The contents of `root`/bsconfig.json."""
        return json.dumps({"name": self.name, "sources": []}) + "\n"

    def alias(self, source: str, target: str) -> list[str]:
        """Compile the alias module of a package; `target` is its .cmi. Makes .cmi and .cmt."""
        return self._command(target, source, "-bs-cmi-only", "-no-alias-deps", "-w", "-49")

    def interface(self, source: str, target: str, include: Sequence[str], opened: str = "") -> list[str]:
        """Compile a .mli or .rei; `target` is the .cmi. Makes .cmi and .cmti."""
        return self._command(target, source, *self._flags(target, include, opened))

    def implementation(
        self, source: str, target: str, include: Sequence[str], opened: str = "", has_interface: bool = False
    ) -> list[str]:
        """Compile a .ml or .re; `target` is the .cmj. Makes .cmj, .cmt, .js and, without an interface file, .cmi."""
        reads = ("-bs-read-cmi",) if has_interface else ()
        return self._command(target, source, *reads, *self._flags(target, include, opened))

    def clean_output(self, text: str) -> str:
        """The compiler's messages with paths as seen from the folder in which the build runs."""
        return text.replace(self._back() + "/", "")

    def _flags(self, target: str, include: Sequence[str], opened: str) -> list[str]:
        output = posixpath.relpath(posixpath.dirname(target), self.root)
        flags = [*self.flags, "-bs-package-name", self.name, "-bs-package-output", f"commonjs:{output}"]
        for folder in dict.fromkeys((posixpath.dirname(target), *include)):
            flags += ["-I", self._path(folder)]
        return flags + (["-open", opened] if opened else [])

    def _command(self, target: str, source: str, *flags: str) -> list[str]:
        return [*_IN_FOLDER, self.root, self.bsc, *flags, "-o", self._path(target), "-c", self._path(source)]

    def _path(self, path: str) -> str:
        return path if posixpath.isabs(path) else posixpath.relpath(path, self.root)

    def _back(self) -> str:
        return posixpath.relpath(".", self.root)


def javascript_outputs(target: str, has_interface: bool) -> list[str]:
    """What `BuckleScript.implementation` writes for the .cmj `target`, that file first."""
    base = posixpath.splitext(target)[0]
    return [f"{base}{suffix}" for suffix in (".cmj", ".js", ".cmt", *(() if has_interface else (".cmi",)))]
