"""What a bare machine needs to reach the package registries like this machine: archives, proxies, certificates.

No addresses are known here. apt, pip and npm of this machine are asked for their settings, which become a
sources.list, an apt.conf and environment variables; files that the settings name are copied to the same paths.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

FILES = ("/etc/resolv.conf", "/etc/hosts")
VARIABLE = re.compile(r"(?i)(https?|ftp|all|no)_proxy|\w*_ca_(bundle|certs)|ssl_cert_(file|dir)|pip_\w+|npm_config_\w+")
APT_SETTING = re.compile(r"Acquire::(https?|ftp|Retries|Check-)")
PIP_SETTINGS = (
    "index-url",
    "extra-index-url",
    "proxy",
    "trusted-host",
    "cert",
    "client-cert",
    "default-timeout",
    "timeout",
)
NPM_SETTINGS = ("registry", "cafile", "proxy", "https-proxy", "strict-ssl")


class Archive(NamedTuple):
    """One place of Debian packages that apt knows: `http://.../debian/`, `bookworm-updates`."""

    address: str
    suite: str
    codename: str


def archives() -> list[Archive]:
    """Debian's own archives on this machine, the main one first. Errors: ValueError if there is none."""
    fields = "$(ORIGIN)\t$(COMPONENT)\t$(REPO_URI)\t$(RELEASE)\t$(CODENAME)"
    listed = _said("apt-get", "indextargets", "--format", fields, "Created-By: Packages")
    rows = [line.split("\t") for line in listed.splitlines()]
    found = {Archive(*row[2:]) for row in rows if row[:2] == ["Debian", "main"]}
    if not found:
        raise ValueError("apt knows no archive of Debian; run apt-get update")
    return sorted(found, key=lambda archive: (len(archive.suite), archive))


def sources_list(suite: str, known: Iterable[Archive]) -> str:
    """The archives in `known`, changed for another `suite`: bookworm-security becomes trixie-security."""
    own = min((archive.codename for archive in known), key=len)
    return "".join(f"deb {a.address} {a.suite.replace(own, suite, 1)} main\n" for a in known)


def apt_settings() -> str:
    lines = _said("apt-config", "dump", "Acquire").splitlines()
    return "".join(f"{line}\n" for line in lines if APT_SETTING.match(line))


def environment() -> dict[str, str]:
    """The variables about proxies, certificates and registries, with the settings from the files of pip and npm."""
    found = {name: value for name, value in os.environ.items() if VARIABLE.fullmatch(name)}
    settings = {**_pip_settings(), **_npm_settings(), **found}
    return {name: value for name, value in settings.items() if _can_be_handed_on(value)}


def _pip_settings() -> dict[str, str]:
    """`pip config list` prints `section.key='value'`."""
    settings = {}
    for line in _said(sys.executable, "-m", "pip", "config", "list").splitlines():
        name, _, value = line.partition("=")
        key = name.rpartition(".")[2]
        if key in PIP_SETTINGS:
            settings["PIP_" + key.replace("-", "_").upper()] = str(ast.literal_eval(value))
    return settings


def _npm_settings() -> dict[str, str]:
    if not shutil.which("npm"):
        return {}
    said = {key: _said("npm", "config", "get", key).strip() for key in NPM_SETTINGS}
    return {f"npm_config_{key.replace('-', '_')}": value for key, value in said.items() if value not in ("", "null")}


def _can_be_handed_on(value: str) -> bool:
    """Not folders with packages of this machine: bare machines do not have them."""
    return not any(word.startswith("file:") or os.path.isdir(word) for word in value.split())


def files(settings: Iterable[str]) -> list[str]:
    """The files named by settings, and those that determine how host names are resolved."""
    named = (word.strip('";') for text in settings for word in text.split())
    return [path for path in dict.fromkeys((*FILES, *named)) if os.path.isabs(path) and os.path.isfile(path)]


def hand_on(root: Path, suite: str) -> None:
    """Write all of this to the machine whose files are in `root`."""
    (root / "etc/apt/sources.list").write_text(sources_list(suite, archives()))
    (root / "etc/apt/apt.conf.d/99reach").write_text(apt_settings())
    for path in files((*environment().values(), apt_settings())):
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copyfile(path, target)


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
