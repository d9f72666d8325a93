"""What runs in a build: one frozen class for each kind of step.

    Step                        one run of one program
      ModuleStep                for one module
        WriteAlias              writes the file of an alias module
        SourceStep              reads a source
          Convert               makes the syntax tree of a Reason source
          Compile
            CompileInterface
            CompileImplementation
      Collect                   puts objects together
        Archive
        Link                    makes a program
          LinkPlugin            makes what a program loads
      Copy                      has an archive a second time

A step is itself, and equal to no other; what the user declared about it besides is in `Plan.declared`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Callable, ClassVar, NamedTuple

from rebel_tools.plan.model import Module, Scope


@dataclass(frozen=True, eq=False, repr=False)
class Step:
    """One run of one program.

    kind: what it is called in messages and signatures.
    engine: native or byte; for an interface, of the compiler that is used.
    outputs: the first one is the step's name in records and messages.
    """

    kind: ClassVar[str]
    scope: Scope
    engine: str
    outputs: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.outputs[0]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.key})"


@dataclass(frozen=True, eq=False, repr=False)
class ModuleStep(Step):
    """A step for one module of its scope."""

    module: Module

    @property
    def makes_interface(self) -> bool:
        """Whether the module's .cmi comes from this step."""
        return False


@dataclass(frozen=True, eq=False, repr=False)
class WriteAlias(ModuleStep):
    """Writes the file of an alias module, or of the face of a package."""

    kind = "alias"


@dataclass(frozen=True, eq=False, repr=False)
class SourceStep(ModuleStep):
    """Reads one source."""

    source: str

    @property
    def read(self) -> str:
        """The file that it reads for its source."""
        return self.source


@dataclass(frozen=True, eq=False, repr=False)
class Convert(SourceStep):
    """Makes the syntax tree of a Reason source."""

    kind = "syntax tree"


@dataclass(frozen=True, eq=False, repr=False)
class Compile(SourceStep):
    """One run of a compiler. tree: the syntax tree that it reads in place of a Reason source, or ''."""

    tree: str = ""

    @property
    def read(self) -> str:
        return self.tree or self.source

    @cached_property
    def makes_interface(self) -> bool:
        return any(path.endswith(".cmi") for path in self.outputs)


@dataclass(frozen=True, eq=False, repr=False)
class CompileInterface(Compile):
    kind = "interface"


@dataclass(frozen=True, eq=False, repr=False)
class CompileImplementation(Compile):
    """Makes the object of a module, and its .cmi where it has no interface file and this is the first engine."""

    kind = "implementation"


class LinkCommand(NamedTuple):
    """What makes an archive or a program, apart from the objects in it.

    digest: over its command line.
    files: those that stand in its flags, whose contents count.
    libraries: where files can be that its flags name without a folder, such as `-lfoo`, for this build may make them.
    search: the folders in which the program that makes it looks for what is installed.
    installed: finds out which installed files it can read, as paths or as names to look for.
    """

    digest: str = ""
    files: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    installed: Callable[[], list[str]] = list


@dataclass(frozen=True, eq=False, repr=False)
class Collect(Step):
    """Puts objects together. members: the modules, in no particular order."""

    members: tuple[Module, ...]
    command: LinkCommand


@dataclass(frozen=True, eq=False, repr=False)
class Archive(Collect):
    kind = "archive"


@dataclass(frozen=True, eq=False, repr=False)
class Link(Collect):
    """Makes a program.

    archives: those before its own modules, in link order.
    entry: of a program that consists of this module, `members`, and what these reach.
    foreign: objects and libraries of other languages, as they stand on the command line.
    """

    kind = "program"
    archives: tuple[Archive, ...] = ()
    entry: Module | None = None
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class LinkPlugin(Link):
    """Makes what a program loads. host: the program, if it is of this build; its modules are no part of the plugin."""

    kind = "plugin"
    host: Link | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Copy(Step):
    """Makes files with the contents of those of another archive."""

    kind = "copy"
    copied: Archive


class Declared(NamedTuple):
    """What the user declared about a step.

    files: those that count by their contents, and digest: over other things, from Depends().
    ignored: files whose changes do not count, from Ignore().
    """

    files: tuple[str, ...] = ()
    digest: str = ""
    ignored: frozenset[str] = frozenset()


NOTHING_DECLARED = Declared()
NO_COMMAND = LinkCommand()


def link_command(step: Step) -> LinkCommand:
    """How an archive or a program is made; nothing of that for other steps."""
    return step.command if isinstance(step, Collect) else NO_COMMAND


def foreign_files(step: Step) -> tuple[str, ...]:
    """The objects and libraries of other languages in a program."""
    return step.foreign if isinstance(step, Link) else ()
