"""One target of a package.json: its scopes and program, and nodes for only that part of it that has to be built."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property

import SCons.Node
import SCons.Script

from rebel_tools.memory.digests import text_digest
from rebel_tools.memory.manifest import manifest
from rebel_tools.memory.stamp import stamp, stamps_before
from rebel_tools.memory.verdict import ALL
from rebel_tools.ocaml.editors import FILE as EDITORS_FILE
from rebel_tools.ocaml.flags import LINK_ALL, NO_WARNINGS, by_compiler
from rebel_tools.ocaml.names import SUFFIXES
from rebel_tools.ocaml.search import search_path
from rebel_tools.ocaml.toolchain import ANSWERS
from rebel_tools.plan.layers import Layers
from rebel_tools.plan.model import ARCHIVE, ARCHIVING, BYTE, LINKING, NATIVE, TREE, Module, Scope, Step
from rebel_tools.plan.steps import archive_files
from rebel_tools.project.load import absent_modules, load_project
from rebel_tools.project.model import Package, Project, Target
from rebel_tools.project.reads import selected_files
from rebel_tools.scons import front, places, profiles, said
from rebel_tools.scons.actions import builder_of
from rebel_tools.scons.arguments import from_top, output_file
from rebel_tools.scons.interactive import is_interactive, option
from rebel_tools.scons.named import built_files, declared_reads, files_in, flag_words, leads_to, library_files
from rebel_tools.scons.nodes import Group, StepFile
from rebel_tools.scons.output import SAID, install_output
from rebel_tools.scons.package_rules import PackageRules
from rebel_tools.scons.package_scope import package_scope, top_level
from rebel_tools.scons.programs import is_installed
from rebel_tools.scons.said import Said
from rebel_tools.scons.scopes import library_step, program_step
from rebel_tools.scons.session import Session, added_actions
from rebel_tools.scons.settings import FLAGS, build_environ, installed_files, map_places, settings, tool_identity
from rebel_tools.scons.terminal import TERMINAL
from rebel_tools.scons.words import expanded, extended

ENGINES = {"native": NATIVE, "byte": BYTE, "jsoo": BYTE}

# Options that print, clean or go on in the whole graph.
NEED_ALL = ("no_exec", "tree_printers")

# The states of a node that is as it should be.
DONE = (SCons.Node.up_to_date, SCons.Node.executed)

# What the program waits for before anything is planned, where a scope stands otherwise.
MADE_FIRST = "what other builders make"
MADE_BY_RULES = "what packages make"


class TargetSession(Session):
    """The plan of one target; made when SCons first looks at the program, for most runs are about other targets.

    started: a moment before package.json was read, in nanoseconds.
    build: `_build`; folder: `_build/<target>`; outdir: of the root package in it; path: of the program,
    or of the archive where the target is none; program: its node.
    """

    owns_state = True
    advice = "add it to `dependencies` in package.json", "add {} to `rebel.ocamlfindDependencies` in package.json"

    def __init__(self, env, project: Project, target: Target, started: int):
        self.started = started
        self.top = env.Dir("#").get_abspath()
        self.build = self.relative(project.root.root, "_build")
        self.folder = f"{self.build}/{env[profiles.VARIABLE].folder}{target.name}"
        super().__init__(f"{self.folder}/.rebel-tools.json")
        self.project = project
        self.target = target
        self.engine = ENGINES[target.engine]
        self.outdir = f"{self.folder}/{project.root.name if target.is_library else 'src'}"
        self.base_path = f"{self.outdir}/{'app' if target.entry else target.module}"
        self.path = self.base_path + self._suffix
        self.packages = (*project.closure(project.root), project.root)
        self.base = env
        self.env = self._environment(env, project.root)
        kind = LINKING if target.entry else ARCHIVING
        outputs = [self.path] if target.entry else archive_files(self.base_path, self.engine)
        made = [output_file(env, path) for path in outputs]
        self.program = builder_of(kind, self.engine)(self.env, target=made, source=[])
        for node in self.program:
            StepFile.adopt(node, self, None)
        self._of_others: set[Scope] = set()
        self._goal: Step | None = None
        self._layers: Layers | None = None
        self._layer: set[Step] = set()
        self._layer_units: dict[Scope, list[Step]] = {}
        self._announced: set[Step] = set()
        self._folders: dict[str, Mapping[str, SCons.Node.Node]] = {}
        self._changed: set[str] | None = None
        self._nothing_to_do = False
        self._is_made_first = False
        self.rules = PackageRules(self)
        self._read_in: set[str] = set()  # the folders of what preprocessors read
        self.manifest = manifest(os.path.join(self.top, self.folder, ".rebel-tools.manifest"), self.top)
        asked = {str(name) for name in SCons.Script.COMMAND_LINE_TARGETS} - {self.path}
        if any(name.startswith(self.folder) for name in asked):
            self._make_all()  # an output is asked for by its path

    def relative(self, *parts: str) -> str:
        """A path as seen from the folder of the SConstruct."""
        return os.path.relpath(os.path.join(*parts), self.top).replace(os.sep, "/")

    @property
    def _suffix(self) -> str:
        if not self.target.entry:
            return ARCHIVE[self.engine]
        return ".bc" if self.target.engine == "jsoo" else ".out"

    def _engines(self, package: Package) -> list[str]:
        """Those that a package is compiled for: a library for both, so that all who use it find what they need."""
        is_whole = package is self.project.root and self.target in self.project.as_library
        return [self.engine, *(e for e in ARCHIVE if is_whole and e != self.engine)]

    def _environment(self, env, package: Package):
        """The environment of one package: its flags, and the findlib packages of all that it uses."""
        used = (*self.project.closure(package), package)
        flags, profile = self.target.unstable_flags, env[profiles.VARIABLE]
        extra = {each: profile.flags(each) for each in used}
        hushed = NO_WARNINGS if is_installed(package, self.project) else ()
        both, native = by_compiler((*package.flags.compile, *extra[package].compile, *flags.compile, *hushed))
        env = env.Override(
            {
                "OCAMLENGINES": self._engines(package),
                "OCAMLPACKAGES": extended([], dict.fromkeys(name for p in used for name in p.ocamlfind)),
                "OCAMLFLAGS": extended(env["OCAMLFLAGS"], (*profile.both, *both)),
                "OCAMLOPTFLAGS": extended(env["OCAMLOPTFLAGS"], (*profile.native, *native)),
                "OCAMLARCHIVEFLAGS": extended(env["OCAMLARCHIVEFLAGS"], [LINK_ALL] if package.link_all else []),
                "OCAMLDEPFLAGS": extended(env["OCAMLDEPFLAGS"], (*package.flags.dep, *extra[package].dep, *flags.dep)),
                "OCAMLLINKFLAGS": extended(
                    env["OCAMLLINKFLAGS"],
                    (*(w for p in used for w in (*p.flags.link, *extra[p].link)), *flags.link),
                ),
                **build_environ(env, flags.envvars),
            }
        )
        install_output(env)
        map_places(env)
        return env

    # The plan

    def goal(self) -> Step:
        """The step that links the program. Errors: those of missing tools and findlib packages."""
        if self._goal is None:
            scopes: dict[str, Scope] = {}
            for package in self.packages:
                scopes[package.name] = self._scope(package, scopes)
            scope = scopes[self.project.root.name]
            self._goal = self._program(scope) if self.target.entry else self._archives(scope)
            self._nodes[self._goal] = self.program
        return self._goal

    def _scope(self, package: Package, scopes: dict[str, Scope]) -> Scope:
        is_top = package is self.project.root
        env = self.env if is_top else self._environment(self.base, package)
        uses = [scopes[used.name] for used in self.project.closure(package)]
        declared = (name for name, _ in self.target.unstable_flags.envvars)
        reads = selected_files(package.root, package.preprocessor_reads)
        self._read_in.update(reads.folders)
        how = settings(env, declared, reads.files)
        outdir = self.outdir if is_top else f"{self.folder}/{package.name}"
        meant = top_level(package, self.target) if is_top else package
        place = self.rules.place(package)
        scope = package_scope(meant, place.own, place.made, outdir, env["OCAMLENGINES"], how, uses)
        scope.programs = self.rules.programs_in(package)
        self.add_scope(scope, env)
        self.plan.add_scope(scope)
        if is_installed(package, self.project):
            self._of_others.add(scope)
        if not is_top:
            library_step(env, self, scope, self.engine, f"{outdir}/{package.module}")
        return scope

    def _program(self, scope: Scope) -> Step:
        entry = scope.modules[self.target.entry_module]
        return program_step(self.env, self, scope, self.path, self._linked_anyway(scope), entry)

    def _linked_anyway(self, scope: Scope) -> tuple[Module, ...]:
        """What is linked although the entry does not lead to it: with linkAll everything but other programs."""
        if not self.project.root.link_all and LINK_ALL not in expanded(self.env, "OCAMLLINKFLAGS"):
            return ()
        entries = {target.entry_module for target in self.project.targets} | scope.programs
        return tuple(module for name, module in scope.modules.items() if name not in entries)

    def _archives(self, scope: Scope) -> Step:
        """The step of the archive that is asked for; that of another engine is a part of the way to it."""
        steps = [library_step(self.env, self, scope, engine, self.base_path) for engine in scope.engines]
        return steps[0]

    def _make_all(self) -> None:
        """Nodes for all steps, so that each output can be named on the command line."""
        self.goal()
        for step in list(self.plan.steps.values()):
            self.nodes(step)

    # What other builders make

    @cached_property
    def _made_sources(self) -> dict[str, SCons.Node.FS.File]:
        """The sources that builders make, by absolute path, wherever in the SConstruct they are called.

        Those of which a package says how they are made are not among them.
        """
        made = [node for node in places.file_nodes() if node.name.endswith(SUFFIXES) and node.has_builder()]
        found = {os.path.realpath(node.get_abspath()): node for node in made}
        rules = {os.path.join(p.root, source.path) for p in self.packages for source in p.sources if source.made}
        for path in sorted(found.keys() & rules):
            print(f"rebel: warning: {self.relative(path)} is made by a rule of its package, not by the SConstruct")
            places.forget_builder(found[path])
        wanted = {path: node for path, node in found.items() if path not in rules}
        return {path: node for path, node in wanted.items() if any(p.has_place_for(path) for p in self.packages)}

    @cached_property
    def _made_first(self) -> list:
        """The nodes of these sources, and of what stands in flags, such as a preprocessor or a library of C."""
        named = (node for node in self.all_named(self) if not leads_to(node, self, self))
        return list(dict.fromkeys([*self._made_sources.values(), *named]))

    def all_named(self, scope: object) -> list:
        """What the flags of all packages name, found without a plan."""
        others = [node for node in places.file_nodes() if node.has_builder() and node not in self.program]
        if not others:
            return []
        env, more = self.env, self.base[profiles.VARIABLE].flags
        every = (self.target.unstable_flags, *(flags for p in self.packages for flags in (p.flags, more(p))))
        words = [*flag_words(env, FLAGS), *(word for each in every for word in (*each.dep, *each.compile))]
        folders = search_path(words, "", {}, self.top)
        paths = (*files_in(env, words), *library_files(env, words, folders), *declared_reads(env))
        return [*built_files(paths, folders), *filter(self._is_read, others)]

    def _is_read(self, node) -> bool:
        """Whether a preprocessor of some package reads a file."""
        return any(p.preprocessor_reads and p.has_read(os.path.realpath(node.get_abspath())) for p in self.packages)

    def scopes_behind(self, node) -> Iterable:
        """A target as a whole stands for its scopes, for these are not known before it has its turn."""
        return [self]

    def _named_by(self, named: Scope | Step) -> list:
        return self._made_first if isinstance(named, Scope) else super()._named_by(named)

    def _load_again(self) -> None:
        """Find sources that were not there when the SConstruct was read. Errors: ProjectError."""
        sources = (os.path.join(p.root, source.path) for p in self.packages for source in p.sources)
        if self._made_sources and not self._made_sources.keys() <= set(sources):
            self.project = load_project(self.project.root.root)
            self.packages = (*self.project.closure(self.project.root), self.project.root)
            self.target = next(target for target in self.project.targets if target.name == self.target.name)

    def _prepare(self) -> None:
        if not self._prepared:
            for package, scope in zip(self.packages, self.plan.scopes):
                own = (path for path in self._made_sources if package.has_place_for(path))
                found = {self.relative(path): self._made_sources[path] for path in own}
                self.source_nodes.setdefault(scope, {}).update({**found, **self.rules.by_package.get(package.name, {})})
        super()._prepare()

    def _ruled(self) -> dict[str, SCons.Node.FS.File]:
        return {self.relative(path): node for path, node in self._made_sources.items()}

    def _remove_vanished(self, scopes: list[Scope]) -> None:
        self.own_folders = {self.relative(folder) for folder, _, _ in os.walk(os.path.join(self.top, self.folder))}
        super()._remove_vanished(scopes)

    def absent(self, scope: Scope) -> Mapping[str, str]:
        package = next(p for p, other in zip(self.packages, self.plan.scopes) if other is scope)
        return {**absent_modules(package), **super().absent(scope)}

    # Nodes for what is stale

    def dependencies(self, step: Step | None) -> list:
        if step is not None:
            found = super().dependencies(step)
            self.rules.check(step)
            return found
        if option("clean"):
            self.generated.leave_out(self.plan, self._ruled(), (), self._dry)
            return self._made_first  # the whole folder is removed
        if self._made_first and not self._is_made_first:
            self._is_made_first = True
            return [Group(self, MADE_FIRST, MADE_FIRST)]
        if self._goal is None:
            self._load_again()
        every = self._needs_all
        if not every and not self._prepared:
            self._changed = self._changed_files()
            if self._changed == set() and not self.rules.ran:
                self._nothing_to_do = True
                return []
            if self._changed is not None:
                self.plan.files.trust(self.manifest.steps, self._changed)
                ANSWERS.update(self.manifest.answers)
        if not self.rules.ran:
            self.rules.ran = True
            if not self._dry:
                self.rules.tidy_up()
            if self.rules.packages:
                return [Group(self, MADE_BY_RULES, MADE_BY_RULES)]
        if self.rules.changed():
            self._changed = None
        goal = self.goal()
        if self._layers is None:
            self._prepare()
            if self._changed is None:
                self._write_merlin()
        return self._all_but(goal) if every else self._next_layer(goal)

    @cached_property
    def _needs_all(self) -> bool:
        """Whether there have to be nodes for all steps, because of an option, of rules for outputs inside, or of builds
        that come later in this process.
        """
        rules = (places.has_rules(node) for node in places.files_below(self.folder) if node not in self.program)
        return any(map(option, NEED_ALL)) or front.user_keeps_going() or is_interactive() or any(rules)

    def _all_but(self, goal: Step) -> list:
        """Every step, also those that are compiled for editors only and not linked, as the layers have them."""
        return [self.node(step) for step in list(self.plan.steps.values()) if step is not goal]

    def _next_layer(self, goal: Step) -> list:
        if self._layers is None:
            self._layers = Layers(self.plan, self.status, goal, self._suspects())
        layer = self._layers.next()
        TERMINAL.expect(len(layer) if layer else self.status.reason(goal) is not None)
        self._layer, self._announced, self._layer_units = set(layer), set(layer), {}
        for step in layer:
            if step.module:
                self._layer_units.setdefault(step.scope, []).append(step)
        self._groups.clear()
        return [*map(self._group, self._layer_units), *(self.node(step) for step in layer if not step.module)]

    def units(self, scope: Scope | str) -> list:
        if scope is MADE_FIRST:
            return self._made_first
        if scope is MADE_BY_RULES:
            return self.rules.nodes()
        for step in self._layer_units.get(scope, ()):
            self.node(step).attributes.rebel_urgency = self._layers.urgency[step]
        return super().units(scope)

    def _group(self, scope: Scope):
        group = super()._group(scope)
        if self._layers is not None:
            group.attributes.rebel_urgency = self._layers.urgency.get(scope, 0)
        return group

    def reason(self, step: Step | None):
        if step is None and self._nothing_to_do:
            return None
        found = super().reason(step or self.goal())
        if found is None and step in self._announced:
            self._announced.discard(step)
            TERMINAL.expect(-1)
        return found

    def cache_key(self, step: Step | None, path: str) -> str:
        return super().cache_key(step or self.goal(), path)

    def may_read(self, step: Step | None) -> list[str]:
        return super().may_read(step or self.goal())

    def built(self, step: Step | None) -> None:
        super().built(step or self.goal())
        if self._layers is None:
            self._changed = None  # it was made for a rule, and can make others stale

    def kept(self, step: Step) -> str:
        """Who has installed a package cannot do anything about its warnings."""
        return "" if step.scope in self._of_others else said.shortened(SAID.get(step.key, ""))

    def said(self) -> list[Said]:
        """What the programs of all steps that are up to date said."""
        is_done = self.program[0].get_state() in DONE
        return list(said.of_records(self.status, is_done)) if self._is_visited else []

    def _has_node(self, step: Step) -> bool:
        return self._layers is None or step in self._layer

    def _waits(self, step: Step) -> tuple[list[Step], Iterable[Scope]]:
        return super()._waits(step) if self._layers is None else self._layers.waits(step)

    def _units(self, scope: Scope) -> tuple[Iterable[Step], Iterable[Scope]]:
        if self._layers is None:
            return super()._units(scope)
        return self._layer_units.get(scope, ()), self._layers.used(scope)

    def _visible(self, step: Step, env) -> Iterable[str]:
        """In a layer one output stands for all, besides those that somebody else refers to; a CacheDir takes each."""
        if self._layers is None or self.has_cache:
            return step.outputs
        known = self._known(step.scope.outdir)
        return (step.key, *(path for path in step.outputs[1:] if os.path.basename(path) in known))

    def _known(self, folder: str) -> Mapping[str, SCons.Node.Node]:
        """The nodes of files in a folder, by name, also of those that are made later."""
        if folder not in self._folders:
            self._folders[folder] = self.base.fs.Dir(from_top(folder)).entries
        return self._folders[folder]

    # Nothing to do

    @cached_property
    def identity(self) -> str:
        """What decides about this build besides the files in the manifest."""
        ignored = [str(ignored) for node in self.program for ignored in node.ignore]
        said = [*added_actions(self.program), "", *ignored]
        made = sorted(self._ruled())
        return text_digest(tool_identity(self.base), repr(self.target), repr(self.packages), *said, "", *made)

    def _changed_files(self) -> set[str] | None:
        """The files of steps that changed since all was up to date; None when more than that may have changed."""
        declared = any(node.depends for node in self.program)  # by the user; the manifest does not know them
        if declared:
            return None
        verdict = self.manifest.verdict(self.identity)
        return None if verdict.extent == ALL else set(verdict.changed)

    def _scopes_in_doubt(self) -> list[Scope]:
        return super()._scopes_in_doubt() if self._changed is None else self._edited_scopes

    @cached_property
    def _edited_scopes(self) -> list[Scope]:
        modules = ((scope, module) for scope in self.plan.scopes for module in scope.modules.values())
        return list(dict.fromkeys(s for s, module in modules if not self._changed.isdisjoint(module.sources)))

    def _suspects(self) -> list[Step] | None:
        """The steps that have to be judged; None: all."""
        if self._changed is None:
            return None
        steps = self.plan.steps.values()
        # ocamldep may have written trees of changed sources already.
        trees = {step.key for step in steps if step.kind == TREE and not self._changed.isdisjoint(self._files(step))}
        changed, explained = self._changed | trees, set()
        touched: dict[Step, None] = {}
        for step in steps:
            found = changed.intersection(self._files(step))
            explained |= found
            if found or step.key not in self.status.records:
                touched[step] = None
        # What is linked, and in which order, the sources of its scope tell.
        scopes = {*self._scopes_in_doubt(), *(step.scope for step in touched)}
        touched.update(dict.fromkeys(step for step in steps if step.module is None and step.scope in scopes))
        if changed <= explained:
            return list(touched)
        self._changed = None  # among it is something that no step is known to make or to read
        return None

    def _save(self) -> None:
        super()._save()
        if self._is_visited and not option("clean"):
            self._write_manifest()

    def _finish(self) -> None:
        super()._finish()
        if option("clean") and self._is_visited and self._is_for_editors and not self._dry:
            from rebel_tools.scons.editors import remove_for_editors

            remove_for_editors(self.project.root)

    @property
    def _is_visited(self) -> bool:
        return self.program[0].get_state() != SCons.Node.no_state

    def _write_manifest(self) -> None:
        """Let the next run see from stamps alone that there is nothing to do, if that is so."""
        self.manifest.remove()
        if self.program[0].get_state() not in DONE:
            return
        known = self.plan.files.remembered
        scopes = set(self._scopes_in_doubt())
        paths = [path for step in self.plan.steps.values() if step.scope in scopes for path in self._files(step)]
        before = self.manifest.steps if self._changed is not None else ()
        files = {path: known[path][:3] for path in (*before, *paths) if path in known}
        others = None if self.generated.absent else self._others()
        if others is not None and all(each[0] for each in files.values()):
            own = [os.path.join(self.top, self.state_path)]
            own += [node.get_abspath() for node in self.rules.nodes()]
            if self._writes_for_editors:
                own.append(os.path.join(self.project.root.root, ".merlin"))
                own.append(os.path.join(self.top, self.folder, EDITORS_FILE))
            self.manifest.write(self.identity, files, {**others, **{path: stamp(path) for path in own}}, ANSWERS)

    def _others(self) -> dict | None:
        """The stamps of all that is no file of a step; None when something may have changed meanwhile."""
        found = self.plan.installed
        read = {os.path.join(self.top, path) for path in (*found.used, *found.missing)}
        if self._changed is not None:
            known = self.manifest.others  # which have been looked at
            new = stamps_before(read - known.keys(), self.started)
            return new if new is None else {**known, **new}
        files = {*self.project.consulted, *installed_files(self.env), *self._in_scopes()}
        files |= self.rules.read()
        return stamps_before(files | read, self.started)

    def _files(self, step: Step) -> list[str]:
        """What a step makes, and what it reads that no other step makes."""
        return [*(self.plan.inputs(step) if step.module else ()), *step.outputs]

    def _in_scopes(self) -> set[str]:
        """The files in flags, the programs that make syntax trees of Reason sources, if there are any, and the folders
        in which a new file may hide another.
        """
        trees = {step.scope for step in self.plan.steps.values() if step.kind == TREE}
        converters = {path for scope in trees for path in scope.settings.reason().files}
        every = [scope.settings for scope in self.plan.scopes]
        named = [path for each in every for path in (*each.files, *each.dependency_files)]
        named += [path for step in self.plan.steps.values() for path in step.files]
        folders = {folder for each in every for search in each.search.values() for folder in search.folders}
        folders = {os.path.join(self.top, folder) for folder in folders | {*self.goal().search} if folder}
        return {*converters, *named, *folders, *self._read_in}

    # Files for editors

    @property
    def _is_for_editors(self) -> bool:
        """There is one .merlin in a folder; it is about the first default target."""
        return self.target is self.project.default_targets[0]

    @property
    def _writes_for_editors(self) -> bool:
        return self._is_for_editors and self.base[profiles.VARIABLE].writes_for_editors

    def _write_merlin(self) -> None:
        if self._writes_for_editors and not self._dry:
            from rebel_tools.scons.editors import write_for_editors

            environments = {scope: self.environments[scope] for scope in self.plan.scopes}
            write_for_editors(self.packages, environments, self.target, self.top, self.folder)
