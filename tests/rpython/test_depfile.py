"""What a translation read: modules by any kind of import, files, folders, and files that it looked for in vain."""

from __future__ import annotations

import os
import subprocess

import pytest
from conftest import SEPCOMP

HEAD = "import codecs, glob, imp, importlib, io, os, pkgutil, sys\nHERE = os.path.dirname(os.path.abspath(__file__))\n"
ALWAYS = {"main.py"}
FILES = ["m.py", "same1.py", "same2.py", "data/x.txt", "pk/__init__.py", "pk/inner.py", "deep/er/w.py"]
READ = {  # statements of the main file -> what they read
    "m = __import__('m')": {"m.py"},
    "m = importlib.import_module('pk.inner')": {"pk/__init__.py", "pk/inner.py"},
    "m = imp.load_source('other', HERE + '/m.py')": {"m.py"},
    "a = imp.load_source('same', HERE + '/same1.py')\nb = imp.load_source('same', HERE + '/same2.py')": {
        "same1.py",
        "same2.py",
    },
    "m = imp.load_module('m', *imp.find_module('m', [HERE]))": {"m.py"},
    "m = __import__('m')\ndel sys.modules['m']": {"m.py"},
    "execfile(os.path.join(HERE, 'm.py'))\nassert V == 1": {"m.py"},
    "exec(compile(open(HERE + '/m.py').read(), 'm.py', 'exec'))": {"m.py"},
    "names = [name for _, name, _ in pkgutil.iter_modules([HERE + '/pk'])]": {"pk/"},
    "names = glob.glob(os.path.join(HERE, 'pk', '*.py'))": {"pk/"},
    "names = list(os.walk(os.path.join(HERE, 'deep')))": {"deep/", "deep/er/"},
    "text = file(HERE + '/data/x.txt').read()\nassert isinstance(open(HERE + '/m.py'), file)": {"data/x.txt", "m.py"},
    "text = io.open(HERE + '/data/x.txt').read()": {"data/x.txt"},
    "text = codecs.open(HERE + '/data/x.txt').read()": {"data/x.txt"},
    "fd = os.open(HERE + '/data/x.txt', os.O_RDONLY)\nos.close(fd)": {"data/x.txt"},
    "os.chdir(HERE + '/data')\ntext = open('x.txt').read()\nos.chdir('/')": {"data/x.txt"},
    "try:\n    open(HERE + '/data/none.txt')\nexcept IOError:\n    pass": {"data/"},
    "if os.path.exists(HERE + '/data/none.txt'):\n    raise ValueError": {"data/"},
    "try:\n    importlib.import_module('pk.' + 'none')\nexcept ImportError:\n    pass": {"pk/", "pk/__init__.py"},
    "try:\n    import none\nexcept ImportError:\n    pass": set(),  # a build system reads import statements itself
    "open(os.devnull, 'w').close()": set(),
}
RECORD = """
import sys
from sepcomp.sources import depfile, program
recorder = depfile.Recorder()
recorder.install()
found = depfile.dependencies(recorder, program.Program(sys.argv[1]), (), sys.argv[2])
print '\\n'.join(found)
"""


@pytest.mark.parametrize("statements", READ)
def test_what_is_read(toolchain, tmp_path, statements):
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("V = 1\n")
    (tmp_path / "main.py").write_text(HEAD + statements + "\n")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SEPCOMP.parent), toolchain.rpython])}
    command = [toolchain.python, "-B", "-c", RECORD, tmp_path / "main.py", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    assert {
        os.path.join(os.path.relpath(path, tmp_path), "")[: None if path.endswith("/") else -1]
        for path in done.stdout.split()
    } == ALWAYS | READ[statements]
