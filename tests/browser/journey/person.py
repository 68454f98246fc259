"""Somebody who reviews in a browser tab, and knows the truth: it was drawn."""

from __future__ import annotations

from collections import Counter

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Row, func, select

from core.demo.build import truth
from core.store import schema
from core.store.labels import label_id, labels
from core.workspace import Workspace
from tests.browser.app import IDLE, PRESS, App
from tests.browser.conftest import Server

READY = ".card[data-image]:not([data-image=''])"
# Whether a picture is on the card, or nothing waits.
_RESTS = """() => {
  const cards = [...document.querySelectorAll("*")].map((e) => e.shadowRoot?.querySelector(".card"));
  const card = cards.find(Boolean);
  return card.dataset.image || card.querySelector(".veil").textContent.startsWith("Nothing waits");
}"""
SEEN = 80  # milliseconds between a picture and an answer: no person is quicker


class Person:
    """One tab on the app, and the workspace that it changes.

    Attributes:
        label: The name of the label that is reviewed.
        names: Its classes' names.
        truth: Image to the class that was drawn.
    """

    label = "mask"

    def __init__(self, browser: Browser, server: Server, workspace: Workspace, name: str) -> None:
        self.workspace = workspace
        self.app = App(browser, server.url, width=1280, height=900)
        with workspace.read() as connection:
            self.label_id = label_id(connection, self.label)
            self.names = labels(connection)[self.label_id].names
        table = truth(workspace)
        self.truth = dict(zip(table["image_id"].tolist(), table[self.label].tolist(), strict=True))
        self.named(name)

    @property
    def page(self) -> Page:
        return self.app.page

    @property
    def card(self):
        return self.page.locator(".card")

    def named(self, name: str) -> None:
        """Say who reviews."""
        field = self.page.get_by_label("Reviewer", exact=True)
        field.fill(name)
        field.press("Enter")
        self.app.idle()
        expect(field).to_have_value(name)

    def shown(self) -> int:
        """Return the image on the card, 0 for none."""
        return int(self.card.get_attribute("data-image") or 0)

    def hidden(self) -> bool:
        """Whether the card hides what is proposed."""
        return "which?" in self.page.locator(".question").inner_text()

    def press(self, key: str, stored: bool = True) -> int:
        """Press a key about the image on the card, wait for the next one; return the image."""
        self.page.wait_for_timeout(SEEN)
        image = self.shown()
        self.page.keyboard.press(key)
        expect(self.card).not_to_have_attribute("data-image", str(image))
        if stored:
            self.all_stored()
        return image

    def answer(self, stored: bool = True) -> int:
        """Answer what is true with the class's key; return the image."""
        return self.press(str(self.truth[self.shown()] + 1), stored)

    def all_stored(self) -> None:
        """Wait until the server has acknowledged everything, and the next picture is there or nothing waits."""
        expect(self.card).to_have_attribute("data-waiting", "0")
        self.page.wait_for_function(_RESTS)

    def all_in_grid(self) -> None:
        """Wait until what was accepted in the grid is stored."""
        expect(self.card).to_have_attribute("data-waiting", "0")

    def wait_for_log(self, count: int) -> None:
        """Wait until so many entries are in the log, half a minute at most."""
        for _ in range(150):
            if len(self.log()) >= count:
                return
            self.page.wait_for_timeout(200)
        raise AssertionError(f"{len(self.log())} decisions, not {count}")

    def reload(self) -> None:
        """Load the page anew, on which Streamlit asks in vain below the page's address first; the name stays."""
        name = self.page.get_by_label("Reviewer", exact=True).input_value()
        self.page.reload()
        self.page.wait_for_selector(IDLE)
        self.page.wait_for_selector(READY)
        self.app.errors.clear()
        expect(self.page.get_by_label("Reviewer", exact=True)).to_have_value(name)

    def below(self, name: str) -> None:
        """Open what is below the card."""
        self.page.get_by_test_id("stMain").get_by_role("radio", name=name).or_(
            self.page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True)
        ).first.click(delay=PRESS)
        self.app.idle()

    def pick(self, place: str, label: str, option: str) -> None:
        """Choose from one of Streamlit's lists."""
        box = self.page.get_by_test_id(place).get_by_test_id("stSelectbox").filter(has_text=label)
        box.get_by_role("combobox").click(delay=PRESS)
        self.page.get_by_role("option", name=option).click(delay=PRESS)
        self.page.wait_for_timeout(800)  # the list takes the focus back a moment after it closed
        self.app.idle()

    def quiet(self) -> None:
        """Let the messages in the corner go."""
        expect(self.page.get_by_test_id("stToast")).to_have_count(0)

    def log(self) -> list[Row]:
        """Return all decisions, oldest first."""
        with self.workspace.read() as connection:
            return list(connection.execute(select(schema.decision).order_by(schema.decision.c.id)))

    def cell(self, image: int, label: str = "") -> tuple[int | None, str | None]:
        """Return a cell's value and source."""
        c = schema.cell.c
        with self.workspace.read() as connection:
            where = (c.image_id == image, c.label_id == label_id(connection, label or self.label))
            return tuple(connection.execute(select(c.value, c.source).where(*where)).one())

    def sources(self) -> Counter:
        """Return how many cells of all labels have which source; None for no value."""
        c = schema.cell.c
        with self.workspace.read() as connection:
            rows = connection.execute(select(c.source, func.count()).group_by(c.source))
            return Counter({source: n for source, n in rows})

    def proposal(self, image: int) -> Row:
        """Return the newest proposal for an image."""
        p = schema.proposal.c
        with self.workspace.read() as connection:
            query = select(schema.proposal).where(p.image_id == image, p.label_id == self.label_id)
            return connection.execute(query.order_by(p.run_id.desc()).limit(1)).one()
