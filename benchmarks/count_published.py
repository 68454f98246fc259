"""Count every network that the Scaling page compares, and estimate the memory that training it needs.

    python benchmarks/count_published.py [--check]

Writes data/reference/counted.csv and data/reference/training_memory.json: parameters and multiply-adds of all networks
of reported.csv that timm has, and of B0 compound-scaled in steps of half a φ; and for each the memory of a training on
a CPU (float32) and on CUDA (bf16), AdamW, two classes, as `python -m core memory` has it. No weight is allocated, but
it takes a quarter of an hour; what training_memory.json has already is kept: delete it to begin anew. --check counts
and compares with the stored figures instead of writing, and leaves the memory alone.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from core.models import cost, published  # noqa: E402
from core.models.families import REFERENCE, rows  # noqa: E402
from core.models.network import Network  # noqa: E402
from core.models.scaling import BASELINE_PX, Factors  # noqa: E402

DEVICES = ("cpu", "cuda")
HEADER = ("model", "width", "depth", "px", "parameters", "multiply_adds")
CLASSES = 2
COUNTED, MEMORY = REFERENCE / "counted.csv", REFERENCE / "training_memory.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    found = {network: count(network) for network in networks()}
    if args.check:
        off = {
            n.spelled(): (c, published.counted().get(n)) for n, c in found.items() if published.counted().get(n) != c
        }
        print(json.dumps({"networks": len(found), "differ": {n: str(pair) for n, pair in off.items()}}, indent=2))
        return 1 if off else 0
    with open(COUNTED, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for n, c in found.items():
            writer.writerow([n.model, n.width, n.depth, n.px, c.parameters, c.multiply_adds])
    estimate_all(list(found))
    return 0


def estimate_all(wanted: list[Network]) -> None:
    """Add what is not estimated yet; each is stored at once, so that a break costs one."""
    known = json.loads(MEMORY.read_text()) if MEMORY.exists() else {}
    needs = {n.spelled(): known[n.spelled()] for n in wanted if n.spelled() in known}
    for network in wanted:
        if network.spelled() not in needs:
            needs[network.spelled()] = {device: need(network, device) for device in DEVICES}
            lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in needs.items())
            MEMORY.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def networks() -> list[Network]:
    """Return what is counted, each once."""
    timms = [Network(row["timm"], px=int(row["px"])) for row in rows("reported.csv") if row["timm"]]
    return list(dict.fromkeys([*timms, *published.compound_networks().values()]))


def count(network: Network) -> published.Counted:
    assert network.px is not None
    if (network.width, network.depth) == (1.0, 1.0):
        found = cost.cost(network.model, network.px)
    else:
        found = cost.count_scaled(Factors(network.depth, network.width, network.px / BASELINE_PX))[0]
    print(network.spelled(), found, file=sys.stderr, flush=True)
    return published.Counted(found.parameters, found.multiply_adds)


def need(network: Network, device: str) -> dict:
    """Return the memory of a training, for any batch, as JSON values rounded to whole bytes."""
    from core.training.memory import estimate
    from core.training.recipe import Recipe

    recipe = Recipe(**network.settings, precision="bf16" if device == "cuda" else "no")
    found = estimate(recipe, CLASSES, device).as_json()
    for course in ("training", "measuring"):
        for part in found[course]:
            found[course][part] = [[round(x) for x in moment] for moment in found[course][part]]
    print(network.spelled(), device, file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
