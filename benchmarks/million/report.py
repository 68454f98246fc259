"""The figures as a table: ratios first, with the goals they are held against."""

from __future__ import annotations

import statistics

VIEW_GOAL = 2.0  # times the empty page, warm
INTERACTION_GOAL = 200  # milliseconds
SERVER_GOAL, SERVER_AIM = 100, 5  # milliseconds of a warm script run


def told(found: dict) -> str:
    """Return what `missing_million.py` prints."""
    apps, load = found["apps"], found["load"]
    floor = median(apps["empty"]["warm"], "ms")
    lines = [
        f"\n{found['rows']:,} rows x 6 labels, {found['rounds']} rounds; {found['cores']} cores,"
        f" load {min(load):.1f} to {max(load):.1f}, median {statistics.median(load):.1f}\n",
        "| app | view, warm: times the empty page | ms, median / p95 | n | first after the start, ms | times"
        " | fresh tab, ms | script run, ms | peak MiB | times |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, app in apps.items():
        warm, cold = app["warm"], median(app["cold"], "ms")
        lines.append(
            f"| {name} | {median(warm, 'ms') / floor:.2f} | {spread(warm, 'ms')} | {len(warm)} | {cold:,.0f}"
            f" | {cold / median(apps['empty']['cold'], 'ms'):.1f} | {app['fresh_tab']['ms']:,.0f}"
            f" | {spread(warm, 'server_ms')} | {app['peak_mib']:,.0f}"
            f" | {app['peak_mib'] / apps['empty']['peak_mib']:.2f} |"
        )
    for name, app in apps.items():
        if app["interactions"]:
            lines += ["", *_interactions(name, app, floor)]
    return "\n".join([*lines, "", *_goals(apps, floor)])


def _interactions(name: str, app: dict, floor: float) -> list[str]:
    lines = [
        f"| {name}, interaction | ms, median / p95 | times the empty page | script run, ms | first time, ms | KB |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for what, seen in app["interactions"].items():
        first = app["first_interactions"][what]["ms"]
        lines.append(
            f"| {what} | {spread(seen, 'ms')} | {median(seen, 'ms') / floor:.2f} | {spread(seen, 'server_ms')}"
            f" | {first:,.0f} | {median(seen, 'kb'):,.0f} |"
        )
    return lines


def _goals(apps: dict, floor: float) -> list[str]:
    if "gapwise" not in apps:
        return []
    ours = apps["gapwise"]
    after = f"after a decision {spread(ours['after_decision'], 'ms')} ms, script run"
    after += f" {spread(ours['after_decision'], 'server_ms')}"
    ratio, server = median(ours["warm"], "ms") / floor, median(ours["warm"], "server_ms")
    slow = {what: median(seen, "ms") for what, seen in ours["interactions"].items()}
    late = [what for what, ms in slow.items() if ms > INTERACTION_GOAL]
    return [
        f"- warm view at most {VIEW_GOAL:g} times the empty page: {_met(ratio <= VIEW_GOAL)}, {ratio:.2f}; {after}",
        f"- every interaction at most {INTERACTION_GOAL} ms: {_met(not late)}, {len(slow) - len(late)} of {len(slow)}"
        + (f"; slowest {max(slow, key=slow.get)} with {max(slow.values()):,.0f} ms" if slow else ""),
        f"- script run of a warm view at most {SERVER_GOAL} ms: {_met(server <= SERVER_GOAL)}, {server:,.0f} ms"
        f" (aim {SERVER_AIM}: {_met(server <= SERVER_AIM)})",
    ]


def _met(good: bool) -> str:
    return "met" if good else "NOT met"


def median(seen: list[dict], what: str) -> float:
    return statistics.median(one[what] for one in seen)


def spread(seen: list[dict], what: str) -> str:
    """Return median and 95th percentile; of fewer than 20 values the latter is the greatest."""
    values = sorted(one[what] for one in seen)
    return f"{statistics.median(values):,.0f} / {values[min(len(values) - 1, int(0.95 * len(values)))]:,.0f}"
