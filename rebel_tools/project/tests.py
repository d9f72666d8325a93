"""The tests of a package: programs that use the package as others do, and how each of them is run."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple, NoReturn

from rebel_tools.nearest import did_you_mean
from rebel_tools.project.document import quoted
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.model import Case, Flags, Package, Source, Target, Test
from rebel_tools.project.names import MAX_MODULE, ROOT_MODULE
from rebel_tools.project.reads import selected_files
from rebel_tools.project.selection import Selection
from rebel_tools.project.sources import GENERATORS, KINDS
from rebel_tools.project.specs import Command, Dependency, Generating, Manifest, Tests, TestSpec
from rebel_tools.text import quote

TEST = "test"
"""The prefix of the name of each test, and a name for all of them. If there are tests, no target has this name."""

_CODE = KINDS | GENERATORS

_ENGINES = ("native", "byte")  # engines whose programs can be run


def manifest_of_tests(manifest: Manifest) -> Manifest:
    """The tests of a package as a package of their own, which depends on it, on its libraries and on its development
    dependencies.
    """
    known = {dependency.name for dependency in manifest.dependencies}
    more = (name for name in manifest.development if name not in known)
    return manifest._replace(
        name=f"{manifest.name}+{TEST}",  # no npm package has a + in its name
        module=ROOT_MODULE,
        sources=manifest.tests.sources,
        ocamlfind=tuple(dict.fromkeys([*manifest.ocamlfind, *manifest.tests.ocamlfind])),
        dependencies=(*manifest.dependencies, *(Dependency(name, "*", "devDependencies") for name in more)),
        development=(),
        public_module=False,
        private=(),
        wrapped=True,
        link_all=False,
        module_flags=(),
        generating=Generating(parser_generator=manifest.generating.parser_generator, rules=_rules_of_tests(manifest)),
        stubs=None,
        uses=None,
        select=(),
        tests=Tests(),
        tests_of=manifest.name,
        warnings=(),
    )


def only_for_tests(manifest: Manifest) -> tuple[Command, ...]:
    """The rules of a package that make sources of its tests and none of its own."""
    if manifest.tests_of or not manifest.tests.has_sources:
        return ()
    own = Selection(manifest.sources)
    return tuple(each for each in _rules_of_tests(manifest) if _makes_code(each) and not _makes_code(each, own))


def _rules_of_tests(manifest: Manifest) -> tuple[Command, ...]:
    """The rules that make sources of the tests, and those that make what these rules read."""
    rules, selection = manifest.generating.rules, Selection(manifest.tests.sources)
    found = [each for each in rules if _makes_code(each, selection)]
    for each in found:  # it grows
        found += [other for other in rules if other not in found and not set(other.made).isdisjoint(each.sources)]
    return tuple(each for each in rules if each in found)


def _makes_code(rule: Command, selection: Selection | None = None) -> bool:
    """Whether a rule makes a source, or one that the selection takes."""
    code = [path for path in rule.made if path.rpartition(".")[2] in _CODE]
    return any(selection is None or selection.takes(path) for path in code)


def tests_of(
    manifest: Manifest,
    package: Package,
    own: Package | None,
    targets: Sequence[Target],
    prefix: str,
    consulted: set[str],
) -> tuple[Test, ...]:
    """The tests in a package.json, whose names begin with `prefix`.

    own: the sources of tests, None if there are none. targets: those of the package itself.
    Errors: ProjectError for something that is not a program, for missing files, and for two tests with one name.
    """
    for target in manifest.targets:
        if target.name == TEST:
            message = f'the target "{TEST}" has the same name as the alias that runs the tests'
            raise manifest.document.error((*target.keys, "target"), message, hint="rename the target")
    if prefix == f"{TEST}/":
        message = f'the member "{TEST}" of the workspace has the same name as the alias that runs the tests'
        raise manifest.document.error(("name",), message, hint="rename it")
    found: dict[str, Test] = {}
    for spec in manifest.tests.programs:
        made = _Tests(manifest, package, own, targets, prefix, consulted).test(spec)
        if made.name.lower() in found:
            other = manifest.document.place(*found[made.name.lower()].keys).line
            message = f"two tests have the name {quote(made.name)}; the other one is in line {other}"
            raise manifest.document.error(spec.keys, message, hint='give one of them a "name"')
        found[made.name.lower()] = made
    return tuple(found.values())


def test_names(test: Test) -> tuple[str, ...]:
    """The names for requesting a test: its own, that of all tests, and that of all tests of a workspace member."""
    return (test.name, TEST, test.name.rpartition("/")[0])


class _Tests(NamedTuple):
    """The arguments of `tests_of`."""

    manifest: Manifest
    package: Package
    own: Package | None
    targets: Sequence[Target]
    prefix: str
    consulted: set[str]

    def test(self, spec: TestSpec) -> Test:
        if bool(spec.entry) == bool(spec.target):
            message = f"{quoted(spec.keys)} names " + ("a source and a target" if spec.entry else "no program")
            raise self.manifest.document.error(spec.keys, message, expected='either "entry" or "target"')
        name = f"{self.prefix}{TEST}/{spec.name or spec.target or _stem(spec.entry)}"
        if spec.entry:
            target, folder = self._program(spec, name), posixpath.dirname(spec.entry) or "."
        else:
            target, folder = self._target(spec), "."
        return Test(
            name=name,
            target=target,
            package=self.package.name,
            folder=self._folder(spec) if spec.folder else folder,
            cases=self._cases(spec),
            arguments=spec.arguments,
            reads=self._reads(spec),
            exit_status=spec.exit_status,
            keys=spec.keys,
        )

    def _folder(self, spec: TestSpec) -> str:
        path = posixpath.normpath(spec.folder)
        self.consulted.add(os.path.join(self.package.root, path))
        if not os.path.isdir(os.path.join(self.package.root, path)):
            self._fail(spec, "folder", f"{quote(spec.folder)} is not a folder", "a folder of this package", None)
        return path

    def _program(self, spec: TestSpec, name: str) -> Target:
        source = self._entry(spec)
        model = next((target for target in self.targets if target.engine in _ENGINES), None)
        engine, flags = (model.engine, model.unstable_flags) if model else ("native", Flags())
        own = self.own.name if self.own else ""
        return Target(name, ROOT_MODULE, engine, source.path, source.module, flags, package=own)

    def _entry(self, spec: TestSpec) -> Source:
        sources = self.own.sources if self.own else ()
        by_path = {source.path: source for source in sources if not source.is_interface}
        path = posixpath.normpath(spec.entry)
        if path not in by_path:
            self._fail(
                spec,
                "entry",
                f"{quote(spec.entry)} is not an .ml or .re file among the sources of tests",
                "a file where " + " or ".join(f"`{pattern}`" for pattern in self.manifest.tests.sources) + " leads",
                did_you_mean(path, by_path),
            )
        return by_path[path]

    def _target(self, spec: TestSpec) -> Target:
        names = {target.name.removeprefix(self.prefix): target for target in self.targets if target.entry}
        target = names.get(spec.target)
        if target is None:
            expected = "one of " + ", ".join(names) if names else "a program: this package has no targets"
            self._fail(spec, "target", f"no target is called {quote(spec.target)}", expected, None)
        if target.engine not in _ENGINES:
            message = f"the target {quote(spec.target)} is for the engine {target.engine}, and cannot be run directly"
            self._fail(spec, "target", message, f"a target for {' or '.join(_ENGINES)}", None)
        return target

    def _reads(self, spec: TestSpec) -> tuple[str, ...]:
        found = selected_files(self.package.root, spec.files)
        self.consulted.update(found.folders)
        paths = tuple(os.path.relpath(path, self.package.root).replace(os.sep, "/") for path in found.files)
        for at, pattern in enumerate(spec.files):
            taken = map(Selection([pattern]).takes, paths)
            if not pattern.startswith("!") and not any(taken):
                self._nothing(spec, ("files", at), pattern)
        missing = next((path for path in paths if not os.path.isfile(os.path.join(self.package.root, path))), None)
        if missing is not None:
            self._nothing(spec, ("files",), missing)
        return paths

    def _cases(self, spec: TestSpec) -> tuple[Case, ...]:
        """The runs of a program, one for each file that `input` stands for."""
        for key in ("input", "expected"):
            self._check_pattern(spec, key)
        if "*" not in spec.input:
            if "*" in spec.expected:
                self._fail(spec, "expected", "the * has no meaning", 'an "input" with a * as well', None)
            if spec.input and not self._is_file(spec.input):
                self._nothing(spec, ("input",), spec.input)
            return (Case("", spec.input, spec.expected),)
        if spec.expected and "*" not in spec.expected:
            self._fail(
                spec, "expected", "all runs would have to print the same", 'a * that stands for that of "input"', None
            )
        cases = tuple(
            Case(each, *(path.replace("*", each) for path in (spec.input, spec.expected))) for each in self._stars(spec)
        )
        if not cases:
            self._nothing(spec, ("input",), spec.input)
        return cases

    def _check_pattern(self, spec: TestSpec, key: str) -> None:
        pattern = getattr(spec, key)
        folder, _, name = pattern.rpartition("/")
        if pattern.startswith("!") or set("*?[") & set(folder) or set("?[") & set(name) or name.count("*") > 1:
            self._fail(spec, key, f"{quote(pattern)} is not a simple pattern", "a file, with one * in its name", None)

    def _stars(self, spec: TestSpec) -> Iterator[str]:
        """The texts that the * of `input` can stand for, sorted."""
        folder, _, pattern = spec.input.rpartition("/")
        path = os.path.join(self.package.root, folder)
        self.consulted.add(path)
        before, _, after = pattern.partition("*")
        for name in sorted(os.listdir(path)) if os.path.isdir(path) else ():
            star = name[len(before) : len(name) - len(after)]
            if fnmatchcase(name, pattern) and not name.startswith(".") and self._is_file(posixpath.join(folder, name)):
                if not star.isprintable() or len(star) > MAX_MODULE or star in ("", ".", ".."):
                    message = f"{quote(name)} cannot be the name of an input"
                    self._fail(spec, "input", message, f"printable characters, at most {MAX_MODULE}", None)
                yield star

    def _is_file(self, path: str) -> bool:
        self.consulted.add(os.path.join(self.package.root, path))
        return os.path.isfile(os.path.join(self.package.root, path))

    def _nothing(self, spec: TestSpec, keys: tuple[str | int, ...], pattern: str) -> NoReturn:
        raise self._error(spec, keys, f"{quote(pattern)} selects no file", "files of this package", None)

    def _fail(self, spec: TestSpec, key: str, message: str, expected: str, hint: str | None) -> NoReturn:
        raise self._error(spec, (key,), message, expected, hint)

    def _error(
        self, spec: TestSpec, keys: tuple[str | int, ...], message: str, expected: str, hint: str | None
    ) -> ProjectError:
        return self.manifest.document.error((*spec.keys, *keys), message, expected=expected, hint=hint)


def _stem(path: str) -> str:
    return posixpath.basename(path).partition(".")[0]
