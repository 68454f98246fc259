"""Tables of the review beside the log of decisions: how a proposal was shown, notes, the nearest known images."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from core.store import schema

# Decisions whose proposal was hidden; all others saw it.
blind = Table(
    "review_blind",
    schema.metadata,
    Column("decision_id", ForeignKey("decision.id"), primary_key=True),
)

note = Table(
    "image_note",
    schema.metadata,
    Column("id", Integer, primary_key=True),
    Column("client_id", String, nullable=False, unique=True),
    Column("image_id", ForeignKey("image.id"), nullable=False),
    Column("reviewer", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("created", Float, nullable=False),
)
note_image = Index("image_note_image", note.c.image_id)

near = Table(
    "near",
    schema.metadata,
    Column("label_id", ForeignKey("label.id"), primary_key=True),
    Column("image_id", ForeignKey("image.id"), primary_key=True),
    # [[image id, similarity from -1 to 1], …], nearest first: images whose label was known when it was looked for
    Column("found", JSON, nullable=False),
)

# What the grid reads: waiting proposals of one class, whatever came before them in the queue.
_P = schema.proposal.c
by_class = Index(
    "proposal_by_class", _P.label_id, _P.run_id, _P.settled, _P.heldout, _P.value, _P.put_off, _P.confidence
)

TABLES = (blind, note, near)
INDEXES = (note_image, by_class)
