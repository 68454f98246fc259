"""From a table with gaps to proposals: the demo, its free cells, a training."""

from __future__ import annotations

from playwright.sync_api import expect
from sqlalchemy import func, select

from core import jobs
from core.store import cells, queue, schema
from core.store.images import image_count
from core.store.missing import report
from core.store.proposals import latest_run
from tests.browser.app import IDLE, PRESS
from tests.browser.journey.album import Album
from tests.browser.journey.person import Person


def steps(ann: Person, album: Album) -> None:
    """Look at the data, write what rules imply, train until there are proposals."""
    _dataset(ann, album)
    _free_cells(ann, album)
    _training(ann, album)


def _dataset(ann: Person, album: Album) -> None:
    expect(ann.page.get_by_role("heading", level=1)).to_have_text("Dataset")
    with ann.workspace.read() as connection:
        images = image_count(connection)
    assert ann.app.metric("Images") == f"{images:,}"
    album.add(ann.page, "dataset", f"{images} images.")


def _free_cells(ann: Person, album: Album) -> None:
    ann.app.go("Missing values")
    with ann.workspace.read() as connection:
        before = report(connection).cells
    free = before["free"]
    assert free > 0
    album.add(ann.page, "missing-values", f"{free} free cells, {before['open']} open ones.")
    ann.app.button(f"Write the {free} free cells").click(delay=PRESS)
    expect(ann.app.button("No free cells to write")).to_be_disabled()
    ann.app.idle()
    assert ann.sources()["derived"] == free
    album.add(ann.page, "derived", f"{free} cells with the source `derived`, none free any more.")


def _training(ann: Person, album: Album) -> None:
    ann.app.go("Fine-tune")
    with ann.workspace.read() as connection:
        waiting = len(cells.open_cells(connection, ann.label_id))
        trained = latest_run(connection, ann.label_id) is not None
    if not trained:  # a kept workspace may have its run already
        ann.app.button("Start training").click(delay=PRESS)
        expect(ann.page.get_by_text("running", exact=True).first).to_be_visible(timeout=120_000)
        ann.page.get_by_role("heading", name="Jobs").scroll_into_view_if_needed()
        state = jobs.list_jobs(ann.workspace, 1)[0].state
        assert state == "running"
        album.add(ann.page, "training", "the newest job runs.", label=ann.label)
        ann.page.reload()
        ann.page.wait_for_selector(IDLE)
        ann.app.errors.clear()  # below a page's name Streamlit looks for its server twice in vain
    expect(ann.page.get_by_text("finished", exact=True).first).to_be_visible(timeout=1_800_000)
    ann.app.idle()
    p = schema.proposal.c
    with ann.workspace.read() as connection:
        run = latest_run(connection, ann.label_id)
        proposed = connection.execute(select(func.count()).where(p.run_id == run, p.heldout == 0)).scalar_one()
        assert proposed == waiting == queue.pending_count(connection, ann.label_id)
    ann.page.get_by_role("heading", name="Jobs").scroll_into_view_if_needed()
    album.add(ann.page, "trained", f"run {run} proposes a class for all {proposed} open cells of `{ann.label}`.")
