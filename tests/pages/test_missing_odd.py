"""Tables that nobody would draw up, on the missing-value page and in the shell."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path

import pytest

from core.__main__ import main
from core.store.conditions import OfKind
from core.store.labels import labels
from core.store.selection import Selection
from core.workspace import Workspace
from pages.ui import gap_boxes, gap_selection, state
from tests.importing.sets import images, table
from tests.pages.board import put

LONG = "a very long name of a label " * 7 + "end"  # 199 letters
MARKUP = ("<b>bold</b>", "*star*", "[a](b)", "$x$", ":red[no]", "&lt;", "a | b", "`code`", "#head", "{x}", "%{y}")


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@pytest.fixture
def imported(tmp_path: Path, monkeypatch, capsys) -> Callable[..., Workspace]:
    """Import columns of text, "" a gap, as a person would: a CSV file and a folder of pictures."""

    def make(columns: Mapping[str, Sequence[str]], rules: Sequence[str] = ()) -> Workspace:
        count = len(next(iter(columns.values())))
        # A table is about its rows: a few pictures are enough, by other names.
        folder = images(tmp_path / "images", ["0.jpg"])
        picture = (folder / "0.jpg").read_bytes()
        for n in range(1, count):
            (folder / f"{n}.jpg").write_bytes(picture + bytes([n % 256, n // 256]))
        lines = [",".join(["file", *map(quoted, columns)])]
        lines += [",".join([f"{n}.jpg", *(quoted(values[n]) for values in columns.values())]) for n in range(count)]
        path = table(tmp_path / "table.csv", *lines)
        monkeypatch.setenv("GAPWISE_HOME", str(tmp_path / "home"))
        root = tmp_path / "home" / "odd"
        monkeypatch.setenv("GAPWISE_WORKSPACE", str(root))
        command = ["import", "--workspace", str(root), "--table", str(path), "--images", str(folder)]
        command += ["--filename", "file", "--yes"]
        command += [part for name in columns for part in ("--label", "none=0,1" if name == "none" else name)]
        command += [part for rule in rules for part in ("--rule", rule)]
        assert main(command) == 0, capsys.readouterr().err
        capsys.readouterr()
        return Workspace.open(root)

    return make


def in_the_shell(ws: Workspace, capsys) -> dict:
    """Every verb about gaps runs; what `missing --json` says is returned."""
    at = ["--workspace", str(ws.root)]
    assert main(["rules", *at]) == 0
    assert main(["missing", "--chance", *at]) == 0
    capsys.readouterr()
    assert main(["missing", "--json", *at]) == 0
    return json.loads(capsys.readouterr().out)


def on_the_page(ws: Workspace, open_page) -> None:
    """Every view opens, with and without a choice."""
    app = open_page("missing_values")
    with ws.read() as connection:
        first = next(iter(labels(connection).values()))
    views = ("Row by row", "Together", "By class", "By chance?")
    for kind, some in ((None, views), ("given", views[:2]), ("open", views[2:])):
        selection = Selection(() if kind is None else (OfKind(first.name, kind),))
        app.session_state[state.GAPS_CHOSEN] = {app.session_state[state.WORKSPACE]: gap_selection.Chosen(selection, 1)}
        for view in some:
            put(app, state.GAPS_VIEW, view)
    for box in (gap_boxes.CONFLICTS, gap_boxes.PROOFS, gap_boxes.RULES, gap_boxes.COUNTS):
        app.session_state[state.GAPS_BOX] = box
        app.run()
        assert not app.exception, app.exception[0].value
    for form in ("One line", "TSV", "Markdown", "Table"):
        app.segmented_control(key="gaps_listing").set_value(form).run()
        assert not app.exception, app.exception[0].value


def names(count: int) -> list[str]:
    return [f"label {n}" for n in range(count)]


GAPPY = ["1", "0", "", "1", "0", ""]
TABLES = {
    "no gaps": {"mask": ["1", "0"] * 5, "5k": ["1", "0"] * 5},
    "gaps in one label only": {"mask": GAPPY, "5k": ["1", "0", "1"] * 2},
    "one row": {"mask": ["1"], "hat": ["yes"]},
    "one row without a value": {"mask": ["1"], "none": [""]},
    "one label": {"mask": GAPPY},
    "forty labels": {name: GAPPY if n % 2 else GAPPY[::-1] for n, name in enumerate(names(40))},
    "three hundred classes": {"kind": [f"class {n}" for n in range(300)] * 2 + [""] * 5},
    "unicode": {"マスク😷": ["はい", "いいえ", ""] * 3, "Ärger": ["für", "wider", ""] * 3},
    "very long names": {LONG: [LONG + " yes", LONG + " no", ""] * 3, LONG + "!": GAPPY + GAPPY[:3]},
    "names that mean something elsewhere": {name: GAPPY for name in ("index", "mask", "size", "count", "values", "5")},
    "classes like markup": {"<i>x</i>": [*MARKUP, ""] * 2, "**b** | c": [*MARKUP[::-1], ""] * 2},
    "all gaps but one of each": {"mask": ["1", "0", *[""] * 8], "5k": [*[""] * 8, "0", "1"]},
}


@pytest.mark.parametrize("name", TABLES)
def test_an_odd_table_works_on_the_page_and_in_the_shell(name, imported, open_page, capsys):
    ws, columns = imported(TABLES[name]), TABLES[name]
    told = in_the_shell(ws, capsys)
    assert told["missing"] == {label: list(values).count("") for label, values in columns.items()}
    on_the_page(ws, open_page)


def test_two_thousand_patterns_work(imported, open_page, capsys):
    rows = [bits for bits in product(("", "1"), repeat=11) if any(bits)][:2000]
    rows = [["0" if cell and n % 3 == 0 else cell for cell in row] for n, row in enumerate(rows)]
    columns = {name: [row[j] for row in rows] for j, name in enumerate(names(11))}
    ws = imported(columns)
    told = in_the_shell(ws, capsys)
    assert len(told["patterns"]) == 2000
    on_the_page(ws, open_page)
