"""The keys of package.json that rebel reads, with their meanings and valid values.

Everything else is derived from this: `manifest.py` reads with it, and `json_schema.py` makes the tables of
docs/packages.md and the JSON Schema from it.
"""

from __future__ import annotations

from rebel_tools.project.model import ENGINES, LINKERS, MENHIR, PROFILES, YACC
from rebel_tools.project.names import (
    C_LIBRARY,
    FILE,
    FINDLIB,
    INSTALLED,
    MAX_MODULE,
    MAX_PACKAGE,
    MODULE,
    PACKAGE,
    PART,
    SOURCES,
    TARGET,
)
from rebel_tools.project.shapes import (
    Command,
    Either,
    Key,
    ListOf,
    Members,
    Names,
    Number,
    OneOf,
    Switch,
    Table,
    Text,
    Words,
)

PACKAGE_NAME = Text(
    "the name of a package", PACKAGE, "letters, digits, -, _ and . with an optional @scope/ before them", MAX_PACKAGE
)
MODULE_NAME = Text(
    "the name of a module", MODULE, "letters, digits, _ and ', starting with an upper-case letter", MAX_MODULE
)
TARGET_NAME = Text("the name of a target", TARGET, "letters, digits, -, _ and ., starting with a letter", MAX_MODULE)
FINDLIB_NAME = Text(
    "the name of a findlib package", FINDLIB, "letters, digits, -, _ and ., starting with a letter, a digit or _", 200
)

INSTALLED_NAME = Text(
    "the name of an installed package",
    INSTALLED,
    "letters, digits, - and _, starting with a letter, a digit or _, and not stublibs, ocaml or stdlib",
    MAX_MODULE,
)

LIBRARY_NAME = Text("the name of a library", PACKAGE, PACKAGE_NAME.expected, MAX_PACKAGE)
PART_NAME = Text(
    "the name of a library of a package",
    PART,
    "letters, digits, - and _, starting with a letter, a digit or _",
    MAX_MODULE,
)

SOURCE_PATTERN = Text(
    "a folder or a pattern of sources",
    SOURCES,
    "a path below the folder of the package, without `..`; `.` for that folder itself",
    200,
)

FILE_PATTERN = Text("a file, a folder or a pattern", SOURCES, SOURCE_PATTERN.expected, 200)
MADE_FILE = Text("a file of the package", FILE, "the path of a file below the folder of the package, without `..`", 200)

PACKAGE_FLAGS = Members(
    Key("dep", Words(), "flags for ocamldep"),
    Key("compile", Words(), "flags for the compilers of this package's sources"),
    Key("link", Words(), "flags for linking every program that contains the package"),
)
FLAGS = Members(
    *PACKAGE_FLAGS.keys.values(),
    Key("ocamllex", Words(), "flags for its lexers (.mll)"),
    Key("menhir", Words(), "flags for its grammars (.mly) that menhir processes"),
)
GRAMMAR_KEYS = Members(
    Key(
        "sources",
        ListOf(MADE_FILE),
        'the files that menhir reads as one grammar, such as `["src/tokens.mly", "src/rules.mly"]`',
        "the file with the name of the module",
    ),
    Key("flags", Words(), "flags for menhir, such as `--only-tokens`, `--external-tokens Tokens` or `--table`"),
    Key(
        "infer",
        Switch(),
        "`false`: the types of its rules are not inferred from modules that it uses, so these may use the parser",
        "`true`",
    ),
)
REWRITER_NAME = Text("the name of a ppx rewriter", PACKAGE, PACKAGE_NAME.expected, MAX_PACKAGE)
CHOICE_KEYS = Members(
    Key(
        "if",
        ListOf(
            Text(
                "the name of a library",
                f"!?{PACKAGE}",
                "a name as in `uses`, or of a findlib package, optionally after a `!`",
                215,
            )
        ),
        "libraries that have to be installed, or, after a `!`, must not be installed",
        "no condition",
    ),
    Key("source", MADE_FILE, "the source file in that case"),
)
RULE_KEYS = Members(
    Key("command", Command(), "the program and its arguments, as a list of words; no shell is involved"),
    Key(
        "sources",
        ListOf(FILE_PATTERN),
        "everything that the command reads: files, folders and patterns, as in `rebel.sources`",
    ),
    Key("targets", ListOf(MADE_FILE), "the files that the command writes, as paths in the package"),
    Key("stdout", MADE_FILE, "a target that receives the standard output of the command"),
    Key("folder", MADE_FILE, "its working directory; paths in other keys stay relative to the package", "the package"),
)
_C_NAME = "letters, digits, _, -, + and ."
STUBS_KEYS = Members(
    Key("sources", ListOf(FILE_PATTERN), 'C, C++ and assembler files, such as `["src/*.c"]`'),
    Key("headers", ListOf(FILE_PATTERN), "folders or files: headers that stubs of other packages may include"),
    Key("flags", Words(), "flags for the C and C++ compilers; folders after `-I` are relative to the package"),
    Key(
        "pkgConfig",
        ListOf(Text("the name of a pkg-config package", C_LIBRARY, _C_NAME, 200)),
        "pkg-config packages whose flags and libraries are used",
    ),
    Key(
        "libraries",
        ListOf(Text("the name of a C library", C_LIBRARY, _C_NAME + " (`z` for -lz)", 200)),
        "other C libraries to link with: `z` for `-lz`",
    ),
)
TARGET_FLAGS = Members(
    Key("dep", Words(), "flags for ocamldep"),
    Key("compile", Words(), "flags for the compilers"),
    Key("link", Words(), "flags for linking"),
    Key("jsoo", Words(), "flags for js_of_ocaml"),
    Key("envvars", Words(), 'environment variables of the compilers, `"NAME=value ..."`'),
)
TARGET_KEYS = Members(
    Key("target", TARGET_NAME, "its name, on the command line and as a folder below `_build`", "`default`"),
    Key(
        "engine",
        OneOf("engine", ENGINES),
        "`native` (ocamlopt), `byte` (ocamlc), `jsoo` (js_of_ocaml, gives `app.js`) or `bucklescript` "
        "(bsc of bs-platform)",
        "`native`",
    ),
    Key(
        "entry",
        Text("the path of a source"),
        "the main module of the program",
        "`src/Index.re`, or `src/Index.ml` if only that exists",
    ),
    Key(
        "plugin",
        Text("the name of a target, or the path of a program"),
        "makes the target a plugin: the target, or the path of a built program, that loads it (Dynlink)",
        "none",
    ),
    Key("unstable_flags", TARGET_FLAGS, "extra flags for this target"),
)
TEST_KEYS = Members(
    Key("entry", MADE_FILE, "the main module of the test program, among `rebel.tests.sources`"),
    Key("target", TARGET_NAME, "instead of `entry`: a target of this package, whose program is run"),
    Key("name", TARGET_NAME, "the name of the test", "that of the entry or the target"),
    Key("arguments", Words(), "arguments of the program"),
    Key(
        "input",
        FILE_PATTERN,
        "a file for standard input; with a `*` in its name, the test runs once for each matching file",
    ),
    Key(
        "expected",
        FILE_PATTERN,
        "a file with the expected output; a `*` in its name stands for the same text as in `input`",
        "any output is accepted",
    ),
    Key(
        "files",
        ListOf(FILE_PATTERN),
        "other files that the program reads: files, folders and patterns, as in `rebel.sources`",
    ),
    Key(
        "folder",
        FILE_PATTERN,
        "its working directory, as a path in the package; paths in other keys stay relative to the package",
        "the folder of `entry`, or the package",
    ),
    Key("exitStatus", Number(0, 255), "the expected exit status", "`0`"),
)
TESTS = Members(
    Key("programs", ListOf(TEST_KEYS), "the tests, see below"),
    Key(
        "sources",
        ListOf(SOURCE_PATTERN),
        "the sources of the tests, which are not sources of the package; `rebel.rules` may make some of them",
        '`["test"]`',
    ),
    Key(
        "ocamlfindDependencies",
        Names(FINDLIB_NAME),
        "findlib packages that the tests use, in addition to those of the package",
    ),
)
# The keys of a package that each of its `libraries` can have, too.
_COMMON = (
    Key(
        "ocamlfindDependencies",
        Names(FINDLIB_NAME),
        "findlib packages that the sources use, including ppx rewriters: a list, or an object whose keys are the names",
    ),
    Key("module", MODULE_NAME, "the module by which users refer to the package", "from `name`, see below"),
    Key(
        "publicModule",
        Switch(),
        "`true`: the file `src/foo.ml` of package `foo` is its public interface",
        "`false`",
    ),
    Key(
        "private",
        ListOf(MODULE_NAME),
        'modules that are visible only in this package, such as `["Internal"]`',
    ),
    Key(
        "wrapped",
        Switch(),
        "`false`: users refer to the modules of this package directly, without its module as a prefix",
        "`true`",
    ),
    Key(
        "linkAll",
        Switch(),
        "`true`: programs are linked with all modules of this package, not only with those that are referenced",
        "`false`",
    ),
    Key("flags", FLAGS, "extra flags for this package's own sources, see below"),
    Key(
        "profiles",
        Members(
            *(
                Key(name, PACKAGE_FLAGS, f"additional flags in the profile `{name}`, after the others")
                for name in PROFILES
            )
        ),
        'additional flags in one profile, such as `{"release": {"compile": "-unsafe"}}`',
    ),
    Key(
        "moduleFlags",
        Table(MODULE_NAME, Words()),
        'compiler flags for single modules, such as `{"Tables": "-w -a"}`',
    ),
    Key(
        "grammars",
        Either(OneOf("parser generator", (YACC, MENHIR)), Table(MODULE_NAME, GRAMMAR_KEYS)),
        "the program for `.mly` files, `menhir` or `ocamlyacc`; or settings of menhir for single modules, see below",
        "menhir for files that use its syntax, otherwise ocamlyacc",
    ),
    Key(
        "preprocessor",
        Either(Command(), Table(MODULE_NAME, Command())),
        'a command such as `["cppo", "-D", "UNIX"]` that gets each `.ml` and `.mli` and prints the text to compile; '
        "or an object with commands for single modules",
    ),
    Key(
        "preprocessorDependencies",
        ListOf(FILE_PATTERN),
        "other files that the preprocessor, or one in flags, reads",
    ),
    Key(
        "ppx",
        Either(Names(REWRITER_NAME), Table(REWRITER_NAME, Words())),
        'ppx rewriters for its sources, from packages in `dependencies` or findlib packages: `["ppx_deriving.show"]`, '
        "or an object with their arguments",
    ),
    Key(
        "ppxRuntime",
        Names(REWRITER_NAME),
        "for a package that is a rewriter: libraries that its generated code needs, from `dependencies` or findlib",
    ),
    Key("rules", ListOf(RULE_KEYS), "commands that generate sources of this package, see below"),
    Key("stubs", STUBS_KEYS, "C and C++ stubs of this package, see below"),
    Key(
        "select",
        Table(MADE_FILE, ListOf(CHOICE_KEYS)),
        'sources that depend on which libraries are installed, such as `{"src/x.ml": [{"if": ["lwt"], "source": '
        '"src/x.lwt.ml"}, {"source": "src/x.none.ml"}]}`, see below',
    ),
    Key(
        "uses",
        Names(LIBRARY_NAME),
        "the only libraries that the sources can use: `foo` and `foo.unix` of a package `foo` in `dependencies`, "
        "and those of this package, see below",
        "all packages in `dependencies`; for one of `libraries`, none",
    ),
)
LIBRARY_KEYS = Members(
    Key(
        "sources",
        ListOf(SOURCE_PATTERN),
        "its sources, which do not belong to the package itself",
        "required",
    ),
    *_COMMON,
    Key("findlibName", INSTALLED_NAME, "the findlib name of the library", "`foo.unix`"),
)
REBEL = Members(
    Key(
        "targets",
        ListOf(TARGET_KEYS),
        "the programs to build, see below; used only in the root package",
        "one target `default`",
    ),
    Key(
        "sources",
        ListOf(SOURCE_PATTERN),
        'folders with sources, or patterns such as `"lib/*_util.ml"`; `"!lib/test"` excludes one, see below',
        '`["src"]`',
    ),
    *_COMMON,
    Key(
        "libraries",
        Table(PART_NAME, LIBRARY_KEYS),
        'more libraries of this package, such as `{"unix": {...}}` for the library `foo.unix` of `foo`, see below',
    ),
    Key("tests", TESTS, "programs that `rebel test` runs, see below"),
    Key(
        "findlibName",
        INSTALLED_NAME,
        "the findlib name of the installed package",
        "`name` without its scope, with `-` for `.`",
    ),
    Key(
        "linker",
        OneOf("linker", LINKERS),
        "the linker for programs: `mold`, `lld`, `gold` or `bfd`, which has to be on PATH as `ld.mold` etc.; "
        "`auto`: mold or lld, if one of them is installed; used only in the root package",
        "that of the C compiler",
    ),
    Key(
        "packagePrograms",
        Names(PACKAGE_NAME),
        "packages below node_modules that may have programs run with "
        "`--package-programs=listed` (see security.md); used only in the root package",
    ),
)
_RANGE = Text("a range of versions")
DEPENDENCIES = ("dependencies", "optionalDependencies", "peerDependencies")
TOP = Members(
    Key("name", PACKAGE_NAME, "name of the package", "name of the folder"),
    Key("version", Text("a version"), "its version, which users of the package may require"),
    Key(
        "dependencies",
        Table(PACKAGE_NAME, _RANGE),
        "npm packages; those without the key `rebel` in their package.json are ignored",
    ),
    Key("optionalDependencies", Table(PACKAGE_NAME, _RANGE), "the same, for packages that may be missing"),
    Key("peerDependencies", Table(PACKAGE_NAME, _RANGE), "the same, for packages that may be missing"),
    Key("rebel", REBEL, "how the package is built"),
    others=True,
)
