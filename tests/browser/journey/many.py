"""Many cells at once: a grid with exceptions, an offer that is refused and one that is taken, checks, the ways back."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from sqlalchemy import func, select

from core.pseudo import audit, offer
from core.store import acceptances, audits, schema
from tests.browser.app import PRESS
from tests.browser.journey.album import Album
from tests.browser.journey.person import READY, Person

LOOK = 900  # milliseconds until a page of the grid counts as looked at
PROMISES = (0.95, 0.93, 0.92, 0.91, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65)  # asked for in this order
LAST = 0.7
CHECKS = 3  # answered before anything is taken back
CHECK = "A check, chosen by chance"


def steps(ann: Person, album: Album) -> None:
    """Accept many, look at what people find in them, and take them back in each way."""
    _grid(ann, album)
    _refused(ann, album)
    promise = next(p for p in PROMISES if _offer(ann, p).cells)
    _taken(ann, album, promise)
    _audit(ann, album)
    _undone(ann, album)
    _by_chance(ann, album)
    _accept(ann, promise)
    _withdrawn(ann, album)


def last(ann: Person) -> None:
    """Accept once more, to stay: for less, so that its checks have told before all of it is answered."""
    ann.below("Accept in bulk")
    _accept(ann, LAST)
    _anew(ann)


def told(ann: Person) -> bool:
    """Whether checks have told if the acceptance that stands keeps its promise."""
    with ann.workspace.read() as connection:
        return bool(audit.telling(connection, ann.label_id))


def _grid(ann: Person, album: Album) -> None:
    ann.page.keyboard.press("g")
    ann.page.locator(".grid select").select_option("12")
    expect(ann.card).to_have_attribute("data-seen", "12")
    ann.page.wait_for_timeout(LOOK)
    shown = [int(tile.get_attribute("data-image")) for tile in ann.page.locator(".tile").all()]
    value = ann.proposal(shown[0]).value
    wrong = [n for n, image in enumerate(shown) if ann.truth[image] != value] or [len(shown) - 1]
    for n in wrong:
        ann.page.locator(".tile").nth(n).click(delay=PRESS)
    expect(ann.page.locator('.tile[aria-selected="true"]')).to_have_count(len(wrong))
    before = len(ann.log())
    album.add(ann.page, "grid", "nothing yet.", proposed=ann.names[value], marked=len(wrong))
    ann.page.keyboard.press("a")
    expect(ann.page.locator(f'.tile[data-image="{shown[wrong[0]]}"]')).to_have_count(0)
    ann.all_in_grid()
    made = ann.log()[before:]
    right = [image for n, image in enumerate(shown) if n not in wrong]
    assert [(r.image_id, r.action, r.value) for r in made] == [(image, "accept", value) for image in right]
    ann.page.keyboard.press("g")
    ann.page.wait_for_selector(READY)
    assert ann.shown() == shown[wrong[0]]
    album.add(ann.page, "exceptions", f"{len(right)} decisions more, none on a marked image.")
    for _ in wrong:
        ann.answer()
    assert [r.image_id for r in ann.log()[before + len(right) :]] == [shown[n] for n in wrong]


def _offer(ann: Person, promise: float) -> offer.Offer:
    with ann.workspace.read() as connection:
        return offer.offer(connection, ann.label_id, promise)


def _ask(ann: Person, promise: float) -> None:
    """Type how many of a hundred are to be right."""
    field = ann.page.get_by_role("spinbutton", name="Share of right cells to promise, %")
    field.fill(f"{100 * promise:.1f}")
    field.press("Enter")
    ann.app.idle()
    expect(ann.page.get_by_text(re.compile(rf"at {100 * promise:g}%|waiting cells of"))).not_to_have_count(0)
    ann.page.get_by_text("Second opinions").scroll_into_view_if_needed()


def _refused(ann: Person, album: Album) -> None:
    ann.below("Accept in bulk")
    _ask(ann, 0.99)
    found = _offer(ann, 0.99)
    assert not found.cells
    table = ann.page.get_by_test_id("stTable")
    expect(table).to_contain_text("No threshold keeps 99%")
    table.scroll_into_view_if_needed()
    album.add(ann.page, "no-threshold", f"{found.heldout} held-out cells speak, no cell is offered.")


def _taken(ann: Person, album: Album, promise: float) -> None:
    found = _offer(ann, promise)
    _ask(ann, promise)
    button = ann.app.button(f"Accept {found.cells:,} cells")
    button.scroll_into_view_if_needed()
    album.add(
        ann.page, "offer", f"the offer fills {found.cells} of {found.waiting} cells.", percent=f"{100 * promise:g}"
    )
    _accept(ann, promise)
    row = _acceptances(ann)[0]
    assert (row.cells, ann.sources()["pseudo"]) == (found.cells, found.cells)
    ann.page.locator("p").filter(has_text=f"Acceptance {row.id}:").scroll_into_view_if_needed()
    album.add(
        ann.page, "accepted-in-bulk", f"{row.cells} cells with the source `pseudo`, {row.derived} derived from them."
    )
    _anew(ann)


def _accept(ann: Person, promise: float) -> None:
    _ask(ann, promise)
    count = _offer(ann, promise).cells
    before = len(_acceptances(ann))
    ann.app.button(f"Accept {count:,} cells").click(delay=PRESS)
    expect(ann.page.get_by_test_id("stToast")).to_contain_text(f"{count:,} cells accepted.")
    ann.app.idle()
    assert len(_acceptances(ann)) == before + 1


def _anew(ann: Person) -> None:
    """Load the page anew: the cards that the browser holds are from before, and checks are not among them yet."""
    ann.quiet()
    ann.reload()
    ann.below("Accept in bulk")


def _acceptances(ann: Person) -> list:
    with ann.workspace.read() as connection:
        return acceptances.listed(connection, ann.label_id)


def _audit(ann: Person, album: Album) -> None:
    """Go on in the queue until some of the checks are answered."""
    row, done, pictured = _acceptances(ann)[0], 0, False
    while done < CHECKS:
        why = ann.page.locator(".why").inner_text()
        if why.startswith(CHECK) and not pictured:
            album.add(ann.page, "a-check", "this image is in the sample.")
            pictured = True
        ann.answer()
        with ann.workspace.read() as connection:
            tally = audits.tallies(connection, [row])[row.id]
        done = tally.right + tally.wrong
    found = audit.measured(tally, max(1, row.population, tally.drawn), row.precision)
    assert tally.seen == CHECKS
    line = ann.page.locator("p").filter(has_text=f"Acceptance {row.id}:")
    expect(line).to_contain_text(f"{tally.right} of {CHECKS} checked are right")
    line.scroll_into_view_if_needed()
    album.add(ann.page, "audit", f"{tally.right} of {tally.seen} right, {found.low:.0%} to {found.high:.0%}.")


def _undone(ann: Person, album: Album) -> None:
    """Press Undo until the acceptance is undone, too."""
    before = len(ann.log())
    while not _acceptances(ann)[0].withdrawn:
        assert len(ann.log()) < before + 100
        arrived = len(ann.log())
        ann.page.keyboard.press("Backspace")
        ann.page.wait_for_timeout(300)
        ann.all_stored()
        ann.wait_for_log(arrived + 1)
    assert ann.sources()["pseudo"] == 0
    last = ann.log()[-1]
    assert (last.action, last.image_id) == ("undo", None)
    ann.page.get_by_role("heading", level=1).scroll_into_view_if_needed()
    expect(ann.page.locator(".said")).to_contain_text("accepted at once are taken back")
    album.add(ann.page, "undo-through-it", f"{len(ann.log()) - before} decisions taken back, no cell is `pseudo`.")


def _by_chance(ann: Person, album: Album) -> None:
    """Have some cells chosen by chance, so that a threshold can rest on them."""
    asked = {p: min((c.review for k in _offer(ann, p).kinds for c in k.classes if c.review), default=0)
             for p in (0.99, *PROMISES)}  # fmt: skip
    promise = min((p for p, n in asked.items() if n), key=asked.get)
    count = asked[promise]
    _ask(ann, promise)
    ann.app.button(f"Review {count:,} chosen by chance").click(delay=PRESS)
    expect(ann.page.get_by_test_id("stToast")).to_contain_text("chosen by chance")
    ann.app.idle()
    a = schema.audit.c
    with ann.workspace.read() as connection:
        drawn = connection.execute(select(func.count()).where(a.kind == audits.OPEN, a.waits == 1)).scalar_one()
    assert drawn == count
    note = ann.page.get_by_text(re.compile("chosen by chance wait in the queue"))
    expect(note).to_be_visible()
    note.scroll_into_view_if_needed()
    album.add(ann.page, "by-chance", f"{drawn} cells drawn.", percent=f"{100 * promise:g}")


def _withdrawn(ann: Person, album: Album) -> None:
    row = _acceptances(ann)[0]
    line = ann.page.locator("p").filter(has_text=f"Acceptance {row.id}:")
    line.scroll_into_view_if_needed()
    ann.app.button("Withdraw").first.click(delay=PRESS)
    expect(ann.page.get_by_test_id("stToast")).to_contain_text("cells are open again")
    ann.app.idle()
    assert _acceptances(ann)[0].withdrawn
    assert ann.sources()["pseudo"] == 0
    ann.page.get_by_text("Accepted before").scroll_into_view_if_needed()
    album.add(ann.page, "withdrawn", f"all {row.cells} cells are open again.")
