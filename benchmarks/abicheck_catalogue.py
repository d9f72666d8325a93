"""How often is `symbol-audit diff` right about abicheck's catalogue of changes: does it break programs or not?

    git clone https://github.com/napetrov/abicheck
    python benchmarks/abicheck_catalogue.py abicheck [--list]

Compiles each pair of the folder `examples` (cmake, gcc, g++; what they do not compile with gcc, g++ or clang alone) and
compares what symbol-audit says, with all headers public (--headers), with `abi_break` in its ground_truth.json. Prints
the number of right ones, the wrong ones, and what is no pair of libraries (bundles, BTF).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rebel_tools.errors import RebelError  # noqa: E402
from rebel_tools.gate.diff import diff  # noqa: E402
from rebel_tools.gate.sides import read_side  # noqa: E402

HEADERS = ("*.h", "*.hpp")
COMPILERS = {".c": ("gcc -std=gnu2x", "clang -std=gnu2x"), ".cpp": ("g++ -std=gnu++20", "clang++ -std=gnu++20")}


def build(examples: Path, folder: Path) -> None:
    """Compile all pairs; one that does not compile is left out."""
    subprocess.run(["cmake", "-S", str(examples), "-B", str(folder)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", str(folder), "--", "-k", "-j2"], capture_output=True)
    for example in sorted(path for path in examples.iterdir() if path.is_dir()):
        if None in libraries(folder / example.name):
            build_alone(example, folder / example.name)


def build_alone(example: Path, folder: Path) -> None:
    """Compile a pair with one source for each library, with the first compiler for the language of both."""
    folder.mkdir(exist_ok=True)
    for suffix, commands in COMPILERS.items():
        sources = [example / f"v{number}{suffix}" for number in (1, 2)]
        if all(source.exists() for source in sources):
            any(all(compiled(command, source, folder) for source in sources) for command in commands)


def compiled(command: str, source: Path, folder: Path) -> bool:
    """Whether the compiler makes a library of the source."""
    library = folder / f"lib{source.stem}.so"
    words = [*command.split(), "-g", "-Og", "-shared", "-fPIC", "-o", str(library), str(source)]
    return subprocess.run(words, capture_output=True).returncode == 0


def libraries(folder: Path) -> list[Path | None]:
    """Both libraries of a pair; None for a missing one."""
    return [next(folder.glob(f"libv{number}.so"), None) for number in (1, 2)]


def breaks(folder: Path) -> bool | None:
    """Whether symbol-audit says that the pair in a folder breaks programs; None if there is no pair."""
    pair = libraries(folder)
    if None in pair:
        return None
    try:
        return not diff(*(read_side(str(library), headers=HEADERS) for library in pair)).compatible
    except RebelError as error:
        print(f"{folder.name}: {error}", file=sys.stderr)
        return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path, help="a clone of abicheck")
    parser.add_argument("--list", action="store_true", help="the verdict of every pair")
    options = parser.parse_args()
    examples = options.checkout / "examples"
    truth = json.loads((examples / "ground_truth.json").read_text())["verdicts"]
    with tempfile.TemporaryDirectory() as folder:
        build(examples, Path(folder))
        found = {name: breaks(Path(folder) / name) for name in sorted(truth)}
    built = {name: verdict for name, verdict in found.items() if verdict is not None}
    wrong = [name for name, verdict in built.items() if verdict != truth[name]["abi_break"]]
    if options.list:
        print(*(f"{name}: {'breaks' if verdict else 'works'}" for name, verdict in built.items()), sep="\n")
    for name in wrong:
        print(f"wrong: {name} ({'breaks' if truth[name]['abi_break'] else 'works'} by the catalogue)")
    print(f"{len(built) - len(wrong)} of {len(built)} right; {len(found) - len(built)} are no pairs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
