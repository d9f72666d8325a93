"""How the commands `rebel` and `symbol-audit` start, before anything else is imported."""

import sys

from rebel_tools.search_path import forget_the_current_folder


def start(name: str, module: str, failure: int, argv: "list[str] | None") -> int:
    """Run `module`.main(words) as the command `name`, and return its exit status.

    failure: the exit status for errors of the user or the system (see `process.guarded`).
    argv: the words after the name of the command; None: those that the process was started with.
    """
    if argv is None:
        forget_the_current_folder()
    from importlib import import_module

    from rebel_tools.process import collect_seldom, guarded, open_streams

    if argv is None:
        open_streams()
        collect_seldom()
    words = list(sys.argv[1:] if argv is None else argv)
    return guarded(name, failure, lambda: import_module(module).main(words))
