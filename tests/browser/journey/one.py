"""One picture at a time: answers, map, zoom, notes, a hidden proposal, undo; a server that dies."""

from __future__ import annotations

from playwright.sync_api import expect
from sqlalchemy import select

from core.store import blind, near, review_schema, schema
from tests.browser.conftest import Server
from tests.browser.journey.album import Album
from tests.browser.journey.person import READY, Person


def steps(ann: Person, album: Album, server: Server) -> None:
    """Go through the first cards."""
    ann.app.go("Review")
    ann.page.wait_for_selector(READY)
    _first(ann, album)
    _accept(ann, album)
    _map_and_reject(ann, album)
    _choose_zoomed(ann, album)
    _note(ann, album)
    _flag_skip_undo(ann, album)
    _blind(ann, album)
    _killed(ann, album, server)


def _first(ann: Person, album: Album) -> None:
    image = ann.shown()
    proposal = ann.proposal(image)
    asked = f"{ann.label}: {ann.names[proposal.value]}? {proposal.confidence:.2f}"
    expect(ann.page.locator(".question")).to_have_text(asked)
    with ann.workspace.read() as connection:
        found = near.nearest(connection, ann.label_id, [image])[image][:3]
    expect(ann.page.locator(".near figcaption")).to_have_text([ann.names[one.value] for one in found])
    assert all(ann.cell(one.image_id)[1] in ("given", "human") for one in found)
    album.add(ann.page, "the-card", f"proposal {proposal.id} asks “{asked}”; all three neighbours are known.")


def _until(ann: Person, right: bool) -> None:
    """Answer until a card comes whose proposal is right, or wrong."""
    while (ann.proposal(ann.shown()).value == ann.truth[ann.shown()]) != right:
        ann.answer()


def _accept(ann: Person, album: Album) -> None:
    _until(ann, right=True)
    value = ann.proposal(ann.shown()).value
    image = ann.press("a")
    last = ann.log()[-1]
    assert (last.action, last.image_id, last.value, last.applied) == ("accept", image, value, 1)
    assert ann.cell(image) == (value, "human")
    album.add(ann.page, "accepted", f"one decision, and the cell is {ann.names[value]}, by a"
              " person.")  # fmt: skip


def _map_and_reject(ann: Person, album: Album) -> None:
    _until(ann, right=False)
    ann.page.keyboard.press("m")
    expect(ann.page.locator("canvas.map")).to_be_visible()
    value = ann.proposal(ann.shown()).value
    image = ann.press("x")
    assert ann.cell(image) == (1 - value, "human")
    expect(ann.page.locator("canvas.map")).to_be_visible()
    album.add(ann.page, "map", f"“{ann.names[value]}?” rejected is stored as {ann.names[1 - value]}.")
    ann.page.keyboard.press("m")


def _choose_zoomed(ann: Person, album: Album) -> None:
    before = len(ann.log())
    for key in ("+", "+", "ArrowRight"):
        ann.page.keyboard.press(key)
    expect(ann.page.locator(".stage")).to_have_class("stage zoomed")
    assert len(ann.log()) == before
    album.add(ann.page, "zoom", "no decision.")
    truth = ann.truth[ann.shown()]
    image = ann.answer()
    assert (ann.log()[-1].action, ann.cell(image)) == ("choose", (truth, "human"))


def _note(ann: Person, album: Album) -> None:
    image = ann.shown()
    ann.page.keyboard.press("n")
    ann.page.keyboard.type("ax12: the sun is in the way")
    ann.page.keyboard.press("Enter")
    expect(ann.page.locator(".notes")).to_contain_text("the sun is in the way")
    ann.all_stored()
    n = review_schema.note.c
    with ann.workspace.read() as connection:
        assert connection.execute(select(n.image_id, n.text)).all() == [(image, "ax12: the sun is in the way")]
    assert not [row for row in ann.log() if row.image_id == image]
    album.add(ann.page, "note", "one note, no decision about this image.")


def _flag_skip_undo(ann: Person, album: Album) -> None:
    flagged = ann.press("f")
    skipped = ann.press("Space")
    assert [row.action for row in ann.log()[-2:]] == ["flag", "skip"]
    assert all(ann.proposal(image).put_off for image in (flagged, skipped))
    album.add(ann.page, "flagged", "both are put off, neither has a value.")
    image = ann.answer()
    for expected in (image, skipped):
        ann.page.keyboard.press("Backspace")
        expect(ann.card).to_have_attribute("data-image", str(expected))
        ann.all_stored()
    assert [row.action for row in ann.log()[-2:]] == ["undo", "undo"]
    assert ann.cell(image) == (None, None)
    assert not ann.proposal(skipped).put_off
    album.add(ann.page, "undo", "the answer and the skip are taken back by two entries more, nothing is erased.")


def _blind(ann: Person, album: Album) -> None:
    ann.pick("stSidebar", "Hide the proposal", "for 100% of the items")
    expect(ann.page.locator(".question")).to_have_text(f"{ann.label}: which? ")
    image, before = ann.shown(), len(ann.log())
    ann.page.keyboard.press("a")
    ann.page.wait_for_timeout(500)
    assert (ann.shown(), len(ann.log())) == (image, before)
    album.add(ann.page, "hidden-proposal", "`a` stored nothing.")
    ann.answer()
    with ann.workspace.read() as connection:
        marked = connection.execute(select(review_schema.blind.c.decision_id)).scalars().all()
        assert blind.percent(connection) == 100
    assert marked == [ann.log()[-1].id]
    ann.pick("stSidebar", "Hide the proposal", "never")
    expect(ann.page.locator(".question")).not_to_contain_text("which?")


def _killed(ann: Person, album: Album, server: Server) -> None:
    """Kill the server with answers under way; then load the page anew."""
    before = ann.log()
    server.process.kill()
    server.process.wait()
    images = [ann.answer(stored=False) for _ in range(3)]
    expect(ann.page.locator(".warning")).to_contain_text("3 not stored yet")
    assert ann.log() == before
    album.add(ann.page, "server-gone", "nothing new.")
    server.start()
    ann.all_stored()
    told = ann.log()[len(before):]  # fmt: skip
    assert [(row.image_id, row.value, row.applied) for row in told] == [(i, ann.truth[i], 1) for i in images]
    ann.reload()
    assert ann.log()[len(before):] == told  # fmt: skip
    with ann.workspace.read() as connection:
        assert not connection.execute(select(schema.cell.c.value).where(schema.cell.c.image_id == ann.shown(),
                                      schema.cell.c.label_id == ann.label_id)).scalar()  # fmt: skip
    album.add(ann.page, "server-back", "each of the three once, on its own image, with its own class.")
