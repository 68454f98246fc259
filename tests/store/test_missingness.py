"""Gaps of a workspace against what else is known."""

from __future__ import annotations

import numpy as np

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


def test_what_rules_imply_counts_as_known(build):
    """Every 5k is missing where mask is 0, in one folder: the rule fills them, so nothing is chosen there."""
    mask = ["0", "1"] * 30
    columns = {"mask": mask, "distancing": ["1"] * 60, "5k": ["" if m == "0" else "1" for m in mask]}
    ws = build({**columns, "fname": [f"{m}/{i}.png" for i, m in enumerate(mask)]}, dict.fromkeys(columns, BINARY))
    assert told(ws)["5k", "mask"].told
    assert told(ws)["5k", "folder"].told
    with ws.write() as connection:
        set_rules(connection, [FIVE_K])
    assert not {("5k", "mask"), ("5k", "folder")} & set(told(ws))


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
    assert np.bincount(facts["file size"].at).tolist() == [1, 19]  # nearly all the same
    assert facts["file size"].groups == ("0 kB", "7 kB")
