"""Bare Debian machines: folders with a minimal system, in which commands run as root or as an ordinary user.

debootstrap makes the system once; a machine is a copy of it. Commands have mount and process namespaces of their own,
so nothing that they start outlives them.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from machines import reach

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
USERS = ("root", "tester")
NEEDED = {"debootstrap": "debootstrap", "unshare": "util-linux", "chroot": "coreutils", "tar": "tar"}
FIRST = ("python3", "ca-certificates")
"""The packages of somebody who can clone this repository and run `python3 bootstrap.py`."""

_ENTER = """
mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" || exit 125
root=$1 user=$2; shift 2
exec chroot --userspec="$user" "$root" "$@"
"""


class Machine(NamedTuple):
    """A machine that is ready: Debian `suite` below `root`."""

    suite: str
    root: Path

    def command(self, *command: str, user: str = "root", folder: str = "/") -> list[str]:
        """The command that runs `command` as `user` in `folder` of the machine."""
        home = "/root" if user == "root" else f"/home/{user}"
        variables = {"PATH": PATH, "HOME": home, "USER": user, "LANG": "C.UTF-8", **reach.environment()}
        words = [f"{name}={value}" for name, value in variables.items()]
        private = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        entered = ["sh", "-c", _ENTER, "sh", str(self.root), user, "env", "-i", f"--chdir={folder}", *words]
        return [*private, *entered, *command]

    def run(self, *command: str, user: str = "root", folder: str = "/") -> int:
        """Run a command with the output of this program; return its exit status."""
        return subprocess.run(self.command(*command, user=user, folder=folder)).returncode

    def must(self, *command: str) -> None:
        """Run a command as root. Errors: SystemExit if it fails."""
        if self.run(*command) != 0:
            raise SystemExit(f"on Debian {self.suite} this fails: {shlex.join(command)}")

    def output(self, *command: str, user: str = "root", folder: str = "/") -> str:
        """The output of a command, without the final line break. Errors: CalledProcessError if it fails."""
        return subprocess.check_output(self.command(*command, user=user, folder=folder), text=True).strip()


def check_tools() -> None:
    """Check the tools. Errors: SystemExit, with what to install, or who has to run this."""
    missing = [package for program, package in NEEDED.items() if not shutil.which(program)]
    if missing:
        raise SystemExit(f"bare machines need: apt-get install {' '.join(missing)}")
    if os.geteuid() != 0:
        raise SystemExit("bare machines are made with mount and chroot, which only root may use")


def fresh(suite: str, folder: Path) -> Machine:
    """A new machine `folder`/`suite`, which replaces an existing one, with Python and two users."""
    base = _base(suite, folder)
    machine = Machine(suite, folder / suite)
    shutil.rmtree(machine.root, ignore_errors=True)
    machine.root.mkdir()
    subprocess.run(["tar", "-C", str(machine.root), "-xf", str(base)], check=True)
    reach.hand_on(machine.root, suite)
    # Nothing here has to survive a power failure, and dpkg would sync after each file.
    (machine.root / "etc/dpkg/dpkg.cfg.d/no-sync").write_text("force-unsafe-io\n")
    install(machine, *FIRST)
    reach.hand_on(machine.root, suite)  # again: ca-certificates wrote its own list
    machine.must("useradd", "--create-home", "--shell", "/bin/sh", USERS[1])
    return machine


def install(machine: Machine, *packages: str) -> None:
    machine.must("apt-get", "-q", "update")
    machine.must("apt-get", "-q", "-y", "install", "--no-install-recommends", *packages)


def _base(suite: str, folder: Path) -> Path:
    """The file `folder`/`suite`.tar with a minimal system, made by debootstrap if it does not exist."""
    base = folder / f"{suite}.tar"
    if not base.exists():
        folder.mkdir(parents=True, exist_ok=True)
        root = folder / f"{suite}-base"
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["debootstrap", "--variant=minbase", suite, str(root), reach.archives()[0].address], check=True)
        unfinished = base.with_suffix(".part")
        subprocess.run(["tar", "-C", str(root), "-cf", str(unfinished), "."], check=True)
        unfinished.rename(base)
        shutil.rmtree(root)
    return base


def copy_project(machine: Machine, root: Path, user: str) -> str:
    """Copy the files of the checkout `root` that git tracks or would add to the home of `user`; return the folder."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    home = "/root" if user == "root" else f"/home/{user}"
    target = f"{home}/rebel-tools"
    inside = machine.root / target.lstrip("/")
    for name in filter(None, listed.decode().split("\0")):
        if (root / name).is_file():
            (inside / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, inside / name)
    machine.must("chown", "-R", f"{user}:", target)
    return target
