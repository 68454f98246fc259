"""The Dataset page: a first visit, an import by path and by upload, and what it shows when things are wrong."""

from __future__ import annotations

import io
import zipfile

import pytest

from core.store import cells
from core.store.labels import rules as read_rules
from core.workspace import Workspace
from tests.images.pictures import encoded, noise
from tests.importing.sets import HEADER, ROWS, RULE, images, table

FIVE = ["1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg"]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home without any workspace."""
    monkeypatch.setenv("GAPWISE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GAPWISE_WORKSPACE", raising=False)
    return tmp_path / "home"


def figures(app) -> dict[str, str]:
    return {m.label: m.value for m in app.metric}


def previewed(app, path, folder, name="mine"):
    app.text_input(key="import_name").set_value(name)
    app.text_input(key="import_table").set_value(str(path))
    app.text_input(key="import_images").set_value(str(folder))
    app.button(key="import_preview").click().run()
    assert not app.exception
    return app


def by_label(widgets, label):
    return next(w for w in widgets if w.label == label)


def test_the_demo_is_shown_with_pictures_labels_and_tables(demo, open_page):
    app = open_page("dataset")
    assert figures(app)["Images"] == "30"
    assert figures(app)["Labels"] == "3"
    labels = next(d.value for d in app.dataframe if "kind" in d.value)
    assert labels["label"].tolist() == ["mask", "distancing", "5k"]
    app.button(key="shuffle").click().run()
    assert not app.exception


def test_a_first_visit_imports_into_a_new_workspace(home, tmp_path, open_page):
    images(tmp_path / "i", FIVE)
    app = open_page("dataset")
    assert "no workspace yet" in app.info[0].value
    previewed(app, table(tmp_path / "t.csv", HEADER, *ROWS), tmp_path / "i")
    by_label(app.text_area, "Rules").set_value(RULE).run()
    app.button(key="import_check").click().run()
    assert figures(app)["Usable rows"] == "5"
    assert not list(home.glob("*/gapwise.sqlite"))
    app.button(key="import_confirm").click().run()
    assert not app.exception
    assert "5 images imported" in app.success[0].value
    assert figures(app)["Images"] == "5"
    ws = Workspace.open(home / "mine")
    with ws.read() as connection:
        assert cells.load(connection).values.tolist()[1] == [0, -1, -1]
        assert read_rules(connection) == [RULE]
    assert all(ws.preview_path(i).is_file() for i in range(1, 6))
    assert app.session_state["workspace_root"] == str(home / "mine")


def test_a_rule_is_checked_as_it_is_typed(home, tmp_path, open_page):
    images(tmp_path / "i", FIVE)
    app = previewed(open_page("dataset"), table(tmp_path / "t.csv", HEADER, *ROWS), tmp_path / "i")
    by_label(app.text_area, "Rules").set_value("5k = mask adn distancing").run()
    assert "adn" in app.error[0].value
    caret = app.code[0].value.splitlines()
    assert caret[0][caret[1].index("^") :].startswith("adn")
    assert "Check" not in [b.label for b in app.button]


def test_a_column_without_any_value_is_said_to_be_no_label_and_why(home, tmp_path, open_page):
    """It came in as any other column, without a word: the page had nothing on it to fill."""
    images(tmp_path / "i", FIVE)
    lines = [f"{HEADER},weather_", *(f"{row},{'NA' if n % 2 else ''}" for n, row in enumerate(ROWS))]
    app = previewed(open_page("dataset"), table(tmp_path / "t.csv", *lines), tmp_path / "i")
    told = next(c.value for c in app.caption if "no value in any row" in c.value)
    assert told.startswith(r":material/info: weather\_: this column has")
    assert "so nothing says which classes it has, and it is no label. To fill one here, tick it" in told


def test_a_plan_changed_after_the_check_has_to_be_checked_again(home, tmp_path, open_page):
    images(tmp_path / "i", FIVE)
    app = previewed(open_page("dataset"), table(tmp_path / "t.csv", HEADER, *ROWS), tmp_path / "i")
    app.button(key="import_check").click().run()
    by_label(app.text_area, "Rules").set_value(RULE).run()
    assert any("Check again" in i.value for i in app.info)
    assert "import_confirm" not in [b.key for b in app.button]


def test_what_is_wrong_is_listed_before_and_after_the_import(home, tmp_path, open_page):
    images(tmp_path / "i", FIVE)
    (tmp_path / "i" / "3.jpg").write_bytes(b"")
    app = previewed(open_page("dataset"), table(tmp_path / "t.csv", HEADER, *ROWS, "6,gone.jpg,1,1,1"), tmp_path / "i")
    app.button(key="import_check").click().run()
    assert (figures(app)["Usable rows"], figures(app)["Set aside"]) == ("4", "2")
    rows = next(d.value for d in app.dataframe if "severity" in d.value)
    assert rows["problem"].tolist() == ["empty", "not_found"]
    app.button(key="import_confirm").click().run()
    assert figures(app)["Rows set aside"] == "2"
    asides = next(d.value for d in app.dataframe if "problem" in d.value)
    assert asides[["row", "file"]].to_numpy().tolist() == [[4, "3.jpg"], [7, "gone.jpg"]]


@pytest.mark.parametrize(
    ("name", "path", "folder", "message"),
    [
        ("mine", "", "", "Name a table"),
        ("mine", "/gone.csv", "/", "no table"),
        ("mine", "", "/gone", "no folder"),
        ("../x", "t.csv", ".", "can't be called"),
    ],
)
def test_what_can_not_be_read_is_said_and_the_page_stays_usable(home, tmp_path, open_page, name, path, folder, message):
    images(tmp_path, FIVE)
    table(tmp_path / "t.csv", HEADER, *ROWS)
    at = {"t.csv": str(tmp_path / "t.csv"), ".": str(tmp_path)}
    if folder == "/":
        folder = str(tmp_path)
    app = previewed(open_page("dataset"), at.get(path, path), at.get(folder, folder), name)
    assert any(message in e.value for e in app.error), [e.value for e in app.error]
    previewed(app, tmp_path / "t.csv", tmp_path)
    assert not app.error
    app.button(key="start_over").click().run()
    assert "import_preview" in [b.key for b in app.button]


def test_an_upload_is_stored_in_the_workspace_it_goes_to(home, open_page):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        for i, name in enumerate(FIVE):
            out.writestr(f"set/{name}", encoded(noise(i), "JPEG"))
        out.writestr("set/t.csv", "\n".join([HEADER, *ROWS]))
    app = open_page("dataset")
    app.segmented_control(key="import_from").set_value("Upload").run()
    app.text_input(key="import_name").set_value("sent")
    app.file_uploader(key="import_image_files").set_value(("set.zip", archive.getvalue(), "application/zip"))
    app.button(key="import_preview").click().run()
    assert not app.exception
    assert not app.error
    app.button(key="import_check").click().run()
    app.button(key="import_confirm").click().run()
    assert figures(app)["Images"] == "5"
    ws = Workspace.open(home / "sent")
    with ws.read() as connection:
        paths = [r.path for r in cells.known(connection, 1)]
    assert all(path.startswith(str(ws.root / "images")) for path in paths)


def test_starting_over_takes_an_upload_back(home, open_page):
    app = open_page("dataset")
    app.segmented_control(key="import_from").set_value("Upload").run()
    app.text_input(key="import_name").set_value("sent")
    app.file_uploader(key="import_image_files").set_value(("1.jpg", encoded(noise(0), "JPEG"), "image/jpeg"))
    app.button(key="import_preview").click().run()
    app.button(key="start_over").click().run()
    assert not app.exception
    assert list((home / "sent" / "images").iterdir()) == []


def test_the_second_import_of_a_table_says_that_nothing_is_new(home, tmp_path, open_page):
    images(tmp_path / "i", FIVE)
    path = table(tmp_path / "t.csv", HEADER, *ROWS)
    app = previewed(open_page("dataset"), path, tmp_path / "i")
    app.button(key="import_check").click().run()
    app.button(key="import_confirm").click().run()
    app.text_input(key="import_table").set_value(str(path))
    app.text_input(key="import_images").set_value(str(tmp_path / "i"))
    app.button(key="import_preview").click().run()
    app.button(key="import_check").click().run()
    assert figures(app)["Known already"] == "5"
    app.button(key="import_confirm").click().run()
    assert "Nothing new" in app.success[0].value


def test_what_was_typed_is_there_after_a_look_at_another_page(home, tmp_path, open_page):
    """Streamlit forgets the widgets of a page that is left: the rules were gone, and with them the check."""
    images(tmp_path / "i", FIVE)
    app = open_page("dataset")
    previewed(app, table(tmp_path / "t.csv", HEADER, *ROWS), tmp_path / "i")
    by_label(app.text_area, "Rules").set_value(RULE).run()
    by_label(app.text_input, "These mean missing").set_value("?, x").run()
    app.button(key="import_check").click().run()
    app.switch_page("../scaling.py").run()
    app.switch_page("../dataset.py").run()
    assert not app.exception
    assert by_label(app.text_area, "Rules").value == RULE
    assert by_label(app.text_input, "These mean missing").value == "?, x"
    assert app.button(key="import_confirm")


def test_a_new_workspace_needs_a_name(home, tmp_path, open_page):
    images(tmp_path / "i", FIVE)
    app = previewed(open_page("dataset"), table(tmp_path / "t.csv", HEADER, *ROWS), tmp_path / "i", name=" ")
    assert "a name" in app.error[0].value
