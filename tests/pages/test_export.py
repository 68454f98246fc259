"""The export page."""

from __future__ import annotations


def test_it_previews_the_table_in_the_imported_schema(demo, open_page):
    app = open_page("export")
    shown = app.dataframe[0].value
    assert list(shown.columns) == ["image_id", "fname", "mask", "distancing", "5k"]
    assert len(shown) == 30


def test_the_demo_says_how_right_its_proposals_are_and_why_it_can_know(proposed, open_page):
    app = open_page("export")
    assert any("Only the demo" in c.value for c in app.caption)
    assert "proposal" in set(app.dataframe[1].value["origin"])


def test_the_image_folder_is_written_once_and_never_over_something(demo, open_page, tmp_path):
    app = open_page("export")
    out = tmp_path / "out"
    app.text_input(key="export_folder").set_value(str(out)).run()
    app.button(key="write_folder").click().run()
    assert not app.exception
    assert (out / "metadata.csv").is_file()
    app.button(key="write_folder").click().run()
    assert any("not empty" in e.value for e in app.error)


def test_a_source_that_is_left_out_leaves_its_cells_empty_and_is_counted(demo, open_page):
    """With no source chosen the page still counted only the cells that nobody had filled."""
    app = open_page("missing_values")
    app.button(key="write_free").click().run()
    app.switch_page("../export.py").run()
    app.get("button_group")[0].set_value([]).run()
    gaps = sum(1 for row in app.dataframe[0].value.itertuples() for value in row[3:] if value in ("", None))
    assert any(f"0 filled cells go into the table; {gaps} cells stay empty" in c.value for c in app.caption)
