"""Loading: the wrong core, no core, and an extension that was not initialised."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys

LOAD = """
import ctypes, sys
extension = ctypes.CDLL(sys.argv[1])
status = extension.init_module()
print("status", status)
if status == 0:
    print("again", extension.init_module())
"""
UNREADY = """
import ctypes, sys
extension = ctypes.CDLL(sys.argv[1])
core = ctypes.CDLL(sys.argv[2])
core.sepcomp_last_error.restype = ctypes.c_char_p
print(extension.a_twice(1, 2), core.sepcomp_last_error().decode())
"""


def run(script, *arguments):
    return subprocess.run([sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True)


def test_init_module_may_be_called_twice(built):
    done = run(LOAD, built / "out" / "ext_a.so")
    assert (done.stdout.split(), done.stderr) == (["status", "0", "again", "0"], "")


def test_another_core_is_refused(toolchain, built, tmp_path):
    """A core with the same name and a different interface: nonzero and a sentence, no crash."""
    (tmp_path / "core.py").write_text("from sepcomp import export\n\n\n@export(int)\ndef other(n):\n    return n\n")
    toolchain.core(tmp_path)
    shutil.copy(built / "out" / "ext_a.so", tmp_path / "out")
    done = run(LOAD, tmp_path / "out" / "ext_a.so")
    assert done.stdout.split() == ["status", "1"] and done.returncode == 0
    assert done.stderr.startswith("ext_a.so: built for another version of the core libcore.so: its interface has")


def test_an_entry_point_before_init_module(built):
    done = run(UNREADY, built / "out" / "ext_a.so", built / "out" / "libcore.so")
    assert done.stdout.strip() == "-1 init_module() of ext_a.so has not been called, or has failed"
    assert done.returncode == 0


def test_the_gate_accounts_for_every_symbol(built):
    from rebel_tools.gate.check import check_files
    from rebel_tools.gate.evidence import required
    from rebel_tools.gate.verify import Policy

    policy = Policy(required("kind contents"), complete=True)
    report, _ = check_files(str(built / "out" / "core.interface"), str(built / "out" / "libcore.so"), policy)
    assert report.passed


def test_digest_is_that_of_the_interface(built):
    from rebel_tools.interface.file import read_interface

    library = ctypes.CDLL(str(built / "out" / "libcore.so"))
    found = (ctypes.c_char * 65).in_dll(library, "sepcomp_digest").value.decode()
    assert found == read_interface(built / "out" / "core.interface").digest


def test_nothing_depends_on_the_path(toolchain, tmp_path, monkeypatch):
    """Two translations of one core and one extension: the second on another path, with other jobs, in another
    environment, and in a process with randomised addresses.
    """
    from rebel_tools.interface.file import read_interface

    source = "from sepcomp import export_class\n\n\n@export_class\nclass A(object):\n    x = 1\n\n\n"
    source += "from sepcomp import export\n\n\nTABLE = {A(): 5}\n\n\n"
    source += "@export(A, [str])\ndef f(a, names):\n    return a.x + len(','.join(names)) + TABLE.get(a, 0)\n"
    extension = "import core\nfrom sepcomp import entrypoint\n\n\nclass B(core.A):\n    y = 2\n\n\n"
    extension += "@entrypoint(int)\ndef g(n):\n    return core.f(B(), [str(n)]) + len({n: B()})\n"
    found = []
    for folder, jobs in ((tmp_path / "one", 1), (tmp_path / "a" / "longer" / "path", 16)):
        folder.mkdir(parents=True)
        (folder / "core.py").write_text(source)
        (folder / "ext.py").write_text(extension)
        toolchain.core(folder, "core", "--jobs", jobs)
        toolchain.extension(folder, "ext", "--jobs", jobs)
        out = folder / "out"
        digest = read_interface(out / "core.interface").digest
        found.append([digest, *((out / library).read_bytes() for library in ("libcore.so", "ext.so"))])
        monkeypatch.setenv("PADDING", "x" * 3000)
        monkeypatch.setenv("SEPCOMP_SETTLED", "1")
    assert found[0] == found[1]
