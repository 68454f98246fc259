"""Memory of a training: what is estimated before the start against the peak that is then measured.

    python benchmarks/memory.py [CASE ...] [--steps 3] [--device cuda] [--json]

A case is RECIPE, or RECIPE:SETTING=VALUE,... as in `5k-v2b3:batch_size=8,size=240`; without any, a list that fits the
device. Each is trained for some steps on random pictures in a process of its own, exactly as `core.training` does it.

    cuda   max_memory_allocated against the parts of the estimate; max_memory_reserved, what other programs can't have
           meanwhile, against the estimate with its margin
    cpu    peak resident memory above what the process had when all libraries were loaded and no network was built
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
os.environ.setdefault("GOMP_SPINCOUNT", "10000")  # as a job sets it for itself

MIB = 2**20
CASES = {
    "cpu": (
        "quick-cpu", "quick-cpu:batch_size=64", "quick-cpu:size=224,batch_size=32", "5k-v2b3:batch_size=4",
        "5k-v2b3:batch_size=8", "5k-v2b3:batch_size=8,optimizer=adamw,ema_decay=0.999",
        "5k-v2b3:model=efficientnet_b0,size=224,batch_size=8", "5k-v2b3:model=efficientnet_b0,size=224,batch_size=32",
        "5k-v2b3:model=efficientnet_b0,size=224,batch_size=32,accumulate=4",
        "5k-v2b3:model=resnet50,size=224,batch_size=16",
    ),
    "cuda": (
        "quick-cpu:batch_size=256", "5k-v2b3:batch_size=32", "5k-v2b3:batch_size=128",
        "5k-v2b3:batch_size=64,precision=no", "5k-v2b3:batch_size=128,accumulate=4,ema_decay=0.999",
        "5k-v2b3:model=tf_efficientnetv2_s,size=300,batch_size=64",
        "5k-v2b3:model=efficientnet_b0,size=224,batch_size=32",
        "5k-v2b3:model=efficientnet_b0,size=224,batch_size=256",
        "5k-v2b3:model=efficientnet_b0,size=224,batch_size=256,optimizer=adamw",
        "5k-v2b3:model=efficientnet_b3,size=300,batch_size=128", "5k-v2b3:model=resnet50,size=224,batch_size=256",
        "5k-v2b3:model=convnext_tiny,size=224,batch_size=128",
        "5k-v2b3:model=vit_base_patch16_224,size=224,batch_size=64",
    ),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(measured(args.child, args.steps)))
        return
    from core.training.device import describe

    found = []
    for case in args.cases or CASES[str(describe()["device"])]:
        row = {"case": case, **estimated(case)}
        command = [sys.executable, __file__, "--child", case, "--steps", str(args.steps)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        row |= json.loads(done.stdout) if done.returncode == 0 else {"failed": done.stderr.strip().splitlines()[-1]}
        found.append(row)
        if not args.json:
            print(told(row), flush=True)
    if args.json:
        print(json.dumps(found, indent=2))


def told(row: dict) -> str:
    if "failed" in row:
        return f"{row['case']}: estimated {row['estimated'] / MIB:,.0f} MiB; failed: {row['failed']}"
    text = f"{row['case']}: estimated {row['estimated'] / MIB:,.0f} MiB, measured {row['measured'] / MIB:,.0f}"
    text += f" ({row['estimated'] / row['measured'] - 1:+.1%})"
    if "reserved" in row:
        text += f"; with margin {row['with_margin'] / MIB:,.0f}, reserved {row['reserved'] / MIB:,.0f}"
        text += f" ({row['with_margin'] / row['reserved'] - 1:+.1%})"
    return text


def recipe_of(case: str):
    """Return the recipe that a case names."""
    from core.training.library import load_recipe
    from core.training.settings import applied, read_setting

    name, _, settings = case.partition(":")
    return applied(load_recipe(name), dict(read_setting(s) for s in settings.split(",") if s))


def estimated(case: str) -> dict:
    from core.models.course import total
    from core.training.memory import estimate

    found = estimate(recipe_of(case), classes=2)
    return {"estimated": total(found.parts()), "with_margin": found.needed(), "parts": found.parts()}


def measured(case: str, steps: int) -> dict:
    """Train some steps and look at held-out pictures; return the peak in bytes."""
    import torch

    from core.models.zoo import build
    from core.training.batches import EpochBatches, Normalize
    from core.training.loop import EVAL_BATCH
    from core.training.optim import make_optimizer
    from core.training.processes import make_accelerator
    from core.training.regularize import Frozen
    from core.training.step import Stepper

    recipe = recipe_of(case)
    accelerator = make_accelerator(recipe)
    device = accelerator.device
    _warm(device)
    base = _start(device)
    model = build(
        recipe.model, 2, "random", recipe.width, recipe.depth, recipe.dropout, recipe.drop_path, recipe.pixels
    ).to(device, memory_format=torch.channels_last)
    normalize = Normalize((0.5,) * 3, (0.25,) * 3, device, recipe.grey)
    frozen = Frozen(model) if recipe.freeze else None
    stepper = Stepper(accelerator, recipe, model, make_optimizer(model, recipe), [], normalize, frozen)
    batches = EpochBatches(recipe.batch_size, recipe.batch_size, 0, recipe.accumulate)
    for step in range(steps):
        stepper.begin()
        stepper(batches, 0, step, pictures(batches, recipe.pixels))
    at_once = min(EVAL_BATCH, 2 * -(-recipe.batch_size // recipe.accumulate))
    with torch.inference_mode(), accelerator.autocast():
        batch = torch.randint(0, 256, (at_once, 3, *recipe.pixels), dtype=torch.uint8)
        stepper.measured.eval()(stepper.normalize(batch)).float().cpu()
    return _peak(device, base)


def pictures(batches, pixels: tuple[int, int]):
    """Yield the parts of a batch, random ones."""
    import torch

    for places in batches:
        yield torch.randint(0, 256, (len(places), 3, *pixels), dtype=torch.uint8), torch.zeros(len(places)).long()


def _warm(device) -> None:
    """Load what every training loads: kernels, threads, contexts."""
    import torch

    layer = torch.nn.Conv2d(3, 8, 3).to(device)
    torch.optim.AdamW(layer.parameters())
    layer(torch.zeros(2, 3, 32, 32, device=device)).sum().backward()


def _start(device) -> int:
    import torch

    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        return 0
    Path("/proc/self/clear_refs").write_text("5")  # the peak is the present again
    return _status("VmRSS")


def _peak(device, base: int) -> dict:
    import torch

    if device.type == "cuda":
        return {"measured": torch.cuda.max_memory_allocated(), "reserved": torch.cuda.max_memory_reserved()}
    return {"measured": _status("VmHWM") - base}


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])


if __name__ == "__main__":
    main()
