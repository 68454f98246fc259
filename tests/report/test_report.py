"""A report is one file that fetches nothing, runs nothing and shows hostile names as they are."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from core.errors import GapwiseError
from core.explain.asking import Answer
from core.explain.stored import checkpoint, row_of
from core.labels.label import Label
from core.report import page
from core.report.report import content, report
from core.report.tables import confusion_table, hardest_classes
from core.store import maps, runs, schema
from core.store.hard import LISTS
from core.store.labels import label_id
from core.store.map_schema import VERDICT
from tests.conftest import propose
from tests.explain.made import notes

EVIL = '"><script src=//evil.example/x.js></script><img src=x onerror=alert(1)>.png'
TURN = "a\u202egnp.exe"  # what follows would be read backwards
CLASSES = ("<b>no</b>", "yes & more")


@pytest.fixture
def ws(build):
    columns = {"fname": [EVIL, TURN, "c.png", "d.png"], "mask": [CLASSES[0], CLASSES[1], CLASSES[0], CLASSES[1]]}
    made = build(columns, {"mask": CLASSES})
    probs = {EVIL: [0.1, 0.9], TURN: [0.8, 0.2], "c.png": [0.7, 0.3], "d.png": [0.4, 0.6]}
    propose(made, "mask", probs, heldout=True)
    with made.write() as connection:
        cells = np.zeros((4, 4), np.uint8)
        cells[0] = 255
        values = {"map": cells.tobytes(), "map_height": 4, "map_width": 4}
        connection.execute(schema.proposal.update().where(schema.proposal.c.image_id == 1).values(values))
    return made


def made(ws, which="wrong", limit=60, **more):
    with ws.read() as connection:
        mask = label_id(connection, "mask")
    return content(ws, mask, 1, which, limit, **more)


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def test_a_report_fetches_nothing_and_runs_nothing_whatever_files_and_classes_are_called(ws):
    found = Tags(made(ws))
    assert not {"script", "link", "iframe", "object", "a", "form", "base"} & {tag for tag, _ in found.tags}
    assert all(not name.startswith("on") for _, attrs in found.tags for name in attrs)
    sources = [attrs["src"] for tag, attrs in found.tags if tag == "img"]
    assert sources
    assert all(re.fullmatch(r"data:image/jpeg;base64,[A-Za-z0-9+/=]+", one) for one in sources)
    assert EVIL in "".join(found.text)
    assert CLASSES[0] in found.text
    assert "url(" not in "".join(found.text)
    policy = next(attrs["content"] for tag, attrs in found.tags if "http-equiv" in attrs)
    assert policy.startswith("default-src 'none'")


def test_no_list_lets_a_name_of_workspace_label_recipe_class_or_file_through(build):
    evil = "<img src=x onerror=alert(1)>"
    ws = build({"fname": [EVIL, "b.png", TURN], evil: [*CLASSES, ""]}, {evil: CLASSES})
    ws.set_setting("name", evil)
    probs = {EVIL: [0.1, 0.9], "b.png": [0.8, 0.2]}
    propose(ws, evil, probs, heldout=True)
    propose(ws, evil, {**probs, EVIL: [0.6, 0.4], TURN: [0.3, 0.7]}, heldout=True)
    with ws.write() as connection:
        connection.execute(schema.run.update().values(recipe=evil, config={"settings": {"model": evil}}))
        connection.execute(schema.image.update().values(digest="d"))  # copies, each named in the other's reason
        label = label_id(connection, evil)
    shown = set()
    for which in LISTS:
        text = content(ws, label, 1, which, 60)
        found = Tags(text)
        told = "".join(found.text)
        assert "<img src=x" not in text
        assert not {"script", "link", "iframe", "object", "a", "form", "base"} & {tag for tag, _ in found.tags}
        assert all(not name.startswith("on") for _, attrs in found.tags for name in attrs)
        assert all(attrs["src"].startswith("data:image/jpeg;base64,") for tag, attrs in found.tags if tag == "img")
        assert told.count(evil) >= 5  # title, heading, workspace, recipe, network
        shown |= {which} if EVIL in told else set()
    assert {"wrong", "loss", "disagree", "duplicates", "all"} <= shown


def test_a_name_that_turns_the_direction_ends_with_itself(ws):
    assert f"<bdi>{TURN}</bdi>" in made(ws)


def test_text_that_no_file_could_hold_is_shown_as_a_mark():
    assert page.escaped("a\ud800b\x00c") == "a?b�c"


def test_pictures_come_with_their_maps_and_reasons(ws):
    text = made(ws)
    figures = [part.split("</figure>")[0] for part in text.split('class="pictures"')[1].split("<figure>")[1:]]
    assert [figure.count("<img") for figure in figures] == [2, 1]
    assert "says yes &amp; more (0.90), known as &lt;b&gt;no&lt;/b&gt;" in figures[0]
    assert "no map" in figures[1]
    plain, mapped = (
        np.asarray(Image.open(BytesIO(base64.b64decode(one))).convert("RGB"), np.int16)
        for one in re.findall(r"base64,([^\"]+)", figures[0])
    )
    # The picture is (0, 0, 40) all over; the map covers its top.
    assert mapped[0].mean() > plain[0].mean() + 30
    assert abs(mapped[-1] - plain[-1]).max() < 25


EMPTY = "Don't trust this map: nothing in the picture speaks for what was asked, so it shows nothing."


def judge(ws, target="1", test=VERDICT, layer="blocks.4"):
    """Store a verdict on the map of image 1 as the worker does."""
    trust = {"why": "empty", "holds": False, "test": test}
    answer = Answer(1, 1, 1, b"\0", target, [0.1, 0.9], layer, trust, False, 1)
    about = {"run_id": 1, "label_id": 1, "checkpoint": checkpoint(ws.run_dir(1)), "chosen": 1}
    with ws.write() as connection:
        maps.put(connection, [row_of(answer, {"method": "gradcam", "smooth": "none"}, about)])


def weights(ws, **more):
    ws.run_dir(1).mkdir(parents=True, exist_ok=True)
    (ws.run_dir(1) / runs.BEST).write_bytes(b"weights")
    notes(ws, 1, **more)


def test_a_map_that_was_tested_has_its_verdict_under_it(ws):
    weights(ws)
    judge(ws)
    text = "".join(Tags(made(ws)).text)
    assert text.count(EMPTY) == 1
    assert "not tested" not in text


@pytest.mark.parametrize("other", [{"target": "0"}, {"test": VERDICT + 1}, {"layer": "blocks.2"}])
def test_a_verdict_on_another_map_counts_for_nothing_and_how_to_test_is_said_once(ws, other):
    weights(ws)
    judge(ws, **other)
    text = "".join(Tags(made(ws, limit=1)).text)
    assert EMPTY not in text
    assert text.count("map not tested") == 2  # under the picture, and where it is explained
    assert text.count("`python -m core maps 1 --list wrong --limit 1 --trust` tests them.") == 1


def test_maps_of_another_checkpoint_have_no_verdict(ws):
    weights(ws, mixed=True)
    judge(ws)
    text = "".join(Tags(made(ws)).text)
    assert EMPTY not in text
    assert "not all, of the run's present checkpoint" in text


def test_tall_pictures_are_held_to_a_height():
    style = page.document("t", []).split("<style>")[1].split("</style>")[0]
    for image in (".pair img", ".maps img"):
        rule = style.split(image + "{")[1].split("}")[0]
        assert re.search(r"max-height:\d{3}px", rule)
        assert "object-fit:contain" in rule  # not squeezed


def test_figures_and_the_confusion_matrix_are_those_of_the_run(ws):
    text = "".join(Tags(made(ws)).text)
    assert "50.0%right" in text
    assert "4held-out images" in text
    assert "The first" not in text


def test_a_list_with_images_that_the_run_learned_from_does_not_deny_it(ws):
    assert "The run did not learn from any of these images." in made(ws)
    assert "The run did not learn" not in made(ws, "all")


def test_a_limit_cuts_the_list_and_says_so(ws):
    text = made(ws, limit=1)
    assert "The first 1 of 2 images." in text
    assert text.count('class="pair"') == 1
    with pytest.raises(GapwiseError, match="0 to 500 images"):
        made(ws, limit=501)


def test_a_picture_that_is_gone_is_said_in_its_place(ws, tmp_path):
    for file in ws.root.glob("images/*.png"):
        file.unlink()
    text = made(ws)
    assert text.count('class="pair"') == 2
    assert "<img" not in text.split('class="pictures"')[1]


def test_progress_is_told_and_can_stop_it_with_nothing_written(ws, tmp_path):
    told = []
    with ws.read() as connection:
        mask = label_id(connection, "mask")
    out = report(ws, mask, 1, "wrong", 60, tmp_path / "out.html", lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(GapwiseError, match="Stopped"):
        report(ws, mask, 1, "wrong", 60, tmp_path / "other.html", lambda done, of: True)
    assert not (tmp_path / "other.html").exists()


def test_a_run_of_another_label_is_refused(ws):
    with pytest.raises(GapwiseError, match="is one of mask"):
        content(ws, 9, 1, "wrong", 5)


def test_a_large_matrix_is_told_by_its_most_frequent_confusions():
    label = Label("kind", tuple(f"k{i}" for i in range(30)))
    table = np.eye(30, dtype=int) * 10
    table[3, 4], table[7, 1] = 10, 2
    text = "".join(confusion_table(label, table))
    assert text.index("k3") < text.index("k7")
    assert "50%" in text  # 10 of the 20 images of k3
    assert "k9" not in text
    hardest = "".join(hardest_classes(label, table))
    assert hardest.index("k3") < hardest.index("k7")
    assert "k9" not in hardest
    assert hardest_classes(Label("mask", ("0", "1")), np.array([[1, 2], [3, 4]])) == []
