"""The rules for findings and changes: names, levels, effects, and whom they affect.

The four levels say what happens to programs that were compiled or linked before:

break   they crash, do not load, or compute something else
risk    they may do so, depending on how they use the library, which it does not show
source  they work, but their source compiles differently or not at all
note    nobody is harmed
"""

from __future__ import annotations

from typing import NamedTuple

BREAK, RISK, SOURCE, NOTE = LEVELS = ("break", "risk", "source", "note")


class Rule(NamedTuple):
    """One kind of finding.

    level: of its findings, unless a finding has its own level.
    summary: what it means, in one sentence. why: the effect on those who are affected. affects: whom it harms.
    remedy: what to do about it.
    """

    name: str
    level: str
    summary: str
    why: str
    affects: str
    remedy: str


_EVERYBODY = "every program that links against the library"
_USERS = "programs that use it"
_CALLERS = "programs that call it"
_READERS = "programs that read or write it"
_USERS_OF_TYPE = "programs that read, write or allocate values of this type"
_NOBODY = "nobody"
_KEEP = "keep the old one, or give the library another SONAME"


def _table(*rules: Rule) -> dict[str, Rule]:
    return {rule.name: rule for rule in rules}


CHECK_RULES = _table(
    Rule(
        "target", BREAK, "The library is for another platform than the interface.",
        "sizes, layouts and calling conventions are those of another platform", _EVERYBODY,
        "build the library for the target of the interface, or write the interface for this target",
    ),
    Rule(
        "missing-symbol", BREAK, "A symbol of the interface is not exported.",
        "the linker and the loader do not find it", _USERS, "define it, or take it out of the interface",
    ),
    Rule(
        "hidden-symbol", BREAK, "A symbol of the interface is defined in the library but not exported.",
        "the linker and the loader do not find it", _USERS,
        "give it default visibility, or name it in the version script or .def file",
    ),
    Rule(
        "wrong-kind", BREAK, "A function is data, or data is a function.",
        "code and data are used in different ways", _USERS, "declare it as what it is",
    ),
    Rule(
        "wrong-size", BREAK, "Exported data do not have the size of their declared type.",
        "programs that are not position independent hold a copy of the declared size", _READERS,
        "compile the library with the header of the interface",
    ),
    Rule(
        "wrong-memory", BREAK, "Data that programs may write lie in read-only memory.",
        "writing to it ends the program", "programs that write it", "declare it const, or define it without const",
    ),
    Rule(
        "wrong-prototype", BREAK, "A function's result, arguments or calling convention are not the declared ones.",
        "callers pass or expect something else", _CALLERS, "compile the library with the header of the interface",
    ),
    Rule(
        "wrong-type", BREAK, "Exported data do not have the declared type.",
        "programs read it as something else", _READERS, "compile the library with the header of the interface",
    ),
    Rule(
        "wrong-layout", BREAK, "A record or enumeration is not laid out as declared.",
        "programs are compiled for the declared layout", _USERS_OF_TYPE,
        "compile the library with the header and the flags of the interface",
    ),
    Rule(
        "wrong-digest", BREAK, "The library was made for another version of the interface.",
        "nothing says that the two fit", _EVERYBODY, "build the library again from this interface",
    ),
    Rule(
        "unexpected-symbol", BREAK, "The library exports what the interface does not have.",
        "programs can come to depend on what nobody promised", _NOBODY,
        "hide it, declare it in the interface, or allow it",
    ),
    Rule(
        "not-checked", BREAK, "Required evidence could not be had.",
        "nothing was proved about these symbols", _EVERYBODY, "compile the library with -g, or require less evidence",
    ),
    Rule(
        "unreadable-debug-info", BREAK, "The library's debug information is there and cannot be read.",
        "types could not be compared", _EVERYBODY, "see the reason",
    ),
    Rule(
        "inconsistent-library", BREAK, "The library contradicts itself.",
        "the loader sees another library than the tools that read it", _EVERYBODY, "link it again",
    ),
    Rule(
        "difference", NOTE, "Interface and library differ in a way that programs do not notice.",
        "the layout is the same", _NOBODY, "compile the library with the header of the interface",
    ),
)  # fmt: skip

DIFF_RULES = _table(
    Rule(
        "symbol-added", NOTE, "A symbol is new.",
        "nothing that exists uses it", _NOBODY, "nothing has to be done",
    ),
    Rule(
        "symbol-removed", BREAK, "A symbol is gone.",
        "programs that use it do not link or load", _USERS, _KEEP,
    ),
    Rule(
        "version-removed", BREAK, "A symbol version is gone.",
        "programs that were linked against this version do not load", _USERS,
        "keep the version as an alias (.symver)",
    ),
    Rule(
        "default-version-changed", NOTE, "A link gets another version of a symbol, and the old one is there.",
        "what was linked before keeps the old version", "programs that are linked again", "nothing has to be done",
    ),
    Rule(
        "soname-changed", BREAK, "The SONAME is another one.",
        "programs ask the loader for the old name", _EVERYBODY,
        "install both libraries, or keep the SONAME when nothing else breaks",
    ),
    Rule(
        "target-changed", BREAK, "The library is for another platform.",
        "it does not load on the old platform", _EVERYBODY, "compare libraries of one platform",
    ),
    Rule(
        "loader-changed", NOTE, "What the loader does with the library is not what it was.",
        "the library is loaded in another way", _EVERYBODY, "check that the change of the link command was intended",
    ),
    Rule(
        "kind-changed", BREAK, "A function became data, or data became a function or thread-local.",
        "code and data are used in different ways", _USERS, _KEEP,
    ),
    Rule(
        "size-changed", BREAK, "Exported data have another size.",
        "programs that are not position independent hold a copy of the old size", _READERS, _KEEP,
    ),
    Rule(
        "memory-changed", BREAK, "Exported data moved between writable and read-only memory.",
        "writing to it ends the program", "programs that write it", _KEEP,
    ),
    Rule(
        "binding-changed", NOTE, "A symbol became weak, unique, or an ordinary one.",
        "the loader takes the first definition that it finds, weak or not; links against a static library do not",
        _NOBODY, "check that the change was intended",
    ),
    Rule(
        "visibility-changed", NOTE, "A symbol became protected, or no longer is.",
        "only references from inside the library are resolved in another way",
        _NOBODY, "check that the change was intended",
    ),
    Rule(
        "prototype-changed", BREAK, "A function's result, arguments or calling convention are other ones.",
        "callers pass or expect something else", _CALLERS, _KEEP,
    ),
    Rule(
        "type-changed", BREAK, "Exported data have another type.",
        "programs read it as something else", _READERS, _KEEP,
    ),
    Rule(
        "layout-changed", BREAK, "A record or enumeration is laid out differently.",
        "programs were compiled for the old layout", _USERS_OF_TYPE, _KEEP,
    ),
    Rule(
        "type-renamed", NOTE, "A record or enumeration has another name and the same layout.",
        "programs use layouts and not names; source has to follow", _NOBODY, "check that it still means the same",
    ),
    Rule(
        "alignment-changed", BREAK, "Values of a type need another alignment.",
        "programs place it, and records that hold it, by the old alignment", _USERS_OF_TYPE, _KEEP,
    ),
    Rule(
        "passing-changed", RISK, "Values of a class are passed and returned in another way.",
        "callers and functions look for the value in different places", "programs that pass or return it by value",
        _KEEP,
    ),
    Rule(
        "field-appended", BREAK, "A record became larger by members at its end.",
        "programs allocate and copy the old size", "programs that allocate, copy or embed it",
        "let the library allocate it, and hide its definition",
    ),
    Rule(
        "flexible-array", RISK, "A record got an array of unknown length at its end.",
        "there are no elements where programs allocated the record", "programs that allocate it",
        "let the library allocate it",
    ),
    Rule(
        "access-changed", SOURCE, "A member or base class can be named by more or less code.",
        "the layout is the same; source that names it may not compile", "programs that are compiled again",
        "nothing has to be done",
    ),
    Rule(
        "explicit-changed", SOURCE, "A constructor or conversion became explicit, or no longer is.",
        "source that relies on it may not compile, or choose another function", "programs that are compiled again",
        "nothing has to be done",
    ),
    Rule(
        "empty-base", SOURCE, "A class has one more or one less base class that takes no room.",
        "the layout is the same; source may use the base", "programs that are compiled again", "nothing has to be done",
    ),
    Rule(
        "void-pointer", SOURCE, "A pointer leads to void on one side only.",
        "the representation is the same; what it leads to cannot be compared", "programs that are compiled again",
        "check that it still means the same",
    ),
    Rule(
        "reference-changed", SOURCE, "A reference became one to a value that may be moved from, or no longer is.",
        "the representation is the same; source may not compile", "programs that are compiled again",
        "nothing has to be done",
    ),
    Rule(
        "result-derived", NOTE, "A function returns a pointer to a class that is derived from the old one.",
        "the derived class begins with the old one, at the same address", _NOBODY, "nothing has to be done",
    ),
    Rule(
        "union-argument", RISK, "An argument is a union on one side and one of its members on the other.",
        "only a transparent union is passed like its members on all platforms", _CALLERS,
        "make sure that the union is transparent_union, which debug information does not tell",
    ),
    Rule(
        "noreturn-removed", RISK, "A function that never returned may return.",
        "callers have no code for the case that it returns", "programs that call it",
        "make sure that it never returns, and declare it so",
    ),
    Rule(
        "noreturn-added", NOTE, "A function is declared never to return.",
        "programs that exist have code for its return, which they do not need",
        _NOBODY, "make sure that it never returns",
    ),
    Rule(
        "field-renamed", NOTE, "A member has another name, in the same place and with the same type.",
        "programs use places and not names; source has to follow", _NOBODY, "nothing has to be done",
    ),
    Rule(
        "reserved-used", NOTE, "Room that was reserved is used.",
        "the layout of everything else is the same",
        _NOBODY, "make sure that what old programs leave there is accepted",
    ),
    Rule(
        "padding-used", RISK, "A member lies where the record had padding.",
        "programs that allocate the record do not set that room, and need not copy it",
        "programs that allocate or copy it", "make sure that what old programs leave there is accepted",
    ),
    Rule(
        "union-grown", NOTE, "A member was added in the place of others, as in a union.",
        "no size or place changed", _NOBODY, "nothing has to be done",
    ),
    Rule(
        "volatile-field", BREAK, "A member became volatile.",
        "programs were compiled to keep it in registers and to merge accesses", _USERS_OF_TYPE, _KEEP,
    ),
    Rule(
        "qualifier-changed", SOURCE, "const or volatile was added to a type, or taken away.",
        "the representation is the same; source may compile differently", "programs that are compiled again",
        "nothing has to be done",
    ),
    Rule(
        "constant-changed", BREAK, "A constant of an enumeration has another value or is gone.",
        "programs were compiled with the old value", "programs that use the constant", _KEEP,
    ),
    Rule(
        "sign-changed", RISK, "The integer that holds an enumeration became signed or unsigned.",
        "the constants are the same; other values are read differently by bit-fields and comparisons",
        "programs that use it",
        "make sure that programs do not meet negative or very large values",
    ),
    Rule(
        "constant-renamed", NOTE, "A constant of an enumeration has another name and the same value.",
        "programs use values and not names; source has to follow", _NOBODY, "nothing has to be done",
    ),
    Rule(
        "constant-added", NOTE, "An enumeration has one more constant.",
        "programs may not expect the new value where a library returns it", _NOBODY, "nothing has to be done",
    ),
    Rule(
        "count-changed", RISK, "A constant that counts the others of its enumeration grew with them.",
        "programs have arrays and checks of the old size", "programs that use the constant",
        "document that it is no part of the interface",
    ),
    Rule(
        "virtual-added", BREAK, "A class has one more virtual function.",
        "derived classes and calls use the old virtual table", "programs that derive from it or call its functions",
        _KEEP,
    ),
    Rule(
        "virtual-removed", BREAK, "A function is not virtual any more, or is gone.",
        "derived classes and calls use the old virtual table", "programs that derive from it or call its functions",
        _KEEP,
    ),
    Rule(
        "virtual-moved", BREAK, "A virtual function has another slot in the virtual table.",
        "calls through the table reach another function", "programs that derive from it or call its functions", _KEEP,
    ),
    Rule(
        "virtual-pure", RISK, "A virtual function became pure.",
        "classes that do not override it cannot be used any more", "programs that derive from it", _KEEP,
    ),
    Rule(
        "override-changed", RISK, "A class overrides a virtual function of its base, or no longer does.",
        "programs that name the function directly call what they were linked to", "programs that call it by its name",
        "nothing has to be done",
    ),
    Rule(
        "not-compared", RISK, "Types are not known on both sides.",
        "a change of them would not be seen", _EVERYBODY, "compile both libraries with -g",
    ),
)  # fmt: skip

ALL_RULES = {**CHECK_RULES, **DIFF_RULES}
