"""The one training loop, on Hugging Face Accelerate. Imports torch: for worker processes only."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from accelerate.utils import find_executable_batch_size, gather_object
from torch import nn

from core.errors import GapwiseError
from core.jobs.reporter import Reporter
from core.training.batches import Normalize, loader_workers, plain_batches, train_loader
from core.training.checkpoint import Checkpoints, Position, save_best
from core.training.device import describe
from core.training.measure import measure
from core.training.optim import Schedule, make_optimizer
from core.training.pictures import Pictures
from core.training.processes import make_accelerator
from core.training.recipe import Recipe
from core.training.regularize import DropPaths, Frozen, set_dropout, set_weight_decay
from core.training.rundir import Known, RunDir
from core.training.step import Stepper
from core.training.trackers import Trackers

log = logging.getLogger("gapwise")

TELL_SECONDS = 0.25  # between two looks at the loss: each one makes the CPU wait for a GPU
SAVE_SECONDS = 300.0  # between two checkpoints of a long epoch: what a killed process loses at most
EVAL_BATCH = 64


class Trainer:
    """One run: model, data and files brought together. `fit` may be called once."""

    def __init__(
        self,
        run: RunDir,
        recipe: Recipe,
        model: nn.Module,
        pictures: Mapping[tuple[int, int], Pictures],
        train: Sequence[Known],
        heldout: Sequence[Known],
        normalization: tuple[Sequence[float], Sequence[float]],
        on_best: Callable[[dict], None] = lambda metrics: None,
    ) -> None:
        """
        Args:
            model: Built with the largest drop path of all stages.
            pictures: By size (height, width), for every stage's.
            train, heldout: At least one cell each.
            on_best: Called with the metrics of every epoch that is the best so far.
        """
        self.run, self.recipe, self.pictures = run, recipe, pictures
        self.train, self.heldout, self.on_best = list(train), list(heldout), on_best
        self.device_name = str(describe()["name"])
        self.accelerator = make_accelerator(recipe)
        model = model.to(self.accelerator.device, memory_format=torch.channels_last)
        self.drop_paths = DropPaths(model, max(r.drop_path for _, r in recipe.phases))
        self.weight_decay = max(r.weight_decay for _, r in recipe.phases)
        frozen = Frozen(model) if recipe.freeze else None
        optimizer = make_optimizer(model, recipe.model_copy(update={"weight_decay": self.weight_decay}))
        normalize = Normalize(*normalization, self.accelerator.device, recipe.grey)
        self.stepper = Stepper(self.accelerator, recipe, model, optimizer, self.train, normalize, frozen)
        self.position = Position(parts=recipe.accumulate)
        self.stage: tuple[int, int] | None = None  # number of the stage, and parts of a batch
        self._enter(0)
        self.schedule = Schedule(optimizer, recipe, len(self.batches))
        self.checkpoints = Checkpoints(run.root, self.accelerator, self.position, self.schedule, self.stepper.ema)

    def fit(self, reporter: Reporter) -> Position:
        """Train to the end, or until the reporter says stop; go on from the latest checkpoint where there is one.

        Where memory does not suffice, batches are computed in more parts: the effective batch stays.

        Raises:
            GapwiseError: If the loss is no number any more, the device's memory is too small for single
                pictures, or the checkpoint is broken.
            OSError: If the disk is full; what was saved before is kept.
        """
        if self.checkpoints.load():
            self.run.drop_metrics_after(self.position.epoch)
            log.info("going on after epoch %d, step %d", self.position.epoch, self.position.step)
        else:
            self._save()  # what a retry with smaller parts, or the next process, starts from
        self.trackers = Trackers(self.accelerator, self.run.facts().get("trackers", ()), self.run)
        attempt = find_executable_batch_size(self._attempt, self._images_at_once(), self._fewer_at_once)
        try:
            attempt(reporter)
        except RuntimeError as error:
            if isinstance(error, torch.OutOfMemoryError) or "No executable batch size" in str(error):
                raise self._too_small() from error
            raise
        finally:
            self.trackers.close()
        return self.position

    def _attempt(self, images: int, reporter: Reporter) -> None:
        if images < self._images_at_once():
            self.checkpoints.load()
            self.run.drop_metrics_after(self.position.epoch)
            self.position.parts = -(-self._share() // images)
            log.info("memory is short: batches of %d in %d parts", self.recipe.batch_size, self.position.parts)
        while not self.position.over and self._epoch(reporter):
            pass

    def _share(self) -> int:
        """Pictures of a batch that one process takes."""
        return -(-self.batches.batch_size // self.accelerator.num_processes)

    def _images_at_once(self) -> int:
        return max(1, -(-self._share() // self.position.parts))

    def _fewer_at_once(self) -> int:
        # Processes that went on with different parts would wait for each other for ever.
        return self._images_at_once() // 2 if self.accelerator.num_processes == 1 else 0

    def _too_small(self) -> GapwiseError:
        at = "x".join(map(str, self.recipe.pixels))
        return GapwiseError(
            f"The device's memory is too small for this network at {at} px, even with {self._images_at_once()} pictures"
            " at once. Choose smaller images or a smaller model; the checkpoints from before are kept."
            if self.accelerator.num_processes == 1
            else f"One of {self.accelerator.num_processes} processes ran out of memory with {self._images_at_once()}"
            f" pictures at once at {at} px. Set accumulate to {2 * self.position.parts}, then resume or start again."
        )

    def _enter(self, epoch: int) -> None:
        """Prepare the stage that an epoch is in."""
        number, stage = self._stage(epoch)
        if self.stage == (number, self.position.parts):
            return
        self.stage = number, self.position.parts
        accelerator = self.accelerator
        workers = loader_workers(accelerator.device, len(self.train), accelerator.num_processes)
        self.loader = train_loader(
            self.pictures[stage.pixels], self.train, stage, workers, self.position.parts,
            accelerator.process_index, accelerator.num_processes,
        )  # fmt: skip
        self.batches = self.loader.batch_sampler
        set_dropout(self.stepper.plain, stage.dropout)
        self.drop_paths.set(stage.drop_path)
        set_weight_decay(self.stepper.optimizer, stage.weight_decay, self.weight_decay)

    def _stage(self, epoch: int) -> tuple[int, Recipe]:
        phases = self.recipe.phases
        number = max(n for n, (first, _) in enumerate(phases) if first <= epoch)
        return number, phases[number][1]

    def _epoch(self, reporter: Reporter) -> bool:
        """Train one epoch, or the rest of one, and measure; return False when stopped."""
        began, position = time.perf_counter(), self.position
        self._enter(position.epoch)
        whole = self._steps(reporter, began)
        loss = self._finite_loss()
        if not whole:
            position.seconds += time.perf_counter() - began
            self._save()
            return False
        trained = time.perf_counter() - began
        self.stepper.settle()
        metrics = measure(self.logits(self.heldout), np.array([k.value for k in self.heldout]))
        # The last step of an epoch may be the one that ruins the weights: they must become neither best nor latest.
        self._check_finite(metrics["loss"])
        self._close_epoch(metrics, loss, trained, time.perf_counter() - began)
        return True

    def _steps(self, reporter: Reporter, began: float) -> bool:
        position, device, batches = self.position, self.accelerator.device, self.batches
        # In float64 the sum of float32 losses is exact, so a run that was stopped in between has the same one.
        total = torch.zeros((), device=device, dtype=torch.float32 if device.type == "mps" else torch.float64)
        batches.epoch, batches.start = position.epoch, position.step
        self._seen_now, told, saved = 0, 0.0, began
        self.stepper.begin()
        parts = iter(self.loader)
        while position.step < len(batches):
            stop, save = self._agreed(reporter.should_stop(), time.perf_counter() - saved > SAVE_SECONDS)
            if stop or save:
                total = self._flush(total)
                if stop:
                    return False
                saved = time.perf_counter()
                self._finite_loss()
                self._save()
            total += self.stepper(batches, position.step, position.steps, parts)
            size = batches.size_of(position.step)
            position.step, position.steps = position.step + 1, position.steps + 1
            position.seen, self._seen_now = position.seen + size, self._seen_now + size
            self.schedule.after_step(position.steps)
            if time.perf_counter() - told > TELL_SECONDS:
                told = time.perf_counter()
                self._tell(reporter, position.loss_sum + total.item() * self.accelerator.num_processes, told - began)
        self._flush(total)
        return True

    def _flush(self, total: torch.Tensor) -> torch.Tensor:
        """Add the losses of all processes to the position's; return a new zero."""
        self.position.loss_sum += float(self.accelerator.reduce(total, "sum").item())
        return torch.zeros_like(total)

    def _close_epoch(self, metrics: dict, train_loss: float, trained: float, seconds: float) -> None:
        position, recipe = self.position, self.recipe
        number, stage = self._stage(position.epoch)
        row = {
            "epoch": position.epoch + 1,
            "step": position.steps,
            "train_loss": train_loss,
            **metrics,
            "lr": self.schedule.lr,
            "seconds": round(seconds, 3),
            "images_per_second": round(self._seen_now / trained, 1),
            "device": self.device_name,
            "stage": number,
            "size": "x".join(map(str, stage.pixels)),
        }
        score = _score(row, recipe)
        self.schedule.after_epoch(score[1])
        better = not position.best or score > _score(position.best, recipe)
        last = number == len(recipe.phases) - 1
        if position.counts(score[:2], better, recipe.min_delta):
            position.waited, position.mark = 0, list(score[:2])
        else:
            position.waited += 1
        position.epoch, position.step, position.loss_sum, position.seen = position.epoch + 1, 0, 0.0, 0
        position.seconds += seconds
        position.over = (last and 0 < recipe.patience <= position.waited) or position.epoch >= recipe.epochs
        if better:
            position.best = row
        if self.accelerator.is_main_process:
            self.run.append_metrics(row)
            if better:
                save_best(self.run.best, self.stepper.measured, stage.pixels)
                self.on_best(row)
        self._save()
        self.trackers.log(row)
        log.info("epoch %d: %s", row["epoch"], {k: round(v, 4) for k, v in row.items() if isinstance(v, float)})

    def logits(self, cells: Sequence[Known]) -> np.ndarray:
        """Return (N, C) float32 logits of unchanged pictures, at the present stage's size."""
        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        found = list(self._logits(cells[rank::world]))  # one (C,) row a cell
        if world > 1:
            shares = gather_object([found])
            found = [shares[i % world][i // world] for i in range(len(cells))]
        return np.stack(found)

    def _logits(self, cells: Sequence[Known]) -> Iterator[np.ndarray]:
        model, pictures = self.stepper.measured, self.pictures[self._stage(self.position.epoch)[1].pixels]
        model.eval()
        at_once = min(EVAL_BATCH, 2 * self._images_at_once())  # without gradients, twice as many fit
        with torch.inference_mode(), self.accelerator.autocast():
            for _, batch in plain_batches(pictures, [k.image_id for k in cells], at_once):
                yield from model(self.stepper.normalize(batch)).float().cpu().numpy()

    def _save(self) -> None:
        self.checkpoints.save()

    def _finite_loss(self) -> float:
        position = self.position
        loss = position.loss_sum / max(1, position.seen)
        self._check_finite(loss)
        return loss

    def _check_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise GapwiseError(
                f"The loss is no number any more in epoch {self.position.epoch + 1} (learning rate"
                f" {self.schedule.lr:g}). The checkpoints from before are kept. Start again with a lower learning"
                " rate, or set clip_grad to 1."
            )

    def _tell(self, reporter: Reporter, loss_sum: float, seconds: float) -> None:
        position, best = self.position, self.position.best
        if not math.isfinite(loss_sum):
            position.loss_sum = loss_sum
            self._finite_loss()
        done = position.epoch + position.step / len(self.batches)
        figures = {"train_loss": loss_sum / position.seen, "images_per_second": round(self._seen_now / seconds, 1)}
        shown = {f"best_{k}": best[k] for k in ("accuracy", "f1", "epoch") if k in best}
        message = f"Epoch {position.epoch + 1} of {self.recipe.epochs}"
        reporter.progress(done, self.recipe.epochs, message, **figures, **shown, device=self.device_name)

    def _agreed(self, *flags: bool) -> tuple[bool, ...]:
        """All processes do the same at the same step, or a collective operation would wait for ever."""
        if self.accelerator.num_processes == 1:
            return flags
        told = torch.tensor([float(flag) for flag in flags], device=self.accelerator.device)
        return tuple(bool(x) for x in self.accelerator.reduce(told, "sum").tolist())


def _score(row: dict, recipe: Recipe) -> tuple[int, float, float]:
    """Higher is better. Later stages see larger pictures; the loss decides between epochs that got as many right."""
    return row.get("stage", 0), row["f1_macro" if recipe.best_by == "f1" else "accuracy"], -row["loss"]
