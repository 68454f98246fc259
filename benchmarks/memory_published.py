"""The memory estimate against batches that somebody else's GPU took, where no GPU is at hand.

    python benchmarks/memory_published.py CSV [MODEL ...] [--memory 24]

CSV is timm's own table of trainings on an RTX 3090 (24 GB, AMP, channels-last, SGD with momentum, 1000 classes):
results/benchmark-train-amp-nhwc-pt112-cu113-rtx3090.csv in huggingface/pytorch-image-models. timm tried batches from
large to small until one fitted. So the real need of the batch in the table is below what the GPU has, and that of the
next larger one above; the estimate is right if it lies on the same side both times, give or take the rest that an
allocator can't use. PyTorch 1.12 had no fused attention: transformers needed more then than now.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from core.models.course import total  # noqa: E402
from core.training.memory import estimate  # noqa: E402
from core.training.recipe import Recipe  # noqa: E402

TRIED = (512, 384, 256, 192, 128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1)
MODELS = (
    "efficientnet_b0", "tf_efficientnet_b0", "efficientnet_b1", "efficientnet_b3", "efficientnet_b4",
    "tf_efficientnet_b4", "efficientnet_b5", "efficientnet_b6", "efficientnet_b7", "efficientnetv2_s",
    "efficientnetv2_m", "tf_efficientnetv2_m", "tf_efficientnetv2_l", "resnet50", "seresnet50", "densenet121",
    "convnext_tiny", "convnext_base", "regnety_032",
)  # fmt: skip
CONTEXT = 0.7  # GB that CUDA takes for a process


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv", type=Path)
    parser.add_argument("models", nargs="*", default=MODELS, metavar="MODEL")
    parser.add_argument("--memory", type=float, default=24 * 2**30 / 1e9, help="of the GPU in GB (10^9 bytes)")
    args = parser.parse_args()
    with open(args.csv, encoding="utf-8") as file:
        rows = {row["model"]: row for row in csv.DictReader(file)}
    room = args.memory - CONTEXT
    print(f"room {room:.1f} GB\n{'model':<22}{'fitted':>7}{'GB':>7}{'too large':>11}{'GB':>7}")
    wrong = 0
    for name in args.models:
        fitted, size = int(rows[name]["train_batch_size"]), int(rows[name]["train_img_size"])
        recipe = Recipe(model=name, size=size, batch_size=fitted, optimizer="sgd", precision="fp16")
        need = estimate(recipe, 1000, "cuda")
        larger = next((b for b in reversed(TRIED) if b > fitted), None)
        below = total(need.parts()) / 1e9
        above = None if larger is None else total(need.with_batch(larger, 1).parts()) / 1e9
        # Within 15%: an estimate of 85% of the room may be a need that is just too large.
        agrees = below < 1.15 * room and (above is None or above > 0.85 * room)
        wrong += not agrees
        print(
            f"{name:<22}{fitted:>7}{below:>7.1f}{larger or '-':>11}{'' if above is None else f'{above:.1f}':>7}"
            f"{'' if agrees else '  disagrees'}",
            flush=True,
        )
    print(f"{len(args.models) - wrong} of {len(args.models)} agree")


if __name__ == "__main__":
    main()
