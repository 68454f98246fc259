from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest

from core.__main__ import main
from core.cli.missing import NAMES, _names
from core.store import cells
from tests.conftest import BINARY, FIVE_K, cells_of


def test_json_has_the_promised_keys_and_numbers(five_k, capsys):
    assert main(["missing", "--workspace", str(five_k.root), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == 6
    assert found["missing"] == {"mask": 2, "distancing": 2, "5k": 4}
    assert found["missing_together"] == {
        "mask+distancing": 0,
        "mask+5k": 2,
        "distancing+5k": 2,
        "mask+distancing+5k": 0,
    }
    assert sorted((p["rows"], p["missing"]) for p in found["patterns"]) == [
        (2, []),
        (2, ["distancing", "5k"]),
        (2, ["mask", "5k"]),
    ]
    assert found["cells"] == {
        "given": 10, "human": 0, "derived": 0, "pseudo": 0, "free": 2, "open": 6, "conflict": 0,
    }  # fmt: skip


def test_the_text_says_the_same_for_people(five_k, capsys):
    assert main(["missing", "--workspace", str(five_k.root)]) == 0
    out = capsys.readouterr().out
    for line in ("6 images", "  5k: 4", "  mask+5k: 2", "  2: missing mask, 5k", "  2: complete", "  free: 2"):
        assert line in out.splitlines()


def test_conflicts_are_told(build, capsys):
    ws = build(
        {"mask": ["0"], "distancing": ["1"], "5k": ["1"]}, dict.fromkeys(("mask", "distancing", "5k"), BINARY), [FIVE_K]
    )
    assert main(["missing", "--workspace", str(ws.root)]) == 0
    assert "1 image breaks a rule" in capsys.readouterr().out


def test_derive_writes_the_free_cells_and_counts_them(five_k, capsys):
    assert main(["derive", "--workspace", str(five_k.root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"derived": 2, "by_label": {"5k": 2}}
    assert cells_of(five_k)["1.png", "5k"] == (0, "derived")
    assert main(["derive", "--workspace", str(five_k.root)]) == 0
    assert capsys.readouterr().out == "0 cells derived\n"


@pytest.mark.parametrize("verb", ["missing", "derive"])
def test_without_a_workspace_it_fails_with_a_sentence(verb, tmp_path, capsys):
    assert main([verb, "--workspace", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: There is no workspace in")


def test_the_workspace_may_come_from_the_environment(five_k, monkeypatch, capsys):
    monkeypatch.setenv("GAPWISE_WORKSPACE", str(five_k.root))
    with five_k.write() as connection:
        cells.derive_all(connection)
    assert main(["missing", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cells"]["derived"] == 2


def test_why_tells_of_every_cell(five_k, capsys):
    assert main(["why", "1.png", "--workspace", str(five_k.root)]) == 0
    out = capsys.readouterr().out
    assert "mask: 0 (given)" in out
    assert "5k: free, 0, because mask is 0 and `5k = mask and distancing`" in out
    assert main(["why", "nosuch.png", "--workspace", str(five_k.root)]) == 1
    assert "There is no image 'nosuch.png'" in capsys.readouterr().err


def test_conflicts_are_listed_with_smallest_sets(build, capsys):
    ws = build({"mask": ["0", "1"], "5k": ["1", "1"]}, {"mask": BINARY, "5k": BINARY}, ["5k implies mask"])
    assert main(["missing", "--conflicts", "--workspace", str(ws.root)]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "0.png: can't all be true: mask is 0 and 5k is 1 and `5k implies mask`"
    assert "1 image breaks a rule" in out


@pytest.fixture
def wide(build):
    """60 images x 40 labels; label 7 has most gaps, 7 and 9 the most together, image 0 has none but one known cell."""
    gaps = np.random.default_rng(0).random((60, 40)) < 0.2
    gaps[:40, [7, 9]], gaps[0], gaps[0, 0] = True, True, False
    columns = {f"label {j}": ["" if gap else "1" for gap in gaps[:, j]] for j in range(40)}
    return build(columns, dict.fromkeys(columns, BINARY)), gaps


def test_of_many_labels_the_strongest_are_printed_and_the_rest_is_counted(wide, capsys):
    """A table of 40 labels came out as 1,233 lines, the pairs in the table's order."""
    ws, gaps = wide
    assert main(["missing", "--workspace", str(ws.root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 80
    assert max(map(len, lines)) <= 120
    pairs = {f"label {i}+label {j}": int((gaps[:, i] & gaps[:, j]).sum()) for i, j in combinations(range(40), 2)}
    printed = [line.strip() for line in lines if "+" in line]
    assert printed[0] == f"label 7+label 9: {pairs['label 7+label 9']}"
    assert [int(line.split(": ")[1]) for line in printed] == sorted(pairs.values(), reverse=True)[:20]
    assert "  760 more combinations, --all prints them" in lines
    assert "  20 more labels, --all prints them" in lines
    assert f"  {len({row.tobytes() for row in gaps}) - 20} more patterns, --all prints them" in lines


def test_all_of_it_is_printed_when_asked_for_and_json_is_always_whole(wide, capsys):
    ws, gaps = wide
    assert main(["missing", "--all", "--workspace", str(ws.root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("+" in line for line in lines) == 780
    assert f"  label 39: {int(gaps[:, 39].sum())}" in lines
    assert "  1: missing " + ", ".join(f"label {j}" for j in range(1, 40)) in lines
    assert not any("--all" in line for line in lines)
    assert main(["missing", "--json", "--workspace", str(ws.root)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["missing_together"]) == 780
    assert sum(p["rows"] for p in found["patterns"]) == 60
    assert len(found["patterns"]) == len({row.tobytes() for row in gaps})


def test_a_long_pattern_is_cut_where_the_line_ends():
    names = [f"label {j}" for j in range(40)]
    assert _names(names, every=True) == "missing " + ", ".join(names)
    told = _names(names, every=False)
    assert told.startswith("missing label 0, label 1,")
    shown = told.count("label ")
    assert told.endswith(f" and {40 - shown} more")
    assert len(told) <= NAMES + 20
    assert _names(["x" * 300], every=False) == "missing " + "x" * 300
    assert _names((), every=False) == "complete"
