"""What fits: the network that a memory and a time budget allow. Imports no torch.

Candidates are the published networks that timm has and B0 compound-scaled in steps of half a φ. Each has its counted
cost, the estimate of the memory that training it needs (training_memory.json, from `core.training.memory`), and the
time it took on this machine, or else a line through what was measured here. Nothing is guessed: where nothing was
measured, times are unknown and the answer says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.errors import GapwiseError
from core.models.line import Line, through
from core.models.measured import INFERENCE, TRAINING, Machine, Measurement
from core.models.network import Network
from core.models.published import compound_networks, counted, published
from core.training.budget import WORDS, Budget, check
from core.training.need import size
from core.training.needs import training_need

# Shares of seconds that a line promises at best, whatever its error on the few networks that it goes through.
LEAST_ERROR = 0.1


@dataclass(frozen=True)
class Seconds:
    """A time.

    Attributes:
        value: Seconds; of a line the most that its error leaves likely, `likely` without that.
        measured: Whether this very network was measured, not a line through others.
        near: Whether the line reaches so far: False where only much smaller or much larger steps were measured.
    """

    value: float
    likely: float
    measured: bool
    near: bool = True


@dataclass(frozen=True)
class Candidate:
    """A network against a budget.

    Attributes:
        title: What people read.
        top1: Reported for ImageNet at the network's own size, in per cent; None for one that nobody published.
        phi: Of a compound-scaled B0; None else.
        multiply_adds: For one picture at `network.px`; off the network's own size, by the area of the picture.
        memory: Bytes that a training needs.
        latency, training: None where nothing was measured.
        breaks: The budgets that it breaks: memory, latency, training.
        unknown: The budgets that can't be judged, since nothing was measured.
    """

    title: str
    network: Network
    top1: float | None
    phi: float | None
    parameters: int
    multiply_adds: float
    memory: int
    latency: Seconds | None
    training: Seconds | None
    breaks: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def fits(self) -> bool:
        return not self.breaks


@dataclass(frozen=True)
class Answer:
    """What fits.

    Attributes:
        best: With the highest reported accuracy of all that fit; None when no published one does.
        compound: The largest compound-scaled B0 that fits; None when none does.
        candidates: All, largest first.
        lines: By task, what unmeasured times come from; None where nothing was measured.
    """

    best: Candidate | None
    compound: Candidate | None
    candidates: tuple[Candidate, ...]
    lines: dict[str, Line | None]

    @property
    def unknown(self) -> list[str]:
        """The budgets by which nothing, or not everything, could be judged."""
        return sorted({name for c in self.candidates for name in c.unknown})


def what_fits(budget: Budget, found: Sequence[Measurement], machine: Machine | None) -> Answer:
    """Return the networks that a budget allows.

    Args:
        found: What was measured, newest first.
        machine: The one to judge times by; None when nothing was measured.

    Raises:
        GapwiseError: If a budget is no such thing, or nothing fits; says what the least need is.
    """
    check(budget)
    own = [m for m in found if m.machine == machine]
    clocks = {task: _Clock([m for m in own if m.task == task]) for task in (INFERENCE, TRAINING)}
    judged = (_judged(*about, budget, clocks) for about in _all())
    candidates = sorted((c for c in judged if c is not None), key=lambda c: -c.multiply_adds)
    fitting = [c for c in candidates if c.fits]
    if not fitting:
        raise GapwiseError(_nothing(budget, candidates))
    rated = [c for c in fitting if c.top1 is not None]
    best = max(rated, key=lambda c: (c.top1, -c.multiply_adds), default=None)
    compound = next((c for c in fitting if c.phi is not None), None)
    return Answer(best, compound, tuple(candidates), {task: clock.line for task, clock in clocks.items()})


class _Clock:
    """Seconds of a step: as measured, or by the line."""

    def __init__(self, found: Sequence[Measurement]) -> None:
        self._known = {(m.network, m.batch): m.median for m in reversed(found)}
        self.line = through(found)

    def step(self, network: Network, batch: int, multiply_adds: float) -> Seconds | None:
        known = self._known.get((network, batch))
        if known is not None:
            return Seconds(known, known, True)
        if self.line is None:
            return None
        likely = self.line.seconds(multiply_adds * batch)
        error = max(LEAST_ERROR, self.line.error or 0.0)
        return Seconds(likely * (1 + error), likely, False, self.line.reaches(multiply_adds * batch))


def _all() -> list[tuple[str, Network, float | None, float | None]]:
    reported = [(p.name, p.network, p.top1, None) for p in published() if p.network is not None]
    scaled = [(f"B0, φ = {phi:g}", network, None, phi) for phi, network in compound_networks().items()]
    return [*reported, *scaled]


def _judged(
    title: str, own: Network, top1: float | None, phi: float | None, budget: Budget, clocks: dict[str, _Clock]
) -> Candidate | None:
    assert own.px is not None
    px = min(own.px, budget.px or own.px)
    network, area = own.at(px), (px / own.px) ** 2
    need = training_need(own, budget.device, area)
    if need is None:  # never estimated: no candidate
        return None
    figures = counted()[own]
    cost = figures.multiply_adds * area
    memory = need.with_batch(budget.batch, 1).needed()
    latency = clocks[INFERENCE].step(network, 1, cost)
    step = clocks[TRAINING].step(network, budget.batch, cost)
    steps = budget.epochs * budget.pictures / budget.batch
    training = step and replace(step, value=step.value * steps, likely=step.likely * steps)
    breaks, unknown = _against(budget, memory, latency, training)
    return Candidate(
        title, network, top1, phi, figures.parameters, cost, memory, latency, training, breaks, unknown
    )  # fmt: skip


def _against(
    budget: Budget, memory: int, latency: Seconds | None, training: Seconds | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the budgets that are broken, and those that can't be judged."""
    times = {"latency": (budget.latency, latency), "training": (budget.training, training)}
    broken = ["memory"] if budget.memory is not None and memory > budget.memory else []
    broken += [n for n, (limit, time) in times.items() if limit is not None and time and time.value > limit]
    unknown = [n for n, (limit, time) in times.items() if limit is not None and time is None]
    return tuple(broken), tuple(unknown)


def _nothing(budget: Budget, candidates: Sequence[Candidate]) -> str:
    """Say that nothing fits, what each budget would have to be at least, and what to change."""
    least = []
    for name, word in WORDS.items():
        limit = getattr(budget, name)
        known = [c for c in candidates if _takes(c, name) is not None]
        if limit is not None and known:
            smallest = min(known, key=lambda c: _takes(c, name))
            told = f"{word}: the least is {_told(name, _takes(smallest, name))} ({smallest.title} at"
            least.append(f"{told} {smallest.network.px} px), you have {_told(name, limit)}")
    alone = all(any(name not in c.breaks for c in candidates) for name in WORDS)
    why = "Each budget alone is kept by some network, but no network keeps them together." if alone else ""
    return " ".join(
        part
        for part in (f"Nothing fits. {'; '.join(least)}.", why, "Raise a budget, or take smaller pictures or batches.")
        if part
    )


def _takes(candidate: Candidate, name: str) -> float | None:
    found = getattr(candidate, name)
    return found.value if isinstance(found, Seconds) else found


def _told(name: str, value: float) -> str:
    if name == "memory":
        return size(value)
    if name == "latency":
        return f"{1000 * value:.3g} ms"
    return f"{value / 60:.3g} min"
