"""How often is `symbol-audit diff` right about abicheck's catalogue of changes: does it break programs or not?

    git clone https://github.com/napetrov/abicheck
    python benchmarks/abicheck_catalogue.py abicheck [--list]

Compiles each pair of the folder `examples` (cmake, gcc, g++) and compares what symbol-audit says with `abi_break` in
its ground_truth.json. Prints the number of right ones, the wrong ones, and the pairs that could not be built.
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


def build(examples: Path, folder: Path) -> None:
    """All pairs; one that does not compile is left out."""
    subprocess.run(["cmake", "-S", str(examples), "-B", str(folder)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", str(folder), "--", "-k", "-j2"], capture_output=True)


def breaks(folder: Path) -> bool | None:
    """Whether symbol-audit says that the pair in a folder breaks programs; None when there is no pair."""
    libraries = [next(folder.glob(f"libv{number}.so"), None) for number in (1, 2)]
    if None in libraries:
        return None
    try:
        return not diff(*(read_side(str(library)) for library in libraries)).compatible
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
    print(f"{len(built) - len(wrong)} of {len(built)} right; {len(found) - len(built)} not built")
    return 0


if __name__ == "__main__":
    sys.exit(main())
