"""Sources from Debian's archive, through a sources list of their own, without root and without changing the system."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MIRROR = "http://deb.debian.org/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def fetch(work: Path, package: str, release: str = "bookworm") -> Path:
    """The folder with the unpacked upstream sources of a package below `work`, which are downloaded if necessary."""
    found = next(work.glob(f"source/{package}-*/"), None)
    if found:
        return found
    lists = work / "lists"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    (work / "source").mkdir(exist_ok=True)
    (work / "sources.list").write_text(f"deb-src [signed-by={KEYRING}] {MIRROR} {release} main\n")
    options = {"Dir::Etc::sourcelist": work / "sources.list", "Dir::Etc::sourceparts": "-", "Dir::State::lists": lists}
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    words += ["-o", f"Dir::Cache={work}", "-o", "APT::Sandbox::User="]
    for command in ("update",), ("source", "--download-only", package):
        done = subprocess.run(["apt-get", *words, *command], cwd=work / "source", capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"apt-get {' '.join(command)} failed (is this Debian, and is {KEYRING} there?):\n{done.stderr}")
    archive = next((work / "source").glob(f"{package}_*.orig.tar.*[a-z2]"))
    subprocess.run(["tar", "xf", archive.name], cwd=work / "source", check=True)
    return next(work.glob(f"source/{package}-*/"))
