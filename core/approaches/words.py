"""A comparison's figures with their intervals, as people read them: [mean, low, high] each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.approaches.filling import APPROACHES, SHORT


def seeds(approaches: Mapping[str, Mapping], asked: Sequence[int]) -> str:
    """Return on which seeds the figures rest, where that has to be said: not all that were asked for, or not the same.

    Args:
        approaches: As `core.approaches.score.summary` returns them.
        asked: The seeds that the comparison was asked for.
    """
    rests = {key: list(found["seeds"]) for key, found in approaches.items()}
    none = [name for key, name in APPROACHES.items() if key not in rests]
    parts = []
    if len({tuple(each) for each in rests.values()}) > 1:
        each = "; ".join(f"{APPROACHES[key]}: {_listed(own)}" for key, own in rests.items())
        parts.append(f"The figures rest on different seeds ({each}), so what differs may come from the seeds.")
    elif rests and sorted(next(iter(rests.values()))) != sorted(asked):
        common = next(iter(rests.values()))
        parts.append(
            f"All figures rest on {_counted(common)}, of {len(asked)} asked for: what each of these ways has finished."
        )
    spare = [f"{APPROACHES[key]}, {_counted(found['left_out'])}" for key, found in approaches.items()
             if found.get("left_out")]  # fmt: skip
    if spare:
        parts.append(f"Finished, but left out since the others lack it: {'; '.join(spare)}.")
    if rests and none:
        parts.append(f"Nothing is finished of: {'; '.join(none)}.")
    return " ".join(parts)


def short_names(approaches: Mapping[str, Mapping]) -> dict[str, str]:
    """Return short names for pictures; each with its seeds where those differ."""
    differ = len({tuple(found["seeds"]) for found in approaches.values()}) > 1
    return {key: f"{SHORT[key]} ({_counted(found['seeds'])})" if differ else SHORT[key]
            for key, found in approaches.items()}  # fmt: skip


def _counted(seeds: Sequence[int]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {_listed(seeds)}"


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def percent(found: Sequence[float] | None) -> str:
    return "–" if found is None else _spelled(found, "{:.1%}")


def score(found: Sequence[float]) -> str:
    return _spelled(found, "{:.3f}")


def number(found: Sequence[float] | None) -> str:
    return "–" if found is None else _spelled(found, "{:,.0f}")


def points(found: Sequence[float]) -> str:
    """Return a difference of shares in percentage points."""
    return _spelled([100 * value for value in found], "{:+.1f}")


def _spelled(found: Sequence[float], form: str) -> str:
    mean, low, high = map(form.format, found)
    return f"{mean} ({low} to {high})"
