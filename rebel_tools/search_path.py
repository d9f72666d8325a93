"""Where Python looks for modules: not in the folder of a project.

A project is other people's data: a file `random.py` in its folder must not become a part of the command that reads the
project. Python looks for modules in the current folder when it is started with `-m`, or when PYTHONPATH has an empty
entry. This module imports nothing that Python has not loaded by then.
"""

import os
import sys


def forget_the_current_folder() -> None:
    """Take the current folder off the search path.

    With an SConstruct in it only what `python -m` has added goes: the folder is a program in Python then.
    """
    try:
        folder = os.getcwd()
    except OSError:  # it is gone, and nothing can be imported from it
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
