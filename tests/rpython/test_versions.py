"""An rpython package that sepcomp does not know is refused before anything is translated."""

from __future__ import annotations

import shutil
from pathlib import Path

from conftest import Toolchain


def test_an_unknown_version_is_refused(toolchain, tmp_path):
    """A package like ours, except that a function that sepcomp hooks has another name."""
    ours, theirs = Path(toolchain.rpython), tmp_path / "package"
    (theirs / "rpython").mkdir(parents=True)
    (theirs / "py").symlink_to(ours / "py")
    for path in (ours / "rpython").iterdir():
        (theirs / "rpython" / path.name).symlink_to(path)
    (theirs / "rpython" / "rtyper").unlink()
    shutil.copytree(ours / "rpython" / "rtyper", theirs / "rpython" / "rtyper", ignore=shutil.ignore_patterns("*.pyc"))
    changed = theirs / "rpython" / "rtyper" / "rpbc.py"
    changed.write_text(changed.read_text().replace("getFrozenPBCRepr", "get_frozen_repr"))
    (tmp_path / "core.py").write_text("")
    said = Toolchain(toolchain.python, str(theirs)).sepcomp("core", "core.py", cwd=tmp_path, rc=1).stderr
    assert said.startswith(
        f"error: the rpython package in {theirs} is of a version that sepcomp does not know: "
        "it has no rpython.rtyper.rpbc.getFrozenPBCRepr; supported are rpython 0.2.0 and 0.2.1 of PyPI, "
    )
    assert "Traceback" not in said and not (tmp_path / "libcore.so").exists()
