"""Several people, the rest of the queue, training again, and the filled table."""

from __future__ import annotations

import pandas as pd
from playwright.sync_api import Browser, expect

from core.labels.label import MISSING
from core.store import agreement, queue, runs
from core.store.cells import load
from core.store.images import image_count
from core.store.labels import labels
from core.store.proposals import latest_run
from tests.browser.app import IDLE, PRESS
from tests.browser.conftest import Server
from tests.browser.journey import many
from tests.browser.journey.album import Album
from tests.browser.journey.person import READY, Person

SHARED = 4  # cells that two people answer
MOST = 600  # answers until the queue is empty: more than there are images


def steps(ann: Person, album: Album, server: Server, browser: Browser) -> None:
    """Bring a second and a third person in, drain the queue, take the table away."""
    ben = Person(browser, server, ann.workspace, "ben")
    ben.app.go("Review")
    _two(ann, ben, album)
    ben.app.close()
    carla = Person(browser, server, ann.workspace, "carla")
    carla.app.go("Review")
    _third(ann, carla, album)
    carla.app.close()
    _retrain(ann, album)
    many.last(ann)
    _restarted(ann, server)
    _drain(ann, album)
    _export(ann, album)


def _two(ann: Person, ben: Person, album: Album) -> None:
    """Let both answer the same cells; about one of them they differ.

    An item is leased to one person at a time. Ben uses the plain buttons, which know of no leases.
    """
    shared: list[int] = []
    while len(shared) < SHARED:
        ann.reload()
        ben.page.reload()
        ben.page.wait_for_selector(IDLE)
        ben.app.errors.clear()
        ben.page.get_by_test_id("stSidebar").get_by_text("Plain buttons").click(delay=PRESS)
        ben.app.idle()
        image = ann.shown()
        fname = ann.page.locator(".file").inner_text().split(" · ")[0]
        if not ann.hidden() and ben.page.get_by_text(f"{fname} · run").count():
            shared.append(image)
            _plain(ben, ann.names[ann.truth[image] if len(shared) > 1 else 1 - ann.truth[image]])
            if len(shared) == 1:
                _noticed(ann, album)
        ann.answer()
    with ann.workspace.read() as connection:
        pair = agreement.agreements(connection, ann.label_id)[0]
        conflict = agreement.conflicts(connection, ann.label_id)[0]
    assert (pair.cells, pair.agreed) == (SHARED, 1 - 1 / SHARED)
    assert (conflict.image_id, conflict.by, conflict.reviewer) == (shared[0], "ben", "ann")


def _noticed(ann: Person, album: Album) -> None:
    wrong = 1 - ann.truth[ann.shown()]
    expect(ann.page.locator(".said")).to_contain_text("Somebody else has decided this one")
    assert ann.cell(ann.shown()) == (wrong, "human")
    album.add(ann.page, "two-people", f"the cell is {ann.names[wrong]}, by ben.")


def _plain(ben: Person, name: str) -> None:
    before = len(ben.log())
    ben.page.locator(".st-key-pair_review").get_by_role("button", name=name, exact=False).last.click(delay=PRESS)
    ben.app.idle()
    ben.wait_for_log(before + 1)
    last = ben.log()[-1]
    assert (last.reviewer, ben.names[last.value]) == ("ben", name)


def _third(ann: Person, carla: Person, album: Album) -> None:
    carla.page.wait_for_selector(READY)
    carla.below("Second opinions")
    with ann.workspace.read() as connection:
        pair = agreement.agreements(connection, ann.label_id)[0]
        row = agreement.conflicts(connection, ann.label_id)[0]
    kappa = "not defined" if pair.kappa is None else f"{pair.kappa:.2f}"
    expect(carla.page.get_by_text("Cohen's kappa")).to_contain_text(kappa)
    right = carla.names[carla.truth[row.image_id]]
    button = carla.app.button(f"It is {right}").first
    button.scroll_into_view_if_needed()
    album.add(carla.page, "second-opinions", f"{pair.agreed:.0%} of {pair.cells} alike, kappa {kappa}; one conflict.")
    button.click(delay=PRESS)
    expect(carla.page.get_by_text("Cells that need a second opinion")).to_have_count(0)
    with ann.workspace.read() as connection:
        assert agreement.conflicts(connection, ann.label_id) == []
    assert ann.cell(row.image_id) == (ann.truth[row.image_id], "human")


def _retrain(ann: Person, album: Album) -> None:
    with ann.workspace.read() as connection:
        run = latest_run(connection, ann.label_id)
        new = runs.new_labels(connection, ann.workspace, run)
    ann.reload()
    hint = ann.app.button("Train again")
    expect(ann.page.get_by_test_id("stMain")).to_contain_text(f"{new.trusted:,} new label")
    hint.scroll_into_view_if_needed()
    album.add(ann.page, "train-again", f"{new.trusted} new labels since run {run}.")


def _restarted(ann: Person, server: Server) -> None:
    """Start the server anew. What Ben and Carla had on screen would else be theirs for five minutes more."""
    before, log = ann.sources(), ann.log()
    server.stop()
    server.start()
    ann.reload()
    assert (ann.sources(), ann.log()) == (before, log)


def _drain(ann: Person, album: Album) -> None:
    """Answer until nothing waits; checks only until they have told whether the promise is kept."""
    veil = ann.page.locator(".veil")
    for _ in range(MOST):
        if not ann.shown():
            break
        is_check = ann.page.locator(".why").inner_text().startswith(many.CHECK)
        if is_check and many.told(ann):
            ann.press("Space")
        else:
            ann.answer()
    expect(veil).to_contain_text("Nothing waits for a decision here. This session:")
    with ann.workspace.read() as connection:
        assert queue.pending_count(connection, ann.label_id) == 0
        table = load(connection, list(ann.truth))
    values = table.values[:, table.label_ids.index(ann.label_id)]
    assert (values != MISSING).all()
    ann.page.get_by_text("Progress", exact=True).click()
    expect(ann.page.locator(".lines")).to_contain_text("Answers by")
    expect(ann.page.locator(".why")).to_be_hidden()  # of the last card
    ann.page.locator(".lines").scroll_into_view_if_needed()
    album.add(ann.page, "nothing-waits", f"all {len(values)} cells of `{ann.label}` have a value.")


def _export(ann: Person, album: Album) -> None:
    ann.app.go("Export")
    ann.page.get_by_text("Add columns with each cell's source").click(delay=PRESS)
    ann.app.idle()
    with ann.page.expect_download() as waiting:
        ann.app.button("Download the table (CSV)").click(delay=PRESS)
    found = pd.read_csv(waiting.value.path(), dtype=str, keep_default_na=False)
    told = _agrees(ann, found)
    album.add(ann.page, "export", told)


def _agrees(ann: Person, found: pd.DataFrame) -> str:
    """Hold an exported table against the store and the truth; return what it has."""
    with ann.workspace.read() as connection:
        assert len(found) == image_count(connection)
        known = list(labels(connection).values())
    counted = {}
    for label in known:
        for source, n in found[f"{label.name}_source"].value_counts().items():
            counted[source] = counted.get(source, 0) + int(n)
    stored = ann.sources()
    names = ("given", "human", "derived", "pseudo")
    assert {name: counted.get(name, 0) for name in names} == {name: stored[name] for name in names}
    assert (found[ann.label] != "").all()
    wrong = (found[ann.label].astype(int).to_numpy() != list(ann.truth.values())) & (
        found[f"{ann.label}_source"] != "given"
    )
    by_model = found[f"{ann.label}_source"] == "pseudo"
    assert not (wrong & ~by_model).any()  # people answered what is true
    return (
        f"{', '.join(f'{stored[name]} {name}' for name in names)} cells in the file as in the store; of the"
        f" {int(by_model.sum())} `{ann.label}` cells that a model filled, {int(wrong.sum())} are wrong."
    )
