"""The one training loop, on Hugging Face Accelerate. Imports torch: for worker processes only."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from core.errors import GapwiseError
from core.jobs.reporter import Reporter
from core.training.batches import Normalize, plain_batches, seed_all, train_loader
from core.training.checkpoint import Checkpoints, Position, save_best
from core.training.device import describe
from core.training.measure import measure
from core.training.optim import Schedule, make_optimizer
from core.training.pictures import Pictures
from core.training.recipe import Recipe
from core.training.rundir import Known, RunDir

log = logging.getLogger("gapwise")

TELL_SECONDS = 0.25  # between two looks at the loss: each one makes the CPU wait for a GPU
EVAL_BATCH = 64


class Trainer:
    """One run: model, data and files brought together. `fit` may be called once."""

    def __init__(
        self,
        run: RunDir,
        recipe: Recipe,
        model: nn.Module,
        pictures: Pictures,
        train: Sequence[Known],
        heldout: Sequence[Known],
        normalization: tuple[Sequence[float], Sequence[float]],
        on_best: Callable[[dict], None] = lambda metrics: None,
    ) -> None:
        """
        Args:
            train, heldout: At least one cell each.
            on_best: Called with the metrics of every epoch that is the best so far.
        """
        self.run, self.recipe, self.pictures, self.heldout = run, recipe, pictures, list(heldout)
        self.on_best, self.device_name = on_best, str(describe()["name"])
        self.accelerator = Accelerator(mixed_precision=precision(recipe))
        device = self.accelerator.device
        workers = 4 if device.type == "cuda" else 0  # on a CPU they would take the cores from the network
        loader = train_loader(pictures, train, recipe, workers)
        self.batches = loader.batch_sampler
        model = model.to(memory_format=torch.channels_last)
        optimizer = make_optimizer(model, recipe)
        self.schedule = Schedule(optimizer, recipe, len(self.batches))
        self.model, self.optimizer, self.loader = self.accelerator.prepare(model, optimizer, loader)
        self.normalize = Normalize(*normalization, device)
        self.criterion = nn.CrossEntropyLoss(
            weight=_class_weights(train, model.num_classes, device) if recipe.balance else None,
            label_smoothing=recipe.label_smoothing,
        )
        self.position = Position()
        self.checkpoints = Checkpoints(run.root, self.accelerator, self.position, self.schedule)

    def fit(self, reporter: Reporter) -> Position:
        """Train to the end, or until the reporter says stop; go on from the latest checkpoint where there is one.

        Raises:
            GapwiseError: If the loss is no number any more, the device's memory is too small, or the
                checkpoint is broken.
            OSError: If the disk is full; what was saved before is kept.
        """
        if self.checkpoints.load():
            self.run.drop_metrics_after(self.position.epoch)
            log.info("going on after epoch %d, step %d", self.position.epoch, self.position.step)
        try:
            while not self.position.over:
                if not self._epoch(reporter):
                    break
        except torch.OutOfMemoryError as error:
            raise GapwiseError(
                f"The device's memory is too small for batches of {self.recipe.batch_size} at"
                f" {self.recipe.pixels[0]} x {self.recipe.pixels[1]} px. Halve the batch size or choose smaller images."
            ) from error
        return self.position

    def _epoch(self, reporter: Reporter) -> bool:
        """Train one epoch, or the rest of one, and measure; return False when stopped."""
        began, position = time.perf_counter(), self.position
        whole = self._steps(reporter, began)
        loss = self._finite_loss()
        if not whole:
            position.seconds += time.perf_counter() - began
            self._save()
            return False
        trained = time.perf_counter() - began
        metrics = measure(self.logits(self.heldout), np.array([k.value for k in self.heldout]))
        self._close_epoch(metrics, loss, trained, time.perf_counter() - began)
        return True

    def _steps(self, reporter: Reporter, began: float) -> bool:
        position, device = self.position, self.accelerator.device
        # In float64 the sum of float32 losses is exact, so a run that was stopped in between has the same one.
        total = torch.zeros((), device=device, dtype=torch.float32 if device.type == "mps" else torch.float64)
        self.batches.epoch, self.batches.start = position.epoch, position.step
        self._seen_now, told = 0, 0.0
        self.model.train()
        for pictures, targets in self.loader:
            if self._agreed(reporter.should_stop()):
                position.loss_sum += total.item()
                return False
            seed_all(self.recipe.seed, position.epoch, position.step, 1)  # dropout and drop path
            total += self._step(pictures, targets) * len(targets)
            position.step, position.steps = position.step + 1, position.steps + 1
            position.seen, self._seen_now = position.seen + len(targets), self._seen_now + len(targets)
            self.schedule.after_step(position.steps)
            if time.perf_counter() - told > TELL_SECONDS:
                told = time.perf_counter()
                self._tell(reporter, position.loss_sum + total.item(), told - began)
        position.loss_sum += total.item()
        return True

    def _step(self, pictures: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        logits = self.model(self.normalize(pictures))  # (B, C)
        loss = self.criterion(logits.float(), targets)
        self.accelerator.backward(loss)
        if self.recipe.clip_grad:
            self.accelerator.clip_grad_norm_(self.model.parameters(), self.recipe.clip_grad)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.detach()

    def _close_epoch(self, metrics: dict, train_loss: float, trained: float, seconds: float) -> None:
        position, recipe = self.position, self.recipe
        row = {
            "epoch": position.epoch + 1,
            "step": position.steps,
            "train_loss": train_loss,
            **metrics,
            "lr": self.schedule.lr,
            "seconds": round(seconds, 3),
            "images_per_second": round(self._seen_now / trained, 1),
            "device": self.device_name,
        }
        score = _score(metrics, recipe)
        self.schedule.after_epoch(score[0])
        better = not position.best or score > _score(position.best, recipe)
        position.waited = 0 if better else position.waited + 1
        position.epoch, position.step, position.loss_sum, position.seen = position.epoch + 1, 0, 0.0, 0
        position.seconds += seconds
        impatient = 0 < recipe.patience <= position.waited
        position.over = impatient or position.epoch >= recipe.epochs
        if better:
            position.best = row
        if self.accelerator.is_main_process:
            self.run.append_metrics(row)
            if better:
                save_best(self.run.best, self.accelerator.unwrap_model(self.model))
                self.on_best(row)
        self._save()
        log.info("epoch %d: %s", row["epoch"], {k: round(v, 4) for k, v in row.items() if isinstance(v, float)})

    def logits(self, cells: Sequence[Known]) -> np.ndarray:
        """Return (N, C) float32 logits of unchanged pictures."""
        self.model.eval()
        model, found = self.accelerator.unwrap_model(self.model), []
        with torch.inference_mode(), self.accelerator.autocast():
            for _, pictures in plain_batches(self.pictures, [k.image_id for k in cells], EVAL_BATCH):
                found.append(model(self.normalize(pictures)).float().cpu().numpy())
        return np.concatenate(found)

    def _save(self) -> None:
        self.checkpoints.save()

    def _finite_loss(self) -> float:
        position = self.position
        loss = position.loss_sum / max(1, position.seen)
        if not math.isfinite(loss):
            raise GapwiseError(
                f"The loss is no number any more in epoch {position.epoch + 1} (learning rate {self.schedule.lr:g})."
                " The checkpoints from before are kept. Start again with a lower learning rate, or set clip_grad to 1."
            )
        return loss

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

    def _agreed(self, stop: bool) -> bool:
        """All processes stop at the same step, or a collective operation would wait for ever."""
        if self.accelerator.num_processes == 1:
            return stop
        flag = torch.tensor(float(stop), device=self.accelerator.device)
        return bool(self.accelerator.reduce(flag, "sum").item())


def precision(recipe: Recipe) -> str:
    """Return accelerate's name of the number format: what the recipe says, or what the device is good at."""
    if recipe.precision != "auto":
        if recipe.precision == "fp16" and not torch.cuda.is_available():
            raise GapwiseError("Precision fp16 needs a CUDA device, and there is none. Set precision to auto.")
        return recipe.precision
    if not torch.cuda.is_available():
        return "no"
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"


def _score(metrics: dict, recipe: Recipe) -> tuple[float, float]:
    """Higher is better; the loss decides between epochs that got as many right."""
    return metrics["f1_macro" if recipe.best_by == "f1" else "accuracy"], -metrics["loss"]


def _class_weights(cells: Sequence[Known], classes: int, device: torch.device) -> torch.Tensor:
    counts = np.bincount([k.value for k in cells], minlength=classes).astype(np.float32)
    weights = np.where(counts > 0, len(cells) / (classes * counts.clip(min=1)), 0.0)
    return torch.tensor(weights, dtype=torch.float32, device=device)
