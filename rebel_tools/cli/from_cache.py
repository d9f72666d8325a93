"""A build that begins where an earlier one of the same project has ended, from the cache that all trees share."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rebel_tools.cache import seeds
from rebel_tools.cache.place import folder_store
from rebel_tools.memory import up_to_date
from rebel_tools.memory.lock import lock, unlock
from rebel_tools.ocaml.place import can_move
from rebel_tools.sconstruct import BUILD_FOLDER


def begin(asked: str, words: Sequence[str]) -> up_to_date.Told | None:
    """Make the folder for all that is built as a build has left it that was `asked` the same, wherever it was.

    words: for scons. Returns what is told when nothing else has to be done.
    """
    folder = os.path.join(os.getcwd(), BUILD_FOLDER)
    store = folder_store(os.environ)
    if not seeds.are_there(store, asked):
        return None
    lock(folder, lambda: print("rebel: another build is running; waiting for its end", flush=True))
    try:
        if os.listdir(folder):  # it has come to its end
            return None
        seed = seeds.begin(store, asked, BUILD_FOLDER, can_move(os.environ, os.getcwd()))
        if seed is None:
            return None
        seeds.tell_the_next(seed, up_to_date.question(words, os.environ) or "")
        return seed.told._replace(result=_result(seed.told))
    except OSError:  # scons says what is wrong with the folder, or does what is left to do
        return None
    finally:
        unlock(folder)


def _result(told: up_to_date.Told) -> str:
    """What is said in place of `up to date`."""
    made, rest = told.made[:3], len(told.made) - 3
    return f"Built {', '.join(made)}{f' and {rest} more' if rest > 0 else ''} (all from the cache)"
