"""The rules of a package: which of its sources are generated, from what, and by which program.

A lexer (.mll) or a grammar (.mly) among the sources implies a rule; preprocessors and other commands are in
package.json. Generated sources are compiled like sources at the same path in the package, but nothing is written there.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rebel_tools.errors import Place
from rebel_tools.nearest import did_you_mean
from rebel_tools.project.document import Path
from rebel_tools.project.errors import ProjectError
from rebel_tools.project.files import Files
from rebel_tools.project.model import COMMAND, LEXER, MENHIR, PREPROCESSOR, YACC, Package, Rule, Source
from rebel_tools.project.selection import Selection
from rebel_tools.project.sources import GENERATORS, KINDS, Found, check_unique, module_of
from rebel_tools.project.specs import Grammar, Manifest
from rebel_tools.project.tests import only_for_tests
from rebel_tools.text import quote

IMPLEMENTATIONS = (".ml", ".re")
MENHIR_LIBRARY = "menhirLib"


def _options(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Options of menhir with which it does something else, or writes more files than the module.
_NOT_FOR_GRAMMARS = _options(
    """
    -b --base --infer-write-query --infer-read-reply --infer-protocol-supported --ocamlc --ocamldep --depend
    --raw-depend --coq --only-preprocess --only-preprocess-u --only-preprocess-uu --only-preprocess-for-ocamlyacc
    --interpret --interpret-show-cst --interpret-error --list-errors --compile-errors --compare-errors --merge-errors
    --update-errors --echo-errors --echo-errors-concrete --timings-to --suggest-comp-flags --suggest-link-flags-byte
    --suggest-link-flags-opt --suggest-menhirLib --suggest-ocamlfind --random-sentence --random-sentence-concrete
    --cmly --dump --dump-resolved --automaton-graph --reference-graph -v --version -help --help
    """
)

# Options that every grammar gets. They are common in build files of other tools.
_ALWAYS_GIVEN = _options("--infer --explain")


def rules_of(
    manifest: Manifest, root: str, found: Found, consulted: set[str], dependencies: Mapping[str, Package]
) -> tuple[tuple[Rule, ...], tuple[Source, ...]]:
    """The rules of the package in `root`, and its sources, including the generated ones.

    found: the contents of its folders. consulted: other files and folders that were read are added to it. dependencies:
    the packages that it depends on, by name.
    Errors: ProjectError for a file with two rules, or with a rule although it exists; for rules that depend on each
    other; for names that cannot be modules; for commands that are not programs.
    """
    rules = _Rules(manifest, root, found, consulted)
    rules.add_commands()
    rules.add_lexers_and_grammars()
    sources = rules.sources()
    sources = rules.preprocessed(sources)
    rules.find_programs(sources, dependencies)
    rules.check_order()
    return tuple(rules.every), sources


def libraries_of(rules: Iterable[Rule]) -> tuple[str, ...]:
    """The findlib packages that generated sources need."""
    tables = any(rule.kind == MENHIR and not {"--table", "-t"}.isdisjoint(rule.words) for rule in rules)
    return (MENHIR_LIBRARY,) if tables else ()


class _Rules:
    """The rules that were found so far, in the order in which they are checked."""

    def __init__(self, manifest: Manifest, root: str, found: Found, consulted: set[str]) -> None:
        self.manifest = manifest
        self.said = manifest.generating
        self.root = root
        self.found = found
        self.consulted = consulted
        self.selection = Selection(manifest.sources)
        self.files = Files(manifest.document, root, consulted)
        self.every: list[Rule] = []
        self.makers: dict[str, Rule] = {}

    def _add(self, rule: Rule) -> None:
        for target in rule.targets:
            other = self.makers.setdefault(target, rule)
            if other is not rule:
                raise self._error(
                    rule,
                    f"{quote(target)} is made twice: by {self._name(other)} and by {self._name(rule)}",
                    "one rule for each file",
                )
            path = os.path.join(self.root, target)
            if rule.kind != PREPROCESSOR and os.path.lexists(path):
                hint = "remove it: generated files are below _build, not beside the sources"
                if not rule.keys:
                    hint += f'; or leave the other out: "rebel": {{"sources": [..., "!{rule.sources[0]}"]}}'
                message = f"{quote(target)} exists, although {self._name(rule)} makes it"
                raise self._error(rule, message, "one of the two", hint)
        self.every.append(rule)

    def _name(self, rule: Rule) -> str:
        if rule.kind == COMMAND:
            return f"the rule in line {self.manifest.document.place(*rule.keys).line} of package.json"
        return f"{rule.kind} of {' and '.join(map(quote, rule.sources))}"

    def _error(self, rule: Rule, message: str, expected: str, hint: str | None = None) -> ProjectError:
        if rule.keys:
            return self.manifest.document.error(rule.keys, message, expected=expected, hint=hint)
        place = Place(os.path.join(self.root, rule.sources[0]))
        return ProjectError(message, place=place, expected=expected, hint=hint)

    # Commands

    def add_commands(self) -> None:
        of_tests = only_for_tests(self.manifest)
        rules = [each for each in self.said.rules if each not in of_tests]
        made = [path for each in rules for path in each.made]
        for said in rules:
            keys: Path = ("rebel", "rules", said.at)
            others = [path for path in made if path not in said.made]
            sources = self.files.selected(said.sources, (*keys, "sources"), others)
            self._check_folder(said.folder, (*sources, *said.made), (*keys, "folder"))
            self._add(Rule(COMMAND, sources, said.made, said.command, said.stdout, said.folder, keys=keys))

    def _check_folder(self, folder: str, files: Iterable[str], keys: Path) -> None:
        """Errors: ProjectError if the working directory of a command is one of its files, or below one."""
        for path in files:
            if folder and f"{posixpath.normpath(folder)}/".startswith(f"{path}/"):
                message = f"{quote(folder)} cannot be the working directory, because {quote(path)} is a file"
                raise self.manifest.document.error(keys, message, expected="a folder of the package")

    # Lexers and grammars

    def add_lexers_and_grammars(self) -> None:
        generators = [*self.found.generators, *self._made_by_commands(GENERATORS)]
        for each in generators:
            if each.kind == "mll":
                self._add(Rule(LEXER, (each.path,), (f"{each.path[:-4]}.ml",), self.manifest.flags.ocamllex))
        grammars = {each.path: each for each in generators if each.kind == "mly"}
        own = {module for module, _ in self.said.grammars}
        merged = {path for _, said in self.said.grammars for path in said.sources}
        for module, said in self.said.grammars:
            self._add(self._of_menhir(module, said, grammars, ("rebel", "grammars", module)))
        for path, each in grammars.items():
            if each.module not in own and path not in merged:
                self._add(self._grammar(each))

    def _made_by_commands(self, kinds: frozenset[str]) -> Iterator[Source]:
        """The selected targets of rules with one of these suffixes."""
        for rule in self.every:
            for path in rule.targets:
                stem, dot, kind = posixpath.basename(path).rpartition(".")
                if dot and kind in kinds and self.selection.takes(path):
                    yield Source(path, module_of(stem, os.path.join(self.root, path)), kind, path)

    def _grammar(self, source: Source) -> Rule:
        """The rule of a grammar that has no settings in package.json."""
        flags = self.manifest.flags.menhir
        generator = self.said.parser_generator or (MENHIR if not source.made and self._is_for_menhir(source) else YACC)
        if generator == YACC:
            return Rule(YACC, (source.path,), _outputs(source.path[:-4]))
        return self._menhir((source.path,), source.path[:-4], source.module, flags, ())

    def _is_for_menhir(self, source: Source) -> bool:
        from rebel_tools.project.grammar import is_for_menhir  # most projects have no grammar

        path = os.path.join(self.root, source.path)
        self.consulted.add(path)
        try:
            with open(path, encoding="latin-1") as file:  # tokens are ASCII, comments may have any bytes
                return is_for_menhir(file.read())
        except OSError as error:
            raise ProjectError(f"cannot be read: {error.strerror}", place=Place(path)) from None

    def _of_menhir(self, module: str, said: Grammar, grammars: dict[str, Source], keys: Path) -> Rule:
        own = [path for path, each in grammars.items() if each.module == module]
        for index, path in enumerate(said.sources):
            if path not in grammars:
                raise self.manifest.document.error(
                    (*keys, "sources", index),
                    f"{quote(path)} is not a grammar of this package",
                    expected="an .mly file where its sources are, or one that a rule makes",
                    hint=did_you_mean(path, grammars),
                )
        if not said.sources and not own:
            modules = [each.module for each in grammars.values()]
            raise self.manifest.document.error(
                keys,
                f"no grammar is the module {module}",
                key=True,
                expected='an .mly file of that name, or "sources" with some',
                hint=did_you_mean(module, modules),
            )
        sources = said.sources or tuple(own[:1])
        base = own[0][:-4] if own and own[0] in sources else ""
        base = base or posixpath.join(posixpath.dirname(sources[0]), module[:1].lower() + module[1:])
        rule = self._menhir(sources, base, module, (*self.manifest.flags.menhir, *said.flags), keys)
        return rule if said.infer else rule._replace(infers=False)

    def _menhir(self, sources: tuple[str, ...], base: str, module: str, flags: tuple[str, ...], keys: Path) -> Rule:
        wrong = next((word for word in flags if word.partition("=")[0] in _NOT_FOR_GRAMMARS), None)
        if wrong:
            own = (*keys, "flags") if keys and wrong not in self.manifest.flags.menhir else ("rebel", "flags", "menhir")
            raise self.manifest.document.error(
                own,
                f"{quote(wrong)} is not for grammars: menhir does something else then, or writes more files",
                expected="options such as --table, --strict or --unused-tokens",
            )
        own_flags = tuple(word for word in flags if word not in _ALWAYS_GIVEN)
        rule = Rule(MENHIR, sources, _outputs(base), own_flags, module=module, keys=keys)
        return rule._replace(infers=rule.makes_parser)

    # Sources

    def sources(self) -> tuple[Source, ...]:
        """The sources, including the generated ones, sorted by path."""
        made = [source._replace(made=source.path) for source in self._made_by_commands(KINDS)]
        every = sorted((*self.found.sources, *made), key=lambda source: source.path)
        check_unique(self.root, every)
        return tuple(every)

    def preprocessed(self, sources: Sequence[Source]) -> tuple[Source, ...]:
        """The same sources, with the outputs of preprocessors in place of their inputs."""
        if not (self.said.preprocessor or self.said.preprocessors):
            return tuple(sources)
        by_module = dict(self.said.preprocessors)
        patterns, keys = self.said.preprocessor_dependencies, ("rebel", "preprocessorDependencies")
        others = self.files.selected(patterns, keys, list(self.makers)) if patterns else ()
        return tuple(self._preprocessed(source, by_module, others) for source in sources)

    def _preprocessed(self, source: Source, by_module: dict[str, tuple[str, ...]], others: tuple[str, ...]) -> Source:
        keys: Path = ("rebel", "preprocessor", source.module)
        command = by_module.get(source.module, ())
        maker = self.makers.get(source.made)
        if self.said.preprocessor and (maker is None or maker.kind == COMMAND):
            command, keys = self.said.preprocessor, ("rebel", "preprocessor")
        if not command or source.kind not in ("ml", "mli") or source.path == posixpath.normpath(command[0]):
            return source
        target = f"{source.path.removesuffix('.' + source.kind)}.pp.{source.kind}"
        inputs = (source.path, *(path for path in others if path != source.path))
        self._add(Rule(PREPROCESSOR, inputs, (target,), command, target, keys=keys))
        return source._replace(made=target)

    def find_programs(self, sources: Sequence[Source], dependencies: Mapping[str, Package]) -> None:
        """Find the sources that commands name as their programs."""
        for at, rule in enumerate(self.every):
            path = posixpath.normpath(rule.words[0]) if rule.kind in (COMMAND, PREPROCESSOR) else ""
            if path.endswith(IMPLEMENTATIONS):
                self.every[at] = rule._replace(program=self._program(rule, path, sources, dependencies))
                self.makers.update(dict.fromkeys(rule.targets, self.every[at]))
            elif "/" in path and not path.startswith("/") and path not in rule.sources:
                raise self.manifest.document.error(
                    (*rule.command_keys, 0),
                    f"{quote(rule.words[0])} is not among the `sources` of this command",
                    expected="a program that is found on PATH, a source of OCaml, or one of its `sources`",
                )

    def _program(
        self, rule: Rule, path: str, sources: Sequence[Source], dependencies: Mapping[str, Package]
    ) -> tuple[str, str]:
        """The package and the module of a program that is built from a source of this package or of a dependency."""
        every = {path: (name, module) for name, path, module in self._entries(sources, dependencies)}
        if path not in every:
            raise self.manifest.document.error(
                (*rule.command_keys, 0),
                f"{quote(rule.words[0])} is not an OCaml source",
                expected="a source of this package, one of a library in `uses`, or node_modules/NAME/ and one of a "
                "package in `dependencies`",
                hint=did_you_mean(path, every),
            )
        return every[path]

    def _entries(
        self, sources: Sequence[Source], dependencies: Mapping[str, Package]
    ) -> Iterator[tuple[str, str, str]]:
        """Package, path and module of what commands can name: sources of this package, its libraries, dependencies."""
        for name, package in dependencies.items():
            prefix = "" if package.root == self.root else f"node_modules/{package.npm_name}/"
            yield from ((name, f"{prefix}{each.path}", each.module) for each in _implementations(package.sources))
        yield from ((self.manifest.name, each.path, each.module) for each in _implementations(sources))

    def check_order(self) -> None:
        """Errors: ProjectError for rules that depend on each other in a cycle."""
        done: set[Rule] = set()
        for rule in self.every:
            self._visit(rule, [], done)

    def _visit(self, rule: Rule, active: list[Rule], done: set[Rule]) -> None:
        if rule in active:
            names = " -> ".join(map(self._name, [*active[active.index(rule) :], rule]))
            raise self._error(rule, f"rules depend on each other: {names}", "rules without cyclic dependencies")
        if rule in done:
            return
        for path in rule.sources:
            if path in self.makers:
                self._visit(self.makers[path], [*active, rule], done)
        done.add(rule)


def _implementations(sources: Iterable[Source]) -> Iterator[Source]:
    return (source for source in sources if not source.is_interface)


def _outputs(base: str) -> tuple[str, ...]:
    return (f"{base}.ml", f"{base}.mli")
