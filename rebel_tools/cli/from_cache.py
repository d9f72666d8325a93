"""A build that starts from the outcome of an earlier one of the same project, from the cache that all trees share."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rebel_tools.cache import seeds
from rebel_tools.cache.place import folder_store
from rebel_tools.memory import up_to_date
from rebel_tools.memory.lock import lock, unlock
from rebel_tools.memory.question import question
from rebel_tools.ocaml.place import can_move
from rebel_tools.sconstruct import BUILD_FOLDER


def begin(asked: str, words: Sequence[str]) -> up_to_date.Summary | None:
    """Restore the output folder as an earlier build of the same project has left it, here or in another folder.

    asked: the question of the build (see `memory.question`) without the folder. words: the arguments for scons.
    Returns what to print if nothing else has to be done.
    """
    folder = os.path.join(os.getcwd(), BUILD_FOLDER)
    store = folder_store(os.environ)
    if not seeds.are_there(store, asked):
        return None
    lock(folder, lambda: print("rebel: another build is running; waiting for its end", flush=True))
    try:
        if os.listdir(folder):  # the other build has ended
            return None
        seed = seeds.begin(store, asked, BUILD_FOLDER, can_move(os.environ, os.getcwd()))
        if seed is None:
            return None
        seeds.record_as_built(seed, question(words, os.environ) or "")
        return seed.summary._replace(result=_result(seed.summary))
    except OSError:  # scons reports what is wrong with the folder, or completes the build
        return None
    finally:
        unlock(folder)


def _result(summary: up_to_date.Summary) -> str:
    """The result line instead of `up to date`."""
    made, rest = summary.made[:3], len(summary.made) - 3
    return f"Built {', '.join(made)}{f' and {rest} more' if rest > 0 else ''} (all from the cache)"
