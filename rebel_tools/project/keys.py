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
MADE_FILE = Text("a file that is made", FILE, "the path of a file below the folder of the package, without `..`", 200)

PACKAGE_FLAGS = Members(
    Key("dep", Words(), "flags for ocamldep"),
    Key("compile", Words(), "flags for the compilers of this package's sources"),
    Key("link", Words(), "flags for the link of every program that it is in"),
)
FLAGS = Members(
    *PACKAGE_FLAGS.keys.values(),
    Key("ocamllex", Words(), "flags for its lexers (.mll)"),
    Key("menhir", Words(), "flags for all of its grammars (.mly) that menhir reads"),
)
GRAMMAR_KEYS = Members(
    Key(
        "sources",
        ListOf(MADE_FILE),
        'the files that menhir reads as one grammar, such as `["src/tokens.mly", "src/rules.mly"]`',
        "the file that the module has its name from",
    ),
    Key("flags", Words(), "flags of menhir, such as `--only-tokens`, `--external-tokens Tokens` or `--table`"),
)
REWRITER_NAME = Text("the name of a ppx rewriter", PACKAGE, PACKAGE_NAME.expected, MAX_PACKAGE)
CHOICE_KEYS = Members(
    Key(
        "if",
        ListOf(
            Text("the name of a library", f"!?{PACKAGE}", "a name as in `uses`, or of findlib, or a ! and one", 215)
        ),
        "the libraries that have to be installed, those after a `!` must not be",
        "it fits anyway",
    ),
    Key("source", MADE_FILE, "the file that is the source then"),
)
RULE_KEYS = Members(
    Key("command", Command(), "the program and its arguments as a list of words; no shell reads them"),
    Key("sources", ListOf(FILE_PATTERN), "all that it reads: files, folders and patterns, as in `rebel.sources`"),
    Key("targets", ListOf(MADE_FILE), "the files that it writes, as if they lay in the package"),
    Key("stdout", MADE_FILE, "the target that gets what the command prints"),
)
_C_NAME = "letters, digits, _, -, + and ."
STUBS_KEYS = Members(
    Key("sources", ListOf(FILE_PATTERN), 'files of C, C++ and assembler, such as `["src/*.c"]`'),
    Key("headers", ListOf(FILE_PATTERN), "folders or files: the headers that stubs of other packages may include"),
    Key("flags", Words(), "flags for the compilers of C and C++; folders of `-I` are those of the package"),
    Key(
        "pkgConfig",
        ListOf(Text("the name of a package of pkg-config", C_LIBRARY, _C_NAME, 200)),
        "packages of which pkg-config tells flags and libraries",
    ),
    Key(
        "libraries",
        ListOf(Text("the name of a library of C", C_LIBRARY, _C_NAME + " (`z` for -lz)", 200)),
        "other libraries of C to link with: `z` for `-lz`",
    ),
)
TARGET_FLAGS = Members(
    Key("dep", Words(), "flags for ocamldep"),
    Key("compile", Words(), "flags for the compilers"),
    Key("link", Words(), "flags for the link"),
    Key("jsoo", Words(), "flags for js_of_ocaml"),
    Key("envvars", Words(), 'environment variables of the compilers, `"NAME=value ..."`'),
)
TARGET_KEYS = Members(
    Key("target", TARGET_NAME, "its name: on the command line, and of its folder below `_build`", "`default`"),
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
        "the file that the program starts with",
        "`src/Index.re`, or `src/Index.ml` where that is what exists",
    ),
    Key(
        "plugin",
        Text("the name of a target, or the path of a program"),
        "the target, or the path of the program that is built, which loads what this target makes (Dynlink)",
        "none: the target is a program",
    ),
    Key("unstable_flags", TARGET_FLAGS, "extra flags for this target"),
)
TEST_KEYS = Members(
    Key("entry", MADE_FILE, "the source that the program starts with, among `rebel.tests.sources`"),
    Key("target", TARGET_NAME, "in place of `entry`: a target of this package, whose program is run"),
    Key("name", TARGET_NAME, "the name of the test", "that of the entry's file, or of the target"),
    Key("arguments", Words(), "words for the program"),
    Key(
        "input",
        FILE_PATTERN,
        "the file that it gets as standard input; with a `*` in its name it runs once for each file",
    ),
    Key(
        "expected",
        FILE_PATTERN,
        "the file that says what it prints; a `*` in its name stands for the same as in `input`",
        "what it prints does not matter",
    ),
    Key("files", ListOf(FILE_PATTERN), "what else it reads: files, folders and patterns, as in `rebel.sources`"),
    Key(
        "folder",
        FILE_PATTERN,
        "the folder of the package that it runs in; the paths of the other keys are those in the package",
        "that of `entry`, or the package",
    ),
    Key("exitStatus", Number(0, 255), "the status that it ends with", "`0`"),
)
TESTS = Members(
    Key("programs", ListOf(TEST_KEYS), "the programs that are run, see below"),
    Key(
        "sources", ListOf(SOURCE_PATTERN), "where their sources are, which are no sources of the package", '`["test"]`'
    ),
    Key("ocamlfindDependencies", Names(FINDLIB_NAME), "findlib libraries that they use, besides those of the package"),
)
# What can be said of a package, and of each of its libraries.
_COMMON = (
    Key(
        "ocamlfindDependencies",
        Names(FINDLIB_NAME),
        "findlib libraries that the sources use, ppx rewriters included: a list, or an object whose keys count",
    ),
    Key("module", MODULE_NAME, "the module that is the package for its users", "from `name`, see below"),
    Key(
        "publicModule",
        Switch(),
        "`true`: the file `src/foo.ml` of package `foo` is its public face",
        "`false`",
    ),
    Key(
        "private",
        ListOf(MODULE_NAME),
        'modules that only this package sees, such as `["Internal"]`',
    ),
    Key(
        "wrapped",
        Switch(),
        "`false`: users name the modules of this package directly, and not through its module",
        "`true`",
    ),
    Key(
        "linkAll",
        Switch(),
        "`true`: programs are linked with all modules of this package, and not only with those that are named",
        "`false`",
    ),
    Key("flags", FLAGS, "extra flags for this package's own sources, see below"),
    Key(
        "profiles",
        Members(
            *(Key(name, PACKAGE_FLAGS, f"flags that come after those, in the profile `{name}`") for name in PROFILES)
        ),
        'flags for one profile only, such as `{"release": {"compile": "-unsafe"}}`',
    ),
    Key(
        "moduleFlags",
        Table(MODULE_NAME, Words()),
        'flags for the compilers of single modules, such as `{"Tables": "-w -a"}`',
    ),
    Key(
        "grammars",
        Either(OneOf("parser generator", (YACC, MENHIR)), Table(MODULE_NAME, GRAMMAR_KEYS)),
        "`menhir` or `ocamlyacc`, which reads the `.mly` files; or how menhir makes single modules, see below",
        "menhir where a file uses what only menhir knows, else ocamlyacc",
    ),
    Key(
        "preprocessor",
        Either(Command(), Table(MODULE_NAME, Command())),
        'a command such as `["cppo", "-D", "UNIX"]` that gets each `.ml` and `.mli` and prints what is to be compiled; '
        "or such a command for each of some modules",
    ),
    Key(
        "preprocessorDependencies",
        ListOf(FILE_PATTERN),
        "other files that the preprocessor reads, and those in flags",
    ),
    Key(
        "ppx",
        Either(Names(REWRITER_NAME), Table(REWRITER_NAME, Words())),
        'ppx rewriters of its sources, packages in `dependencies` or findlib packages: `["ppx_deriving.show"]`, '
        "or an object with their arguments",
    ),
    Key(
        "ppxRuntime",
        Names(REWRITER_NAME),
        "of a package that is a rewriter: what the code that it makes needs, of its `dependencies` or of findlib",
    ),
    Key("rules", ListOf(RULE_KEYS), "commands of this package that make some of its sources, see below"),
    Key("stubs", STUBS_KEYS, "C and C++ of this package, see below"),
    Key(
        "select",
        Table(MADE_FILE, ListOf(CHOICE_KEYS)),
        'sources that are chosen by which libraries are installed, such as `{"src/x.ml": [{"if": ["lwt"], "source": '
        '"src/x.lwt.ml"}, {"source": "src/x.none.ml"}]}`, see below',
    ),
    Key(
        "uses",
        Names(LIBRARY_NAME),
        "the libraries that the sources see, and no others: `foo` and `foo.unix` of a package `foo` in `dependencies`, "
        "and those of this package, see below",
        "all packages in `dependencies`; of one of `libraries` none",
    ),
)
LIBRARY_KEYS = Members(
    Key(
        "sources",
        ListOf(SOURCE_PATTERN),
        "where its sources are, which are none of the package itself",
        "has to be there",
    ),
    *_COMMON,
    Key("findlibName", INSTALLED_NAME, "what findlib calls the library", "`foo.unix`"),
)
REBEL = Members(
    Key(
        "targets",
        ListOf(TARGET_KEYS),
        "the programs to build, see below; only those of the root package count",
        "one target `default`",
    ),
    Key(
        "sources",
        ListOf(SOURCE_PATTERN),
        'where the sources are: folders, and patterns such as `"lib/*_util.ml"`; `"!lib/test"` excludes one, see below',
        '`["src"]`',
    ),
    *_COMMON,
    Key(
        "libraries",
        Table(PART_NAME, LIBRARY_KEYS),
        'further libraries of this package, such as `{"unix": {...}}`, which is `foo.unix` of package `foo`, see below',
    ),
    Key("tests", TESTS, "programs that `rebel test` runs, see below"),
    Key(
        "findlibName",
        INSTALLED_NAME,
        "what findlib calls the package when it is installed",
        "`name` without its scope, with `-` for `.`",
    ),
    Key(
        "linker",
        OneOf("linker", LINKERS),
        "what links programs: `mold`, `lld`, `gold` or `bfd`, which have to be on PATH as `ld.mold` and so on; "
        "`auto`: mold or lld, where one of them is; only that of the root package counts",
        "that of the C compiler",
    ),
    Key(
        "packagePrograms",
        Names(PACKAGE_NAME),
        "packages below node_modules whose preprocessors and linker commands may run with "
        "`--package-programs=listed` (see security.md); only that of the root package counts",
    ),
)
_RANGE = Text("a range of versions")
DEPENDENCIES = ("dependencies", "optionalDependencies", "peerDependencies")
TOP = Members(
    Key("name", PACKAGE_NAME, "name of the package", "name of the folder"),
    Key("version", Text("a version"), "its version, which those who depend on it may ask for"),
    Key(
        "dependencies",
        Table(PACKAGE_NAME, _RANGE),
        "npm packages; those whose own package.json has the key `rebel` count, the others are npm's business",
    ),
    Key("optionalDependencies", Table(PACKAGE_NAME, _RANGE), "the same, where they are installed"),
    Key("peerDependencies", Table(PACKAGE_NAME, _RANGE), "the same, where they are installed"),
    Key("rebel", REBEL, "how the package is built"),
    others=True,
)
