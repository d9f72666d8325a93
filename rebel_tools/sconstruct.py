"""Which SConstruct scons reads: the one in the folder, or the one of this package where there is none."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # a build without work does not load `typing`
    from collections.abc import Mapping, Sequence

OWN_SCRIPTS = ("SConstruct", "Sconstruct", "sconstruct", "SConstruct.py", "Sconstruct.py", "sconstruct.py")
"""The names that scons looks for by itself (SCons manual page, option -f)."""


def shipped_sconstruct() -> str:
    """The absolute path of the SConstruct that comes with this package."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "scons", "SConstruct")


def check_installation() -> None:
    """Errors: RebelError when this package is not a folder, from which SCons can read its SConstruct and tools."""
    if not os.path.isfile(shipped_sconstruct()):
        from rebel_tools.errors import Place, RebelError  # imported late: most builds have no error

        package = os.path.dirname(os.path.abspath(__file__))
        message = "rebel cannot build when it is imported from an archive"
        raise RebelError(message, place=Place(package), hint="install it into a virtual environment, or unpack it")


PACKAGE = "package.json"


def has_own_script() -> bool:
    """Whether the current folder has an SConstruct other than the one `rebel new` writes."""
    found = next(filter(os.path.isfile, OWN_SCRIPTS), None)
    return found is not None and not _is_as_shipped(found)


_MAX_SIZE = 10_000  # bytes; a longer SConstruct is one of the user


def _is_as_shipped(path: str) -> bool:
    """Whether an SConstruct is the one that `rebel new` writes for people who run scons directly, of this release or of
    another one whose comments are different.
    """
    try:
        return os.stat(path).st_size < _MAX_SIZE and _code(path) == _code(shipped_sconstruct())
    except OSError:
        return False


def _code(path: str) -> list[bytes]:
    """The lines without comments and empty lines. In the SConstruct of this package every # begins a comment."""
    with open(path, "rb") as file:
        lines = (line.partition(b"#")[0].rstrip() for line in file)
        return [line for line in lines if line]


def enter_project() -> None:
    """Change to the folder of the project around the current folder, as git and cargo do; print it on standard error.

    This is the nearest parent folder with a package.json or an SConstruct, unless it belongs to another user: an
    SConstruct is a program, and a package.json can name programs.
    """
    folder = project_folder()
    if folder is not None and folder != os.getcwd():
        os.chdir(folder)
        print(f"rebel: Entering directory '{_shown(folder)}'", file=sys.stderr, flush=True)


def project_folder() -> str | None:
    """The folder of the project around the current folder; None without one, or if it belongs to another user."""
    folder = here = os.getcwd()
    while not _is_project(folder):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder if folder == here or is_of_this_user(folder) else None


def _is_project(folder: str) -> bool:
    return any(os.path.isfile(os.path.join(folder, name)) for name in (PACKAGE, *OWN_SCRIPTS))


def is_of_this_user(path: str) -> bool:
    """Whether a file or folder belongs to this user or to root. Errors: OSError."""
    return not hasattr(os, "getuid") or os.stat(path).st_uid in (os.getuid(), 0)


def _shown(path: str) -> str:
    from rebel_tools.text import printable

    return printable(path)


def scons_arguments(arguments: Sequence[str], progress: bool = False) -> list[str]:
    """The arguments for scons in the current folder: `arguments` unchanged where it has an SConstruct of its own;
    otherwise preceded by our SConstruct, and by one job per processor unless `arguments` set -j.

    progress: whether scons prints what it is about to do.
    """
    if has_own_script():
        return list(arguments)
    import re  # imported late: not every build gets here

    from rebel_tools.process import processors

    words = [*arguments, *os.environ.get("SCONSFLAGS", "").split()]
    sets_jobs = any(re.fullmatch(r"-[A-Za-z]*j\d*|--jobs(=.*)?", word) for word in words)  # -j 4, -kj4, --jobs=4
    jobs = [] if sets_jobs else [f"-j{processors()}"]
    return [*_our_script(), *([] if progress else ["-Q"]), *jobs, *arguments]


PROFILE_OPTION = "--build-profile"

BUILD_FOLDER = "_build"
BUILD_OPTION = "--build-dir"
BUILD_ENVIRON = "REBEL_BUILD_DIR"

REMOTE_OPTION, UPLOAD_OPTION, INSTANCE_OPTION = "--remote-cache", "--remote-upload", "--remote-instance"
REMOTE_ENVIRON, UPLOAD_ENVIRON, INSTANCE_ENVIRON = "REBEL_REMOTE_CACHE", "REBEL_REMOTE_UPLOAD", "REBEL_REMOTE_INSTANCE"
EXECUTOR_OPTION, EXECUTOR_ENVIRON = "--remote-executor", "REBEL_REMOTE_EXECUTOR"
SHORT_OPTION, SHORT_ENVIRON = "--remote-min-seconds", "REBEL_REMOTE_MIN_SECONDS"
TIMEOUT_OPTION, TIMEOUT_ENVIRON = "--remote-timeout", "REBEL_REMOTE_TIMEOUT"
REMOTE_VARIABLES = {
    TIMEOUT_OPTION: TIMEOUT_ENVIRON,
    SHORT_OPTION: SHORT_ENVIRON,
    EXECUTOR_OPTION: EXECUTOR_ENVIRON,
    REMOTE_OPTION: REMOTE_ENVIRON,
    UPLOAD_OPTION: UPLOAD_ENVIRON,
    INSTANCE_OPTION: INSTANCE_ENVIRON,
}
"""For each option, the environment variable with the same meaning."""


def build_folder(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """The output folder of the project in the current folder, as the arguments and variables for scons choose it."""
    found = environ.get(BUILD_ENVIRON) or BUILD_FOLDER
    for word in arguments:
        if word.startswith(f"{BUILD_OPTION}="):
            found = word.partition("=")[2]
    return found or BUILD_FOLDER


def with_profile(arguments: Sequence[str]) -> list[str]:
    """Rebel's arguments translated for scons, which has an option --profile with another meaning.

    Options with a separate value become one word, because SCons would read the value as a target.
    """
    words, rest = [], list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--release":
            word = f"{PROFILE_OPTION}=release"
        elif word == "--profile" and rest:
            word = f"{PROFILE_OPTION}={rest.pop(0)}"
        elif word.startswith("--profile="):
            word = PROFILE_OPTION + word.removeprefix("--profile")
        elif word == BUILD_OPTION and rest:
            word = f"{BUILD_OPTION}={rest.pop(0)}"
        words.append(word)
    return words


def rebel_arguments(arguments: Sequence[str]) -> list[str] | None:
    """The inverse of `scons_arguments`: the arguments of rebel; None where scons reads another SConstruct."""
    ours = _our_script()
    return list(arguments[len(ours) :]) if list(arguments[: len(ours)]) == ours else None


def _our_script() -> list[str]:
    """Options that select our SConstruct. The folder is then plain data, so no site_scons is read."""
    return ["-f", shipped_sconstruct(), "--no-site-dir"]
