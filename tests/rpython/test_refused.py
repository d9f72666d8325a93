"""What an extension must not do is refused when it is translated: with file, line and reason, and no traceback."""

from __future__ import annotations

import shutil

import pytest

HEAD = "import core\nfrom sepcomp import entrypoint\n\n\n"  # user code starts on line 5

REFUSED = {
    "new attribute": (
        "@entrypoint(int)\ndef f(n):\n    w = core.new_int(n)\n    w.colour = n\n    return n\n",
        "8: error: class core.W_Int of the core has no attribute or method 'colour' that an extension can use",
    ),
    "generalised attribute": (
        "@entrypoint(int)\ndef f(n):\n    w = core.new_int(n)\n    w.intval = 'x'\n    return n\n",
        "8: error: attribute 'intval' of class core.W_Int is int in the core, an extension cannot make it str",
    ),
    "other result": (
        "class W_Mine(core.W_Root):\n    def value(self):\n        return 'text'\n\n"
        "@entrypoint(int)\ndef f(n):\n    return core.value_of(W_Mine())\n",
        "6: error: bad.W_Mine.value overrides a method of core.W_Root that returns int, and may not return str",
    ),
    "class constant": (
        "class W_Mine(core.W_Int):\n    kind = 'x'\n\n"
        "@entrypoint(int)\ndef f(n):\n    return core.value_of(W_Mine(n))\n",
        "10: error: class bad.W_Mine makes attribute 'kind' str, in the core it is int",
    ),
    "closed class": (
        "class Mine(core.Closed):\n    pass\n\n@entrypoint(int)\ndef f(n):\n    return core.value_of(Mine())\n",
        "10: error: class bad.Mine cannot subclass core.Closed: the core does not mark it with @export_class",
    ),
    "opaque class": (
        "@entrypoint(int)\ndef f(n):\n    return core.ticket_number(core.Ticket(n))\n",
        "7: error: class core.Ticket cannot be instantiated: the core does not mark it with @export_class",
    ),
    "argument": (
        "@entrypoint(int)\ndef f(n):\n    return core.add('x', n)\n",
        "7: error: argument a of core.add of the core is int, it was given str",
    ),
    "list of the core": (
        "@entrypoint(int)\ndef f(n):\n    core.registry.items.append(None)\n    return n\n",
        "7: error: this would make a list or dict of the core hold something more general",
    ),
    "entry point": (
        "@entrypoint([int])\ndef f(n):\n    return 1\n",
        "5: error: @entrypoint f: [<type 'int'>] cannot come from C",
    ),
    "result for C": (
        "@entrypoint(int)\ndef f(n):\n    return [n]\n",
        "5: error: @entrypoint f returns",
    ),
    "frozen object that is received": (
        "@entrypoint(int)\ndef f(n):\n    return core.operator_of(n).arity\n",
        "7: error: attribute 'arity' of a frozen object of the core that is known only at run time cannot be read; "
        "ask for it in a function with @specialize.memo()",
    ),
    "class that is received": (
        "@entrypoint(int)\ndef f(n):\n    return core.class_of(n).kind\n",
        "7: error: attribute 'kind' of a class of the core that is known only at run time cannot be read",
    ),
    "rpython's own": (
        "@entrypoint(int)\ndef f(n):\n    return n.real_part\n",
        "7: error: Cannot find attribute 'real_part' on SomeInteger",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(toolchain, built, tmp_path, what):
    source, message = REFUSED[what]
    folder = copy_of(built, tmp_path)
    (folder / "bad.py").write_text(HEAD + source)
    said = toolchain.extension(folder, "bad", rc=1).stderr
    assert said.startswith(f"{folder}/bad.py:{message}")
    assert said.count("error:") == 1 and "Traceback" not in said
    assert "the full log: out/bad.log" in said and "Traceback" in (folder / "out" / "bad.log").read_text()
    assert not (folder / "out" / "bad.so").exists()


def copy_of(built, tmp_path):
    """A folder like that of the built programs, in which a test may write."""
    folder = tmp_path / "project"
    shutil.copytree(built, folder, symlinks=True)
    return folder


def test_changed_source_of_the_core(toolchain, built, tmp_path):
    folder = copy_of(built, tmp_path)
    source = (folder / "core.py").read_text()
    (folder / "core.py").write_text(source.replace("kind = 2", "kind = 4"))
    said = toolchain.extension(folder, "ext_a", rc=1).stderr
    assert said.startswith(f"{folder}/core.py:1: error: module core has changed since the core libcore.so was built")


def test_a_changed_comment_or_body_is_no_changed_source(toolchain, built, tmp_path):
    """The extension calls the translated functions: it is translated against their signatures."""
    folder = copy_of(built, tmp_path)
    source = (folder / "core.py").read_text()
    (folder / "core.py").write_text(source.replace("return a + b", "return b + a  # the same"))
    toolchain.extension(folder, "ext_a")


def test_nothing_is_exported(toolchain, tmp_path):
    (tmp_path / "empty.py").write_text("def f(n):\n    return n\n")
    said = toolchain.sepcomp("core", "empty.py", "--output-dir", "out", cwd=tmp_path, rc=1).stderr
    assert "nothing is marked with @export, @export_class or @entrypoint" in said


def test_exported_without_types_and_never_called(toolchain, tmp_path):
    (tmp_path / "silent.py").write_text("from sepcomp import export\n\n\n@export\ndef f(n):\n    return n\n")
    said = toolchain.sepcomp("core", "silent.py", "--output-dir", "out", cwd=tmp_path, rc=1).stderr
    assert said.startswith(
        f"{tmp_path}/silent.py:4: error: silent.f is exported without types, and the core never calls it"
    )


def test_an_interface_that_is_none(toolchain, built, tmp_path):
    folder = copy_of(built, tmp_path)
    (folder / "out" / "core.interface").write_bytes(b"\x80\x02}q\x00.")
    said = toolchain.extension(folder, "ext_a", rc=1).stderr
    assert "out/core.interface: cannot be read: this is not an interface file" in said
