"""Gaps of a workspace against what else is known."""

from __future__ import annotations

import numpy as np

from core.labels.missingness import sentence
from core.store import measured
from core.store.labels import set_rules
from core.store.missingness import findings, image_facts
from tests.conftest import BINARY, FIVE_K


def told(ws) -> dict[tuple[str, str], object]:
    with ws.read() as connection:
        return {(f.label, f.against): f for f in findings(connection)}


def test_gaps_that_hang_on_another_label_are_found(build):
    rng = np.random.default_rng(0)
    mask = rng.integers(0, 2, 80)
    hat = np.where((mask == 1) & (rng.random(80) < 0.7), "", rng.integers(0, 2, 80).astype(str))
    found = told(build({"mask": mask.astype(str), "hat": hat}, dict.fromkeys(("mask", "hat"), BINARY)))
    finding = found["hat", "mask"]
    assert finding.told
    assert [g.name for g in finding.groups] == ["0", "1"]
    assert [(g.missing, g.images) for g in finding.groups] == [
        (int(((hat == "") & (mask == c)).sum()), int((mask == c).sum())) for c in (0, 1)
    ]
    assert ("mask", "hat") not in found  # mask has no gaps


def test_gaps_left_out_at_random_are_not_told_because_rules_fill_some_of_them(build):
    """The folder shows the distancing. What rules leave open of 5k has more of it, though every gap fell by chance."""
    random = np.random.default_rng(0)
    mask, apart = random.integers(2, size=(2, 600))
    values = {"mask": mask, "distancing": apart, "5k": mask & apart}
    columns = {name: [str(v) if random.random() > 0.3 else "" for v in codes] for name, codes in values.items()}
    names = [f"{a}/{i}.png" for i, a in enumerate(apart.tolist())]
    ws = build({**columns, "fname": names}, dict.fromkeys(columns, BINARY), [FIVE_K])
    assert [f for f in told(ws).values() if f.told] == []


def test_what_rules_imply_counts_as_known(build):
    """Every 5k is missing where mask is 0, in one folder: the rule fills them, so nothing is chosen there."""
    mask = ["0", "1"] * 30
    columns = {"mask": mask, "distancing": ["1"] * 60, "5k": ["" if m == "0" else "1" for m in mask]}
    ws = build({**columns, "fname": [f"{m}/{i}.png" for i, m in enumerate(mask)]}, dict.fromkeys(columns, BINARY))
    assert told(ws)["5k", "mask"].told
    assert told(ws)["5k", "folder"].told
    with ws.write() as connection:
        set_rules(connection, [FIVE_K])
    found = told(ws)
    assert ("5k", "mask") not in found  # tied by the rule
    assert not found["5k", "folder"].told


def test_labels_that_rules_tie_are_not_held_against_each_other(build):
    """Gaps were left at random, but which of them rules fill hangs on the others: mask against distancing, p 0.0001."""
    rng = np.random.default_rng(5)
    mask, distancing = rng.integers(0, 2, (2, 400))
    columns = {"mask": mask.astype(str), "distancing": distancing.astype(str), "5k": (mask & distancing).astype(str)}
    columns["hat"] = rng.integers(0, 2, 400).astype(str)
    for name in columns:
        columns[name] = np.where(rng.random(400) < 0.3, "", columns[name])
    found = told(build(columns, dict.fromkeys(columns, BINARY), [FIVE_K]))
    assert ("mask", "distancing") not in found
    assert {("mask", "hat"), ("hat", "mask")} <= set(found)
    assert not any(finding.told for finding in found.values())


def test_images_are_told_apart_by_size_shape_and_folder(build):
    columns = {"mask": ["1", ""] * 6, "fname": [f"{'ab'[i % 2]}/{i}.png" for i in range(12)]}
    ws = build(columns, {"mask": BINARY})
    with ws.read() as connection:
        facts = {fact.name: fact for fact in image_facts(connection)}
    assert facts["folder"].groups == ("a", "b")
    assert facts["folder"].at.tolist() == [0, 1] * 6
    assert "pixels" not in facts  # all the same
    assert told(ws)["mask", "folder"].groups[1].missing == 6


def test_a_number_is_cut_into_parts_of_about_as_many_images(build):
    ws = build({"mask": ["1", ""] * 10}, {"mask": BINARY})
    with ws.write() as connection:
        connection.exec_driver_sql("UPDATE image SET width = id * 10, bytes = CASE WHEN id = 1 THEN 9 ELSE 7000 END")
    with ws.read() as connection:
        facts = {fact.name: fact for fact in image_facts(connection)}
    assert np.bincount(facts["pixels"].at).tolist() == [2] * 10
    assert facts["pixels"].numeric
    assert facts["pixels"].groups[1] == "0.00018 to 0.00024 MP"
    assert np.bincount(facts["file size"].at).tolist() == [1, 19]  # nearly all the same
    assert facts["file size"].groups == ("0.009 kB", "7 kB")


def put(ws, brightness, taken=None, problems=()) -> None:
    """Store measures of images 1, 2, …: figures of their own for each."""
    taken = [None] * len(brightness) if taken is None else taken
    rows = [
        {"image_id": n, "brightness": b, "contrast": 0.1, "sharpness": 3.0, "taken": t, "problem": None}
        for n, (b, t) in enumerate(zip(brightness, taken, strict=True), start=1)
    ]
    rows += [{**dict.fromkeys(measured.FIGURES), "image_id": n, "problem": "gone"} for n in problems]
    with ws.write() as connection:
        measured.put(connection, rows)


def test_without_measures_there_are_no_facts_of_them(build):
    ws = build({"mask": ["1", ""] * 6}, {"mask": BINARY})
    with ws.read() as connection:
        assert not {"brightness", "date taken"} & {fact.name for fact in image_facts(connection)}
        assert measured.progress(connection) == measured.Progress(12, 12, 0, "")


def test_images_that_lack_a_label_because_they_are_dark_are_called_darker(build):
    ws = build({"mask": [""] * 15 + ["1"] * 25}, {"mask": BINARY})
    put(ws, [n / 40 for n in range(40)])
    found = told(ws)["mask", "brightness"]
    assert sentence(found) == (
        "Images without a known mask are darker (p < 0.001): a model trained on the rest may not hold there."
    )
    assert (found.groups[0].name, found.groups[-1].name) == ("0.0% to 7.5%", "90.0% to 97.5%")


def test_what_was_not_measured_stands_outside_the_order_and_is_not_tested(build):
    ws = build({"mask": ["1", "", "", ""] * 5}, {"mask": BINARY})
    put(ws, [n / 20 for n in range(12)], problems=[13])
    with ws.read() as connection:
        fact = next(fact for fact in image_facts(connection) if fact.name == "brightness")
        assert measured.progress(connection) == measured.Progress(20, 7, 1, "gone")
    assert (fact.groups[-1], fact.outside, fact.having) == ("not measured", 1, "")
    assert np.flatnonzero(fact.at == len(fact.groups) - 1).tolist() == list(range(12, 20))
    finding = told(ws)["mask", "brightness"]
    assert [(g.name, g.images) for g in finding.groups[-finding.outside :]] == [("not measured", 8)]


def test_dates_are_shown_as_dates_and_images_without_one_are_asked_about(build):
    day = 86_400.0
    ws = build({"mask": ["1"] * 15 + [""] * 25}, {"mask": BINARY})
    put(ws, [0.5] * 38, [None if n in (20, 30) else 1_600_000_000 + n * day for n in range(38)])
    with ws.read() as connection:
        fact = next(fact for fact in image_facts(connection) if fact.name == "date taken")
    assert fact.groups[0] == "2020-09-13 to 2020-09-15"
    assert fact.groups[-2:] == ("no date", "not measured")
    assert (fact.at[20], fact.at[39], fact.outside) == (10, 11, 2)
    found = told(ws)
    assert "were taken later (p < 0.001)" in sentence(found["mask", "date taken"])
    assert [g.name for g in found["mask", "date taken"].groups] == list(fact.groups)
    having = found["mask", "having a date taken"]
    assert [(g.name, g.missing, g.images) for g in having.groups] == [("one", 21, 36), ("none", 2, 2)]
    assert "go with having a date taken" in sentence(having)


def test_pictures_from_before_1970_have_dates_too(build):
    ws = build({"mask": ["1", ""] * 2}, {"mask": BINARY})
    put(ws, [0.1] * 4, [-86_400.0 * 365 * n for n in range(4)])
    with ws.read() as connection:
        fact = next(fact for fact in image_facts(connection) if fact.name == "date taken")
    assert fact.groups == ("1967-01-02", "1968-01-02", "1969-01-01", "1970-01-01")
