"""The keys of package.json that count, what they mean and what is right for them.

This is the reference that everything else is made of: `manifest.py` reads with it, the tables of docs/packages.md and
the JSON Schema come from it (`json_schema.py`).
"""

from __future__ import annotations

from rebel_tools.project.model import ENGINES, PROFILES
from rebel_tools.project.names import FINDLIB, MAX_MODULE, MAX_PACKAGE, MODULE, PACKAGE, SOURCES, TARGET
from rebel_tools.project.shapes import Key, ListOf, Members, Names, OneOf, Switch, Table, Text, Words

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

SOURCE_PATTERN = Text(
    "a folder or a pattern of sources",
    SOURCES,
    "a path below the folder of the package, without `..`; `.` for that folder itself",
    200,
)

PACKAGE_FLAGS = Members(
    Key("dep", Words(), "flags for ocamldep"),
    Key("compile", Words(), "flags for the compilers of this package's sources"),
    Key("link", Words(), "flags for the link of every program that it is in"),
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
    Key("unstable_flags", TARGET_FLAGS, "extra flags for this target"),
)
REBEL = Members(
    Key(
        "targets",
        ListOf(TARGET_KEYS),
        "the programs to build, see below; only those of the root package count",
        "one target `default`",
    ),
    Key(
        "ocamlfindDependencies",
        Names(FINDLIB_NAME),
        "findlib libraries that the sources use, ppx rewriters included: a list, or an object whose keys count",
    ),
    Key(
        "sources",
        ListOf(SOURCE_PATTERN),
        'where the sources are: folders, and patterns such as `"lib/*_util.ml"`; `"!lib/test"` excludes one, see below',
        '`["src"]`',
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
    Key("flags", PACKAGE_FLAGS, "extra flags for this package's own sources, see below"),
    Key(
        "profiles",
        Members(
            *(Key(name, PACKAGE_FLAGS, f"flags that come after those, in the profile `{name}`") for name in PROFILES)
        ),
        'flags for one profile only, such as `{"release": {"compile": "-unsafe"}}`',
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
