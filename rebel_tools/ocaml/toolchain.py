"""The compilers and findlib packages of one environment: where they are, and an identity that changes when they do."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from rebel_tools.errors import RebelError
from rebel_tools.memory.stamp import stamps_text
from rebel_tools.nearest import nearest
from rebel_tools.tools import install_hint

THREADS = {"threads", "threads.posix"}
ARCHIVES = {"native": ".cmxa", "byte": ".cma"}

# Names of packages and of their parts, `unix` or `ppxlib.ast`; anything else might be an option of ocamlfind.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")


# Outputs of installed programs, by PATH and command line. If no installed file has changed, a build fills it with the
# answers of the last build, which saves several processes.
ANSWERS: dict[str, str] = {}


class FindlibError(RebelError):
    """findlib does not know a package, or fails. package: the unknown one, or ''."""

    package = ""


class Packages(NamedTuple):
    """The arguments for the compiler about a set of findlib packages.

    include: folders for `-I`, of the packages and everything that they require.
    archives: library files in link order.
    preprocessors: arguments for `-ppx`; preprocessor_programs: the paths of their programs.
    threads: whether the compiler needs `-thread`.
    files: those that these answers depend on: descriptions of packages, also possible ones that would hide them, and
        programs.
    """

    include: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    preprocessors: tuple[str, ...] = ()
    preprocessor_programs: tuple[str, ...] = ()
    threads: bool = False
    files: tuple[str, ...] = ()


def find_packages(
    findlib: Sequence[str],
    names: Iterable[str],
    engine: str,
    env_path: str,
    rewriters: Iterable[str] = (),
    in_driver: bool = False,
) -> Packages:
    """Ask findlib about packages by name; an unknown one is a FindlibError with the nearest names.

    rewriters: those packages whose own programs do not run. in_driver: whether these are linked into a program that
        rewrites, instead of the libraries that their generated code needs.
    """
    wanted = tuple(sorted(set(names)))
    for name in wanted:
        if not _NAME.match(name):
            raise FindlibError(
                f"`{name}` cannot be the name of a findlib package",
                expected="letters, digits, _, - and ., starting with a letter, a digit or _",
            )
    running = tuple(sorted({*wanted} - {*rewriters}))
    return _find_packages(tuple(findlib), wanted, running, engine, env_path, in_driver) if wanted else Packages()


@cache
def _find_packages(
    findlib: tuple[str, ...],
    names: tuple[str, ...],
    running: tuple[str, ...],
    engine: str,
    env_path: str,
    in_driver: bool,
) -> Packages:
    ask = Findlib(findlib, env_path)

    def query(*more: str) -> tuple[str, list[str]]:
        """The predicates, and for each package a row with its name, META file, folder and archives."""
        predicates = ",".join([engine, *more, *(["ppx_driver"] if in_driver else [])])
        form = "%p\t%m\t%d\t%(archive)"
        return predicates, ask("query", "-r", "-predicates", predicates, "-format", form, *names, known=names)

    predicates, rows = query()
    threads = not THREADS.isdisjoint(row.partition("\t")[0] for row in rows)
    if threads:  # also if only a package that another one requires needs them
        predicates, rows = query("mt", "mt_posix")
    all_names, metas, include, archives = [], [], [], []
    for row in rows:
        name, meta, folder, names_of_files = (row.split("\t") + ["", ""])[:4]
        all_names.append(name)
        metas.append(meta)
        include.append(folder)
        archives += [os.path.join(folder, name) for name in names_of_files.split()]
    preprocessors = _ppx(ask("printppx", "-predicates", predicates, *running, known=names)) if running else ()
    words = (command.split()[0] for command in preprocessors)
    programs = tuple(shutil.which(word, path=env_path) or word for word in words)
    files = (*dict.fromkeys(metas), *_descriptions(all_names, ask("printconf", "path")), *programs)
    return Packages(
        include=tuple(dict.fromkeys(include)),
        archives=tuple(dict.fromkeys(archives)),
        preprocessors=preprocessors,
        preprocessor_programs=programs,
        threads=threads,
        files=files,
    )


def packages_with(module: str, findlib: Sequence[str], env_path: str) -> list[str]:
    """The installed packages that have the module, the one of the same name first."""
    ask = Findlib(findlib, env_path)
    names = [name for row in ask("list") for name in row.split()[:1] if _NAME.match(name)]
    base = module[:1].lower() + module[1:]
    found: list[str] = []
    shared: dict[str, list[str]] = {}
    for row in ask("query", "-format", "%p\t%d", *names) if names else ():
        name, _, folder = row.partition("\t")
        shared.setdefault(folder, []).append(name)
    for folder, packages in shared.items():
        if any(os.path.exists(os.path.join(folder, f"{each}.cmi")) for each in (base, module)):
            # Several packages in one folder: only the name can tell which of them has the module.
            found += [p for p in packages if len(packages) == 1 or p.rpartition(".")[2].lower() == module.lower()]
    return sorted(found, key=lambda name: (name.lower() != module.lower(), len(name)))


def needed_at_run_time(names: Iterable[str], findlib: Sequence[str], env_path: str) -> list[str]:
    """The same packages, but each rewriter (ppx) replaced by what its generated code needs. Errors: FindlibError."""
    ask, found = Findlib(findlib, env_path), dict[str, None]()
    todo, seen = list(names), set[str]()
    while todo:
        name = todo.pop(0)
        if name in seen:
            continue
        seen.add(name)
        form = "%(ppx)\t%(requires)"
        ppx, _, requires = "\t".join(ask("query", "-format", form, name, known=[name])).partition("\t")
        if ppx.strip():
            todo = [*(each for each in re.split(r"[\s,]+", requires) if _NAME.match(each)), *todo]
        else:
            found[name] = None
    return list(found)


class Findlib:
    """The program `ocamlfind` of one environment."""

    def __init__(self, command: Sequence[str], env_path: str):
        self.command = command
        self.env = {**os.environ, "PATH": env_path}

    def __call__(self, *arguments: str, known: Sequence[str] = ()) -> list[str]:
        key = "\n".join([self.env["PATH"], *self.command, *arguments])
        if key not in ANSWERS:
            done = self._run(*arguments)
            if done.returncode != 0:
                raise self._explain(done, known)
            ANSWERS[key] = done.stdout.decode("utf-8", "surrogateescape")
        return ANSWERS[key].removesuffix("\n").split("\n") if ANSWERS[key] else []

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*self.command, *arguments], env=self.env, capture_output=True, check=False)

    def _explain(self, failed: subprocess.CompletedProcess[bytes], known: Sequence[str]) -> FindlibError:
        if failed.returncode < 0:
            return FindlibError(f"{' '.join(self.command)} was killed by signal {-failed.returncode}")
        installed = self._run("list").stdout.decode("utf-8", "replace").split("\n")
        names = [row.split()[0] for row in installed if row.strip()]
        for missing in [name for name in known if name not in names]:
            near = nearest(missing, names)
            unknown = FindlibError(
                f"there is no findlib package `{missing}`",
                expected=f"one that `{' '.join(self.command)} list` shows"
                + (f", such as {', '.join(near)}" if near else ""),
                hint=install_hint(missing),
            )
            unknown.package = missing
            return unknown
        stderr = failed.stderr.decode("utf-8", "replace").strip()
        return FindlibError(f"{' '.join(self.command)} failed: {stderr or f'exit status {failed.returncode}'}")


def _ppx(rows: Iterable[str]) -> tuple[str, ...]:
    words = shlex.split(" ".join(rows))
    return tuple(word for word in words if word != "-ppx")


def _descriptions(names: Iterable[str], places: Iterable[str]) -> list[str]:
    """The possible paths of package descriptions; a file at an earlier path hides later ones."""
    heads = dict.fromkeys(name.partition(".")[0] for name in names)
    return [path for place in places for head in heads for path in (f"{place}/{head}/META", f"{place}/META.{head}")]


def program_identity(path: str) -> str:
    """A text that changes when the program does: its real path and its stamp."""
    return f"{os.path.realpath(path)} {stamps_text([path])}"


def compiler_config(*compiler: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The output of `-config` of a compiler; empty if it fails."""
    said = [f"{name}={environ.get(name)}" for name in ("PATH", "OCAMLLIB", "CAMLLIB")]
    key = "\n".join([*said, *compiler, "-config"])
    if key not in ANSWERS:
        done = subprocess.run([*compiler, "-config"], env=environ, capture_output=True, check=False)
        ANSWERS[key] = done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else ""
    rows = (line.partition(":") for line in ANSWERS[key].splitlines())
    return {name: value.strip() for name, _, value in rows}


@cache
def findlib_places(findlib: tuple[str, ...], env_path: str) -> tuple[str, ...]:
    """The configuration of findlib and the folders in which it looks for packages."""
    ask = Findlib(findlib, env_path)
    return (*ask("printconf", "conf"), *ask("printconf", "path"))
