"""What a training says about its memory before it starts. Imports torch: for worker processes only.

`python -m core.training.foretell` answers one question of `core.training.foresee`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import torch

from core.errors import GapwiseError
from core.training.device import describe
from core.training.memory import estimate
from core.training.need import judge, size
from core.training.recipe import Recipe, parse_recipe
from core.training.room import room


def foretold(recipe: Recipe, classes: int, processes: int = 1) -> str:
    """Return what a training's log says at its start: need, room and advice. Never raises.

    Call it where the training will run; what this process holds of a GPU's memory counts as free.
    """
    device = str(describe()["device"])
    try:
        need = estimate(recipe, classes, device, processes)
        verdict = judge(need, room(device))
    except (GapwiseError, RuntimeError, OSError) as error:
        return f"memory: {error}"
    most = sorted(verdict.parts.items(), key=lambda part: -part[1])[:3]
    parts = ", ".join(f"{name} {size(count)}" for name, count in most)
    each = " in each process" if processes > 1 else ""
    return (
        f"memory: needs about {size(verdict.needed)}{each} for {verdict.at_once} pictures at once ({parts});"
        f" {size(verdict.room.free)} of {size(verdict.room.total)} are free. {verdict.advice()}"
    )


def main() -> None:
    """Read a question as JSON from standard input, print the answer: for `core.training.foresee`."""
    device = describe()
    torch.set_num_threads(1)
    asked = json.loads(sys.stdin.read())
    try:
        recipe = parse_recipe(asked["recipe"], "The recipe")
        need = estimate(recipe, asked["classes"], str(device["device"]))
        answer = {"need": need.as_json(), "room": asdict(room(str(device["device"]))), "name": device["name"]}
    except GapwiseError as error:
        answer = {"problem": str(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
