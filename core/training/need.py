"""What a training needs of a device's memory against what there is: which batch fits, and what to do. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from core.models.course import Course, total
from core.training.recipe import LARGEST_BATCH, Recipe

MARGIN = 0.1  # of the need: what an allocator has reserved and can't use, and what was estimated wrong
EVAL_BATCH = 64  # held-out pictures that are looked at at once, where twice the training's number is not less
# What decides about memory; batches do not, since an estimate holds for all of them.
_MATTERS = ("model", "width", "depth", "freeze", "size", "grey", "optimizer", "momentum", "weight_decay", "precision")
_WHETHER = ("dropout", "drop_path", "clip_grad", "ema_decay", "mixup", "cutmix")  # how much of it does not matter


@dataclass(frozen=True)
class Room:
    """Memory of a device, in bytes.

    Attributes:
        device: cuda, mps or cpu.
        free: What a process could take now.
        total: What it could take if nothing else ran.
    """

    device: str
    free: int
    total: int


@dataclass(frozen=True)
class Need:
    """Memory that a training needs in each of its processes.

    Attributes:
        batch_size: Pictures of a step, in all processes and parts.
        accumulate: Parts that a process computes its share in.
        processes: How many share a batch.
        training, measuring: One step, and a look at held-out pictures; of the stage that needs most.
    """

    batch_size: int
    accumulate: int
    processes: int
    training: Course
    measuring: Course

    @property
    def at_once(self) -> int:
        """Pictures that a process computes at once."""
        return max(1, _ceil(self._share, self.accumulate))

    @property
    def _share(self) -> int:
        return _ceil(self.batch_size, self.processes)

    def with_batch(self, batch_size: int, accumulate: int) -> Need:
        """Return the need of the same training with other batches."""
        return replace(self, batch_size=batch_size, accumulate=accumulate)

    def parts(self) -> dict[str, int]:
        """Return bytes by part at the peak; `libraries` is an allowance."""
        looked_at = min(EVAL_BATCH, 2 * self.at_once)
        return max(self.training.parts(self.at_once), self.measuring.parts(looked_at), key=total)

    def needed(self) -> int:
        """Return what has to be free: the sum of the parts, and the margin."""
        return round(total(self.parts()) * (1 + MARGIN))

    def largest_at_once(self, room: int) -> int:
        """Return the most pictures at once that need at most `room` bytes; 0 when not even one fits."""
        budget = room / (1 + MARGIN) + 0.01  # for rounding
        trained, measured = self.training.largest(budget), self.measuring.largest(budget)
        return trained if measured >= EVAL_BATCH else min(trained, measured // 2)

    def largest_batch(self, room: int) -> int:
        """Return the largest batch that fits and that a recipe may have, computed in as many parts as now."""
        return min(self.largest_at_once(room) * self.accumulate * self.processes, LARGEST_BATCH)

    def accumulate_that_fits(self, room: int) -> int | None:
        """Return the fewest parts that let the batch fit; None when no number does."""
        if self.needed() <= room:
            return self.accumulate
        # The first of several parts leaves gradients, as large as the weights, that the next ones are added to.
        kept = self.parts()["weights"] * (1 + MARGIN) if self.accumulate == 1 else 0
        most = self.largest_at_once(room - round(kept))
        # A part of one picture has no batch statistics.
        return _ceil(self._share, most) if most >= min(2, self._share) else None

    def as_json(self) -> dict:
        courses = {"training": self.training.as_json(), "measuring": self.measuring.as_json()}
        return {"batch_size": self.batch_size, "accumulate": self.accumulate, "processes": self.processes, **courses}

    @classmethod
    def from_json(cls, value: Mapping) -> Need:
        courses = {name: Course.from_json(value[name]) for name in ("training", "measuring")}
        return cls(value["batch_size"], value["accumulate"], value["processes"], **courses)


@dataclass(frozen=True)
class Verdict:
    """Whether a training fits.

    Attributes:
        parts: Bytes by part at the peak.
        needed: What has to be free, margin included, in bytes.
        fits: Into what is free now.
        fits_alone: Into what there would be if nothing else ran.
        largest_batch: That fits into what is free now, with as many parts as the recipe says; 0 for none.
        accumulate: Parts that let the recipe's batch fit into what is free now; None when no number does.
    """

    room: Room
    batch_size: int
    at_once: int
    parts: dict[str, int]
    needed: int
    fits: bool
    fits_alone: bool
    largest_batch: int
    accumulate: int | None

    def as_json(self) -> dict:
        return asdict(self)

    def advice(self, setting: str = "accumulate") -> str:
        """Return one or two sentences that say whether it fits, and what to do where it does not.

        Args:
            setting: What the reader calls the number of parts that a batch is computed in.
        """
        if self.fits:
            return f"It fits. The largest batch that fits: {self.largest_batch:,}."
        if self.fits_alone:
            ours = f"It fits once other programs free what they hold: {size(self.room.free)} are free now."
        else:
            ours = f"It does not fit: {size(self.room.free)} are free."
        if self.accumulate is None:
            return f"{ours} Not even two pictures at once would fit: choose smaller pictures or a smaller model."
        return (
            f"{ours} Batches of {self.batch_size:,} fit with {setting} {self.accumulate}; the largest batch that fits"
            f" as it is: {self.largest_batch:,}."
        )


def judge(need: Need, room: Room) -> Verdict:
    """Return whether a training fits, and what would.

    Args:
        room: Of one device. GPUs have one process each; processes on a CPU share its memory.
    """
    if room.device == "cpu":
        room = replace(room, free=room.free // need.processes, total=room.total // need.processes)
    needed = need.needed()
    return Verdict(
        room, need.batch_size, need.at_once, need.parts(), needed, needed <= room.free, needed <= room.total,
        need.largest_batch(room.free), need.accumulate_that_fits(room.free),
    )  # fmt: skip


def largest_stage(recipe: Recipe) -> Recipe:
    """Return the stage that needs most, as a recipe without stages."""
    return max((stage for _, stage in recipe.phases), key=lambda r: r.pixels[0] * r.pixels[1])


def question(recipe: Recipe, classes: int) -> tuple:
    """Return what an estimate hangs on: recipes with the same need one estimate, whatever their batches."""
    stage = largest_stage(recipe)
    whether = (bool(getattr(stage, name)) for name in _WHETHER)
    # Whether a batch is computed in parts matters, in how many does not.
    return (classes, stage.accumulate > 1, *(getattr(stage, name) for name in _MATTERS), *whether)


def size(count: float) -> str:
    """Return bytes as people read them: GB are 10^9 bytes."""
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.0f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def _ceil(a: int, b: int) -> int:
    return -(-a // b)
