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
          LinkPlugin          makes a plugin, which a program loads
      Copy                      copies an archive

Steps are compared by identity. What the user declared about a step is in `Plan.declared`.
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
    engine: native or byte; for an interface, that of the compiler that is used.
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
        """The file that it reads: the source, or what the source was converted to."""
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
    """How an archive or a program is made, apart from the objects in it.

    digest: over its command line.
    files: those named in its flags, whose contents count.
    libraries: possible paths of libraries that its flags name without a folder, such as `-lfoo`; this build may make
        them.
    search: the folders in which its program looks for installed files.
    installed: finds the installed files that it can read, as paths or as names to look up.
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
    foreign: objects and libraries of other languages, in the order of the command line.
    """

    kind = "program"
    archives: tuple[Archive, ...] = ()
    entry: Module | None = None
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class LinkPlugin(Link):
    """Makes a plugin. host: the program that loads it, if this build makes it; its modules are not linked again."""

    kind = "plugin"
    host: Link | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Copy(Step):
    """Copies the files of an archive."""

    kind = "copy"
    copied: Archive


class Declared(NamedTuple):
    """What the user declared about a step.

    files: those from Depends(), whose contents count; digest: over other values from Depends().
    ignored: files whose changes do not count, from Ignore().
    """

    files: tuple[str, ...] = ()
    digest: str = ""
    ignored: frozenset[str] = frozenset()


NOTHING_DECLARED = Declared()
NO_COMMAND = LinkCommand()


def link_command(step: Step) -> LinkCommand:
    """How an archive or a program is made; an empty command for other steps."""
    return step.command if isinstance(step, Collect) else NO_COMMAND


def foreign_files(step: Step) -> tuple[str, ...]:
    """The objects and libraries of other languages in a program."""
    return step.foreign if isinstance(step, Link) else ()
