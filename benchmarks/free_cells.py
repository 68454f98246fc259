"""How many gaps of a 5K table are free: Gapwise's count against trying every assignment, without Gapwise.

    python benchmarks/free_cells.py DIR [--workspace DIR]

DIR holds images/ and train_meta.csv with the columns image_id, fname, mask, distancing, 5k; truth.csv is never opened.
The rule `5k = mask and distancing` is written here as plain Python: for each row all assignments of its gaps are tried,
and a gap is free when those that keep the rule agree on it. Exits with 1 when a count differs.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections import Counter
from itertools import product
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
LABELS = ("mask", "distancing", "5k")
RULE = "5k = mask and distancing"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=Path)
    parser.add_argument("--workspace", type=Path, help="keep the workspace here")
    args = parser.parse_args()
    with open(args.dir / "train_meta.csv", newline="") as file:
        rows = [[row[name] for name in LABELS] for row in csv.DictReader(file)]
    tried = Counter(label for row in rows for label in free(row))
    with tempfile.TemporaryDirectory() as folder:
        root = args.workspace or Path(folder) / "workspace"
        named = [word for name in LABELS for word in ("--label", name)]
        table, images = str(args.dir / "train_meta.csv"), str(args.dir / "images")
        core(root, "import", "--table", table, "--images", images, *named, "--rule", RULE, "--yes")
        report = json.loads(core(root, "missing", "--json"))
        core(root, "derive")
        written = json.loads(core(root, "missing", "--json"))["cells_by_label"]
    result = {
        "rows": len(rows),
        "missing": report["missing"],
        "free by trying everything": {name: tried[name] for name in LABELS},
        "free by Gapwise": {name: report["cells_by_label"][name]["free"] for name in LABELS},
        "written by derive": {name: written[name]["derived"] for name in LABELS},
    }
    print(json.dumps(result, indent=2))
    counts = list(result.values())[2:]
    if any(count != counts[0] for count in counts):
        sys.exit("The counts differ.")


def free(row: list[str]) -> list[str]:
    """Return the labels of a row ("0", "1" or "" each) whose gaps the rule settles."""
    choices = [(int(value),) if value else (0, 1) for value in row]
    fitting = [(mask, apart, both) for mask, apart, both in product(*choices) if both == (mask and apart)]
    return [
        name for i, name in enumerate(LABELS) if row[i] == "" and fitting and len({each[i] for each in fitting}) == 1
    ]


def core(root: Path, verb: str, *arguments: str) -> str:
    command = [sys.executable, "-m", "core", verb, *arguments, "--workspace", str(root)]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}")
    return done.stdout


if __name__ == "__main__":
    main()
