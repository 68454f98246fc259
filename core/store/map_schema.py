"""The table of activation maps that were asked for, beside the one that each proposal carries itself."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

from core.store import schema

# Which test verdicts in `trust` come from: 1, without a number, held maps against shuffled cells; 2 against moved maps.
# Those of another test are as good as none.
VERDICT = 2

activation_map = Table(
    "activation_map",
    schema.metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("image_id", ForeignKey("image.id", ondelete="CASCADE"), nullable=False),
    Column("label_id", ForeignKey("label.id"), nullable=False),
    Column("method", String, nullable=False),  # see `core.explain.methods`
    Column("layer", String, nullable=False),  # the module's name
    Column("chosen", SmallInteger, nullable=False),  # 1: the layer that is taken when nobody names one
    Column("target", String, nullable=False),  # class codes: "2", or "2-0" for the difference of two scores
    Column("smooth", String, nullable=False),
    Column("checkpoint", String, nullable=False),  # SHA-256 of the run's best weights that it was made with
    Column("map", LargeBinary, nullable=False),  # uint8 at feature resolution, row-major, 255 the strongest
    Column("height", SmallInteger, nullable=False),
    Column("width", SmallInteger, nullable=False),
    Column("probs", JSON, nullable=False),  # the run's class probabilities for the image, calibrated where it has been
    Column("predicted", SmallInteger, nullable=False),  # the likeliest class of those
    # `core.explain.trust.Trust`, what it says of the map; NULL where nobody asked.
    Column("trust", JSON(none_as_null=True)),
    Column("holds", SmallInteger),  # 1: tells more than chance, 0: does not; NULL where nobody asked
    Column("created", Float, nullable=False),
    UniqueConstraint("run_id", "image_id", "method", "layer", "target", "smooth"),
)
# The constraint's own index begins with the run; an image's maps are looked for where it is deleted.
by_image = Index("activation_map_image", activation_map.c.image_id)
