"""Keeps the folder of a project off Python's module search path.

A project is untrusted data: a file `random.py` in its folder must not be imported by the command that reads the
project. Python looks for modules in the current folder when it is started with `-m`, or when PYTHONPATH has an empty
entry. This module imports nothing that Python has not already loaded at startup.
"""

import os
import sys


def forget_the_current_folder() -> None:
    """Take the current folder off the search path.

    If the folder has an SConstruct, and so is a Python program, only the entry added by `python -m` is removed.
    """
    try:
        folder = os.getcwd()
    except OSError:  # the folder was deleted, so nothing can be imported from it
        return
    before = sys.path[:]
    leave_out(folder)
    from rebel_tools.sconstruct import has_own_script

    if has_own_script():
        sys.path[:] = before[before[:1] in ([""], [folder]) :]


def leave_out(folder: str) -> None:
    """Import nothing from `folder` from now on; folders below it, such as a virtual environment, stay."""
    sys.path[:] = [path for path in sys.path if os.path.realpath(path) != folder]


def python_command(module: str) -> "list[str]":
    """The first words of a command that runs `module` as `python -m` does, with the search path of this process."""
    above = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = sys.path if above in sys.path else [*sys.path, above]
    run = f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    return [sys.executable, "-c", f"import sys; sys.path[:] = {path!r}; import runpy; {run}"]
