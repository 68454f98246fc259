"""What a published network costs, by the axis that was chosen, and whether it keeps the budgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import streamlit as st

from core.models.line import Line, through
from core.models.measured import INFERENCE, Measurement
from core.models.published import Published
from core.training.need import size
from core.training.needs import training_need
from pages.ui.widgets import plain

BATCH = 32  # of the training whose memory is shown
REPORTED = "reported"
AXES = {
    "multiply_adds": "Multiply-adds, counted, B",
    "parameters": "Parameters, counted, M",
    "reported_multiply_adds": "Multiply-adds, reported, B",
    "reported_parameters": "Parameters, reported, M",
    "memory": f"Memory to train with batches of {BATCH} on a CPU, estimated, GB",
    "latency": "Latency of one picture on this machine, ms",
}
_UNITS = {"parameters": 1e6, "multiply_adds": 1e9}


@dataclass(frozen=True)
class Costs:
    """What networks cost.

    Attributes:
        axis: One of AXES.
        memory, latency: Budgets in bytes and seconds; None for none.
        found: What was measured on this machine, newest first.
    """

    axis: str
    memory: float | None
    latency: float | None
    found: Sequence[Measurement]

    @cached_property
    def timed(self) -> list[Measurement]:
        """Forward passes of one picture on the machine that measured last."""
        single = [m for m in self.found if m.task == INFERENCE and m.batch == 1]
        return [m for m in single if m.machine == single[0].machine]

    @cached_property
    def line(self) -> Line | None:
        return through(self.timed)

    def of(self, p: Published) -> tuple[float | None, bool]:
        """Return a network's cost in the axis's unit, None where it has none, and whether it is more than a line."""
        if self.axis == "latency":
            seconds, sure = self.seconds(p)
            return (None if seconds is None else 1000 * seconds), sure
        if self.axis == "memory":
            need = memory(p)
            return (None if need is None else need / 1e9), True
        figure = self.axis.removeprefix("reported_")
        value = getattr(p if self.axis.startswith(REPORTED) else p.counted, figure, None)
        return (None if value is None else value / _UNITS[figure]), True

    def seconds(self, p: Published) -> tuple[float | None, bool]:
        """Return the seconds for one picture, and whether they were measured."""
        measured = self.measurement(p)
        if measured is not None:
            return measured.median, True
        if self.line is None or p.counted is None:
            return None, False
        return self.line.seconds(p.counted.multiply_adds), False

    def measurement(self, p: Published) -> Measurement | None:
        return next((m for m in self.timed if m.network == p.network), None)

    def keeps(self, p: Published) -> bool:
        """Whether no budget rules a network out, as far as is known."""
        need, seconds = memory(p), self.seconds(p)[0]
        over_memory = self.memory is not None and need is not None and need > self.memory
        return not (over_memory or (self.latency is not None and seconds is not None and seconds > self.latency))

    @property
    def limits(self) -> dict[str, float]:
        """The budgets that lie on the axis, in its unit."""
        if self.axis == "memory" and self.memory is not None:
            return {"my memory": self.memory / 1e9}
        return {"my latency": 1000 * self.latency} if self.axis == "latency" and self.latency is not None else {}

    @property
    def source(self) -> str:
        """Where the cost comes from, in a sentence."""
        if self.axis == "latency":
            if self.line is None:
                return "Nothing was **measured** on this machine yet: start it below."
            where = f"Latency is **measured** on {plain(self.timed[0].machine.told)} where bubbles are filled"
            return f"{where}; hollow ones lie on {self.line.told}."
        if self.axis == "memory":
            return "Memory is **estimated**, for AdamW in float32, with a tenth kept free."
        if self.axis.startswith(REPORTED):
            return "The cost is **reported** too."
        return "The cost is **counted** on timm's network, at the size that the accuracy was reported for."

    def told(self, p: Published) -> str:
        """Return what a look at a bubble says."""
        counted = "not in timm, so not counted"
        if p.counted is not None:
            counted = f"counted {p.counted.parameters / 1e6:.1f}M, {p.counted.multiply_adds / 1e9:.2f}B multiply-adds"
        lines = [f"{p.name} at {p.px} px: {p.top1:g}% reported", counted]
        measured = self.measurement(p)
        if measured is not None:
            spread = f"{1000 * measured.lower:.1f} to {1000 * measured.upper:.1f}"
            lines.append(f"{1000 * measured.median:.1f} ms measured (quartiles {spread})")
        elif (seconds := self.seconds(p)[0]) is not None:
            lines.append(f"about {1000 * seconds:.3g} ms, by the line")
        return "<br>".join(lines)


def memory(p: Published) -> int | None:
    """Return the bytes that training needs on a CPU, with batches of 32; None where it was not estimated."""
    need = None if p.network is None else training_need(p.network, "cpu")
    return None if need is None else need.with_batch(BATCH, 1).needed()


def table(networks: Sequence[Published], costs: Costs) -> tuple[pd.DataFrame, dict]:
    """Return all figures of networks, one row each, and how the columns are shown."""
    return pd.DataFrame([_row(p, costs) for p in networks]), _FORMATS


def _row(p: Published, costs: Costs) -> dict[str, object]:
    found, need = costs.measurement(p), memory(p)
    row: dict[str, object] = {"name": p.name, "px": p.px, "top1": p.top1}
    for figure, unit in _UNITS.items():
        printed, off = getattr(p, figure), p.off(figure)
        row[f"{figure} reported"] = None if printed is None else printed / unit
        row[f"{figure} counted"] = None if p.counted is None else getattr(p.counted, figure) / unit
        row[f"{figure} off"] = None if off is None else 100 * off
    row["memory"] = None if need is None else size(need)
    row["ms"] = None if found is None else 1000 * found.median
    row["quartiles"] = None if found is None else f"{1000 * found.lower:.1f} to {1000 * found.upper:.1f}"
    return {**row, "pretraining": p.pretraining or "none", "timm": p.network and p.network.model, "source": p.source}


_FORMATS = {
    "name": st.column_config.TextColumn("network"),
    "top1": st.column_config.NumberColumn("top-1, reported", format="%.1f%%"),
    "parameters reported": st.column_config.NumberColumn("params, M, reported", format="%.1f"),
    "parameters counted": st.column_config.NumberColumn("params, M, counted", format="%.2f"),
    "parameters off": st.column_config.NumberColumn("params: counted against reported", format="%+.1f%%"),
    "multiply_adds reported": st.column_config.NumberColumn("mult-adds, B, reported", format="%.2f"),
    "multiply_adds counted": st.column_config.NumberColumn("mult-adds, B, counted", format="%.3f"),
    "multiply_adds off": st.column_config.NumberColumn("mult-adds: counted against reported", format="%+.1f%%"),
    "memory": st.column_config.TextColumn(
        "memory to train, estimated", help=f"AdamW, float32, batches of {BATCH}, a tenth kept free"
    ),
    "ms": st.column_config.NumberColumn("ms a picture, measured here", format="%.1f"),
    "quartiles": st.column_config.TextColumn("quartiles, ms"),
    "pretraining": st.column_config.TextColumn("pre-training"),
    "timm": st.column_config.TextColumn("timm's name"),
}
