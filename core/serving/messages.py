"""What the browser may send, checked before anything is done with it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.store.decisions import MAX_NOTE

MAX_BODY = 512 * 1024  # bytes; sixty decisions with notes of full length are less
MAX_DECISIONS = 60  # in one request: a whole grid
MAX_HELD = 1000  # images that a browser may say it holds
MAX_WANTED = 120  # items in one answer: a grid, and the next one
MAX_ID = 2**53  # the largest whole number that a browser's JSON keeps; SQLite's is larger

Id = Annotated[int, Field(ge=1, le=MAX_ID, strict=True)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cell(_Message):
    image: Id
    label: Id


class Decision(_Message):
    """One decision, or the taking back of one.

    `client` and `seq` together are its id; an `undo` names what it takes back by that, or by its number. `blind` says
    that the proposal was hidden, `check` that it was because the cell was a check. A `note` on the image is no
    decision, but comes the same way.
    """

    client: Annotated[str, Field(pattern=r"^[0-9a-zA-Z-]{8,64}$")]
    seq: Id
    action: Literal["accept", "reject", "choose", "skip", "flag", "undo", "note"]
    cell: Cell | None = None
    proposal: Id | None = None
    value: Annotated[int, Field(ge=0, le=32767, strict=True)] | None = None
    note: Annotated[str, Field(max_length=MAX_NOTE)] | None = None
    undoes: Annotated[str, Field(max_length=130)] | Id | None = None
    blind: Annotated[bool, Field(strict=True)] = False
    check: Annotated[bool, Field(strict=True)] = False

    @property
    def client_id(self) -> str:
        return f"{self.client}:{self.seq}"

    @model_validator(mode="after")
    def _whole(self) -> Decision:
        if (self.action == "undo") != (self.undoes is not None):
            raise ValueError("`undoes` goes with the action undo, and only with it")
        if (self.action == "undo") == (self.cell is not None):
            raise ValueError("`cell` goes with every action but undo")
        if self.action == "note" and self.note is None:
            raise ValueError("a note needs its text, `note`")
        if self.blind and self.action in ("accept", "reject"):
            raise ValueError("a proposal that was hidden can't be accepted or rejected")
        return self


class Wish(_Message):
    """Which items the browser wants next: in an order, or for a grid those for which one class is proposed.

    `held` are images that it has, `free` such as it has no more without having decided about them; `tab` tells apart
    the pages in which one person has them.
    """

    label: Id
    order: Annotated[str, Field(max_length=40)]
    held: Annotated[list[Id], Field(max_length=MAX_HELD)] = []
    free: Annotated[list[Id], Field(max_length=MAX_HELD)] = []
    tab: Annotated[str, Field(pattern=r"^[0-9a-zA-Z-]{0,64}$")] = ""
    want: Annotated[int, Field(ge=0, le=MAX_WANTED)] = 0
    grid: Annotated[int, Field(ge=0, le=32767)] | None = None


class Post(Wish):
    """Decisions in the order in which they were made, and the wish for more items."""

    decisions: Annotated[list[Decision], Field(max_length=MAX_DECISIONS)] = []


def told(error: ValidationError) -> str:
    """Return the first thing that is wrong with a message: where, what was expected and what arrived."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the message"
    arrived = repr(first.get("input"))
    return f"{where}: {first['msg']}; {arrived if len(arrived) <= 80 else arrived[:77] + '...'} arrived."
