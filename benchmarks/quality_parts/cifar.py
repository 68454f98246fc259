"""Make a set for `label_quality.py` out of CIFAR-10's photographs: ten classes, two more labels, gaps, rules.

    python benchmarks/quality_parts/cifar.py CIFAR OUT [--limit N] [--seed S]

CIFAR is a folder with train/<class>/*.jpg (or .png), one folder for each of the ten classes. OUT gets images/ with N
pictures in all (default 3000, as many of each class), train_meta.csv with gaps, truth.csv without, its rows in another
order. The file's column is called `photo`; the labels are

    kind      the ten classes; unknown for half of the pictures, at random
    animal    0 or 1; unknown for 40%, at random
    can fly   0 or 1, for birds and airplanes; not missing at random: unknown for three of four dark pictures, and for
              one in six of the others

The command that it prints measures them, with rules that settle `can fly` from `kind`, and `animal` for animals only:
a label that follows, one that follows in part, and one that others say little about.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

LABELS = ("kind", "animal", "can fly")
ANIMALS = ("bird", "cat", "deer", "dog", "frog", "horse")
OTHERS = ("airplane", "automobile", "ship", "truck")
FLYING = ("airplane", "bird")
RULES = (
    "`can fly` = (" + " or ".join(f'kind = "{name}"' for name in FLYING) + ")",
    *(f'kind = "{name}" implies animal' for name in ANIMALS),
    'not (animal and kind = "truck")',
)
DARK = 1 / 3  # share of the pictures that count as dark
UNKNOWN = {"kind": 0.5, "animal": 0.4}
UNKNOWN_DARK, UNKNOWN_BRIGHT = 0.75, 1 / 6  # of `can fly`


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cifar", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--limit", type=int, default=3000, help="pictures in all (default: 3000)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    count = write(args.cifar, args.out, args.limit, args.seed)
    told = ["python", "benchmarks/label_quality.py", str(args.out), "--label", *LABELS, "--rule", *RULES]
    print(f"{count:,} pictures. Now:\n\n{shlex.join(told)}")


def write(cifar: Path, out: Path, limit: int, seed: int) -> int:
    """Write a set; return how many pictures it has."""
    random = np.random.default_rng(seed)
    files = []
    for kind in (*ANIMALS, *OTHERS):
        found = sorted(p for p in (cifar / "train" / kind).iterdir() if p.suffix in (".jpg", ".png"))
        files += [(kind, path) for path in found[: limit // 10]]
    (out / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for row, at in enumerate(random.permutation(len(files)).tolist()):
        kind, path = files[at]
        name = f"{row:05d}{path.suffix}"  # says nothing of the class
        shutil.copyfile(path, out / "images" / name)
        rows.append((name, kind, str(int(kind in ANIMALS)), str(int(kind in FLYING))))
    truth = pd.DataFrame(rows, columns=["photo", *LABELS])
    table = hidden(truth, brightness(out / "images", truth["photo"]), random)
    table.to_csv(out / "train_meta.csv", index=False)
    truth.iloc[random.permutation(len(truth))].to_csv(out / "truth.csv", index=False)
    return len(truth)


def hidden(truth: pd.DataFrame, bright: np.ndarray, random: np.random.Generator) -> pd.DataFrame:
    """Return a table with gaps.

    Args:
        bright: (N,) mean brightness of the pictures.
    """
    table = truth.copy()
    dark = bright <= np.quantile(bright, DARK)
    chance = {
        **{name: np.full(len(truth), share) for name, share in UNKNOWN.items()},
        "can fly": np.where(dark, UNKNOWN_DARK, UNKNOWN_BRIGHT),
    }
    for name, each in chance.items():
        table.loc[random.random(len(truth)) < each, name] = ""
    return table


def brightness(folder: Path, names: pd.Series) -> np.ndarray:
    """Return (N,) mean grey values of pictures, 0 to 255."""
    found = []
    for name in names:
        with Image.open(folder / name) as picture:
            found.append(np.asarray(picture.convert("L")).mean())
    return np.array(found)


if __name__ == "__main__":
    main()
