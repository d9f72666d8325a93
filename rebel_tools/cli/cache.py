"""`rebel cache`: the results that all trees of a user share."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from rebel_tools.cache.upkeep import Removed
    from rebel_tools.cli.parser import Commands


def configure_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "cache",
        help="show, trim or remove the cache of results that all trees share",
        description="Builds store the outputs of compilers in $XDG_CACHE_HOME/rebel-tools/shared (~/.cache), or "
        "in the folder named by REBEL_CACHE, and reuse them after `rebel clean`, in other clones and on other "
        "branches. size: print its size. trim: remove the least recently used files, as builds do by "
        "themselves now and then. verify: read everything, and remove what is damaged. clear: remove everything. "
        "REBEL_CACHE=0 turns the cache off, and so does --no-cache for one build.",
    )
    parser.add_argument("action", choices=["size", "trim", "verify", "clear"])
    parser.add_argument(
        "--to", metavar="SIZE", help="for trim: the size to keep, such as 500M; default: REBEL_CACHE_SIZE, or 5G"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(execute=execute, takes_scons_arguments=False)


def execute(args: Namespace) -> int:
    from rebel_tools.cache import upkeep
    from rebel_tools.cache.place import cache_folder
    from rebel_tools.text import printable

    folder, most = cache_folder(os.environ), upkeep.limit(os.environ)
    if args.action == "size":
        files = list(upkeep.kept(folder))
        size = sum(each.size for each in files)
        values: dict[str, object] = {"folder": folder, "files": len(files), "size": size, "limit": most}
        used = f"{_megabytes(size)} in {len(files):,} files, of at most {_megabytes(most)}"
        text = f"{used}, in {printable(folder)}"
    else:
        removed = _act(args.action, folder, upkeep.size_of(args.to) if args.to else most)
        values = {"folder": folder, "removed": removed.files, "size": removed.size}
        what = "damaged files" if args.action == "verify" else "files"
        text = f"removed {removed.files:,} {what}, {_megabytes(removed.size)}"
    print(json.dumps(values) if args.json else text)
    return 0


def _act(action: str, folder: str, most: int) -> Removed:
    from rebel_tools.cache import upkeep

    if action == "trim":
        return upkeep.trim(folder, most)
    return upkeep.verify(folder) if action == "verify" else upkeep.clear(folder)


def _megabytes(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MB"
