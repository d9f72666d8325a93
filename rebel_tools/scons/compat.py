"""The complete list of SCons' undocumented internals that this package uses.

Those that are functions or values are used in this module only. Classes are derived from, and their objects read, where
that is needed: OVERRIDDEN and READ name the methods and attributes. A test checks the list: no other module uses a name
of SCons that is not in PUBLIC or begins with `_`, and everything in these tables exists in the installed SCons. The
matrix of `bootstrap.py` tests the oldest and the newest version.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar

import SCons.Action
import SCons.Builder
import SCons.CacheDir as _cache_dir
import SCons.Environment
import SCons.Errors
import SCons.Executor
import SCons.Node
import SCons.Node.Alias
import SCons.Node.FS
import SCons.SConf as _sconf
import SCons.SConsign as _sconsign
import SCons.Script
import SCons.Script.Interactive as _interactive
import SCons.Script.Main as _main
import SCons.Script.SConsOptions as _options
import SCons.Subst
import SCons.Taskmaster as _taskmaster
import SCons.Util

# SCons has no types: these names are for readers.
Environment = Any
Node = Any
Nodes = list[Any]

# Names of SCons that other modules may use: those of its manual, its classes of nodes, and the states of nodes.
PUBLIC = frozenset(
    (
        "SCons.Action.Action",
        "SCons.Action.CommandAction",
        "SCons.Action.FunctionAction",
        "SCons.Action.LazyAction",
        "SCons.Builder.Builder",
        "SCons.Builder.BuilderBase",
        "SCons.Defaults.Copy",
        "SCons.Environment.Base",
        "SCons.Errors.BuildError",
        "SCons.Errors.StopError",
        "SCons.Errors.UserError",
        "SCons.Node.Alias.Alias",
        "SCons.Node.FS.Base",
        "SCons.Node.FS.Dir",
        "SCons.Node.FS.Entry",
        "SCons.Node.FS.File",
        "SCons.Node.Node",
        "SCons.Node.Python.Value",
        "SCons.Node.executed",
        "SCons.Node.no_state",
        "SCons.Node.up_to_date",
        "SCons.Scanner.Scanner",
        "SCons.Script.ARGUMENTS.get",
        "SCons.Script.AddOption",
        "SCons.Script.COMMAND_LINE_TARGETS",
        "SCons.Script.GetBuildFailures",
        "SCons.Script.GetOption",
        "SCons.Script.main",
        "SCons.Tool.SourceFileScanner",
        "SCons.Tool.install.generate",
        "SCons.Util.CLVar",
        "SCons.Util.NodeList",
        "SCons.Util.flatten",
        "SCons.Util.is_List",
        "SCons.Util.is_String",
    )
)

# Attributes and methods of its objects that other modules read, by their class in SCons.
READ: dict[str, tuple[str, ...]] = {
    "SCons.Node.Node": (
        "always_build",
        "attributes",
        "builder",
        "builder_set",
        "depends",
        "get_build_env",
        "get_executor",
        "get_ninfo",
        "get_state",
        "has_builder",
        "ignore",
        "implicit",
        "is_derived",
        "ninfo",
        "prerequisites",
        "reset_executor",
        "set_state",
        "side_effect",
        "side_effects",
        "sources",
        "target_peers",
        "waiting_parents",
    ),
    "SCons.Node.FS.Base": ("clear_memoized_values", "disambiguate", "duplicate", "must_be_same", "rfile", "srcnode"),
    "SCons.Node.FS.Dir": ("entries", "repositories", "srcdir_list", "up"),
    "SCons.CacheDir.CacheDir": ("push_if_forced",),
}

# Methods and attributes that are overridden or replaced at run time, by their class in SCons.
OVERRIDDEN: dict[str, tuple[str, ...]] = {
    "SCons.Action.CommandAction": ("execute", "get_presig", "process", "strfunction"),
    "SCons.Action.FunctionAction": ("execute",),
    "SCons.Action.LazyAction": ("_generate_cache", "get_parent_class", "get_presig"),
    "SCons.Builder.BuilderBase": ("_create_nodes", "_execute", "src_builder_sources", "src_suffixes"),
    "SCons.Environment.Base": ("Decider", "Execute"),
    "SCons.Executor.Executor": ("__call__", "get_all_targets", "get_build_env"),
    "SCons.Node.Node": ("Decider", "add_dependency", "built"),
    "SCons.Node.Alias.Alias": ("get_csig", "make_ready", "scan", "visited"),
    "SCons.Node.FS.Base": ("getmtime", "getsize"),
    "SCons.Node.FS.Dir": ("_glob1", "entry_exists_on_disk", "getRepositories", "get_all_rdirs"),
    "SCons.Node.FS.File": (
        "_children_reset",
        "add_to_implicit",
        "add_to_waiting_parents",
        "built",
        "changed",
        "clear",
        "do_duplicate",
        "explain",
        "get_binfo",
        "get_cachedir_bsig",
        "get_content_hash",
        "get_contents",
        "get_csig",
        "get_internal_path",
        "get_size",
        "get_stored_info",
        "get_timestamp",
        "is_up_to_date",
        "make_ready",
        "new_binfo",
        "push_to_cache",
        "release_target_info",
        "retrieve_from_cache",
        "scan",
        "visited",
    ),
    "SCons.SConf.SConfBase": ("__init__",),
    "SCons.Script.Interactive.SConsInteractiveCmd": ("do_build",),
    "SCons.Script.Main.BuildTask": ("do_failed", "exc_clear", "exc_info", "executed", "failed", "needs_execute"),
    "SCons.Script.SConsOptions.SConsOptionParser": ("error",),
    "SCons.Taskmaster.Taskmaster": ("__init__", "cleanup"),
    "SCons.Taskmaster.OutOfDateTask": ("executed", "make_ready", "needs_execute"),
}

BuildTask = _main.BuildTask
OutOfDateTask = _taskmaster.OutOfDateTask
Executor = SCons.Executor.Executor
Configuration = _sconf.SConfBase
InteractiveCommand = _interactive.SConsInteractiveCmd
OptionParser = _options.SConsOptionParser
own_options = _options.Parser

# The expansion of variables: as words of a command, or of a signature.
SUBST_CMD, SUBST_SIG = SCons.Subst.SUBST_CMD, SCons.Subst.SUBST_SIG
Literal = SCons.Subst.Literal
escape_list = SCons.Subst.escape_list

EmitterProxy = SCons.Builder.EmitterProxy
OverrideWarner = SCons.Builder.OverrideWarner
unbuffered = SCons.Util.Unbuffered
build_error = SCons.Errors.convert_to_BuildError

Function = TypeVar("Function", bound=Callable[..., Any])
TellMistake = Callable[[Any], Any]


# One run of scons


def start_time() -> float:
    """When this run began, in seconds since the epoch."""
    return float(SCons.Script.start_time)


def begin_clock() -> None:
    """Let a run that was prepared earlier begin now."""
    SCons.Script.start_time = time.time()


def use_task(kind: type) -> None:
    """Run steps as tasks of this class."""
    _main.BuildTask = kind


def around_build(around: Callable[..., Any]) -> None:
    """Call `around` instead of the function that builds the targets, with that function and its arguments."""
    real = _main._build_targets
    _main._build_targets = lambda *arguments, **keywords: around(real, *arguments, **keywords)


def before_judging(look: Callable[[Nodes], None]) -> None:
    """Call `look` with the requested nodes, each time before SCons begins to evaluate them."""
    master = _taskmaster.Taskmaster
    real = master.__init__

    def init(self: Any, targets: Any = (), *arguments: Any, **keywords: Any) -> None:
        look(targets)
        real(self, targets, *arguments, **keywords)

    master.__init__ = init


@cache
def report_only_cycles() -> None:
    """After failures, do not report nodes that wait for what was not built as dependency cycles.

    SCons does not tell the nodes that wait for a node that one of its other children has failed.
    """
    master = _taskmaster.Taskmaster
    real = master.cleanup

    def cleanup(self: Any) -> None:
        if SCons.Script.GetBuildFailures():
            self.pending_children = {node for node in self.pending_children if _taskmaster.find_cycle([node], set())}
        real(self)

    master.cleanup = cleanup


def tell_mistakes(tell: TellMistake) -> TellMistake:
    """Let `tell` report an error that ends the reading of the SConstruct; return the previous function."""
    before: TellMistake = _main._scons_user_error
    _main._scons_user_error = tell
    return before


def tells_mistakes_itself() -> bool:
    """Whether SCons itself still reports such errors."""
    return bool(_main._scons_user_error.__module__ == _main.__name__)


def shows_stacktrace() -> bool:
    return bool(_main.print_stacktrace)


def before_option(look: Callable[[str], None]) -> None:
    """Call `look` with the name of each option that an SConscript is about to ask for."""
    real = _main.GetOption

    def ask(name: str) -> Any:
        look(name)
        return real(name)

    _main.GetOption = SCons.Script.GetOption = ask


def shows_progress() -> bool:
    """Whether Progress() was called."""
    return bool(_main.ProgressObject)


def given_options() -> Any:
    """The options of this run; None if scons has not parsed them."""
    return getattr(getattr(_main, "OptionsParser", None), "values", None)


def is_configuring() -> bool:
    """Whether a check of Configure() is running."""
    return bool(_sconf.sconf_global)


def is_cache_forced() -> bool:
    """Whether --cache-force was given."""
    return bool(_cache_dir.cache_force)


# Its database


def database() -> str | None:
    """The name given to SConsignFile(), or None."""
    name: str | None = _sconsign.DB_Name
    return name


def usual_database() -> str:
    return str(_sconsign.current_sconsign_filename())


def use_database(path: str) -> None:
    _sconsign.File(path)


# Environments and calls


def forget_lookups(builder: SCons.Builder.BuilderBase) -> None:
    """Let a builder determine its suffixes again: it stores them by the id of an environment, which may be reused."""
    builder._memo = {}


def makes_folder(action: Any) -> bool:
    """Whether an action is SCons' own, by which it creates a folder before it looks for files in it."""
    return bool(action.execfunction is SCons.Node.FS.MkdirFunc)


def with_suffix(path: str, suffix: str) -> str:
    """The path with a suffix, unless it has one."""
    return str(SCons.Util.adjustixes(path, "", suffix))


def shell_environment(env: Environment, target: Nodes, source: Nodes) -> dict[str, Any]:
    """The environment variables of a command, from ENV and SHELL_ENV_GENERATORS."""
    found: dict[str, Any] = SCons.Action._resolve_shell_env(env, target, source)
    return found


def override_of(env: Environment) -> tuple[Environment, dict[str, Any]] | None:
    """The original environment and the changed variables of a result of env.Override(); None for others."""
    if not isinstance(env, SCons.Environment.OverrideEnvironment):
        return None
    return env.__dict__["__subject"], env.__dict__["overrides"]


def in_the_name_of_scons(function: Function) -> Function:
    """Let SCons blame the caller of a function for errors.

    SCons shows the innermost stack frame that is not in its own files: then this is the call of the builder in the
    SConstruct.
    """
    function.__code__ = function.__code__.replace(co_filename=SCons.Errors.__file__)
    return function


def node_list(nodes: Iterable[Node] = ()) -> Nodes:
    """What builders return: a list whose attributes are those of its nodes."""
    made: Nodes = SCons.Util.NodeList(nodes)
    return made


# Nodes


def top() -> Node:
    """The folder of the SConstruct."""
    return SCons.Node.FS.get_default_fs().Top


def top_folder() -> str:
    """The absolute path of the folder of the SConstruct."""
    return str(top().get_abspath())


def file_at(path: str) -> Node:
    """The node of a file; a path that begins with # is relative to the folder of the SConstruct."""
    return SCons.Node.FS.get_default_fs().File(path)


def sconscripts() -> Nodes:
    """The SConscripts that were read."""
    return list(SCons.Node.SConscriptNodes)


def named_alias(name: str) -> Node:
    return SCons.Node.Alias.default_ans.Alias(name)


def is_alias(name: str) -> bool:
    return SCons.Node.Alias.default_ans.lookup(name) is not None


def roots() -> Nodes:
    """The root folders of all file nodes."""
    return list({*SCons.Node.FS.get_default_fs().Root.values()})


def begin_scan(node: Node) -> None:
    """Make a node depend on its sources only, before other dependencies are added."""
    node.implicit, node.implicit_set = [], set()
    node._children_reset()


def forget_scan(node: Node) -> None:
    """Let SCons scan a node again."""
    node.implicit = None


def found_by_scan(node: Node) -> Nodes:
    return list(node.implicit or ())


def wait_in(node: Node, kind: type[set[Node]]) -> None:
    """Keep the nodes that wait for a node in a set of this kind."""
    if not isinstance(node.waiting_parents, kind):
        node.waiting_parents = kind(node.waiting_parents)
