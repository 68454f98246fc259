"""The tables. Decisions are an append-only log; cells are its current state.

Class codes are indices into `label.classes`; NULL means missing. Times are seconds since the epoch
(UTC); order never depends on them, only on the ids, so a clock that goes backwards changes nothing.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

VERSION = 7
OLDEST = 1  # what is still read, see `core.store.upgrade`

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", JSON),
)

label = Table(
    "label",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", String, nullable=False, unique=True),
    Column("classes", JSON, nullable=False),  # list of values as the table spells them
    Column("names", JSON, nullable=False),  # list of display names
)

rule = Table(
    "rule",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("text", Text, nullable=False),
)

# One import: the table as it came, kept beside the database as Parquet, every value as text.
source_table = Table(
    "source_table",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False, unique=True),  # SHA-256 of table content and plan
    Column("file", String, nullable=False),  # relative to the workspace
    Column("images_root", String, nullable=False),
    Column("plan", JSON, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("created", Float, nullable=False),
)

# What images have in common: all cells of an image together. A million images have some hundred profiles, so counts,
# patterns and deductions read those; `core.store.profiles` keeps them up to date with every change of a cell.
profile = Table(
    "profile",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String, nullable=False, unique=True),  # BLAKE2b of `cells`, which would be too long for an index
    # int16, little-endian, (labels in table order, 3): given, value, index of the source; -1 none
    Column("cells", LargeBinary, nullable=False),
    Column("images", Integer, nullable=False),  # how many have it now; 0 once all have left it
)

image = Table(
    "image",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("table_id", ForeignKey("source_table.id"), nullable=False),
    Column("row", Integer, nullable=False),  # 0-based row in the source table
    Column("fname", String, nullable=False, unique=True),  # as the table names it
    Column("path", String, nullable=False),  # absolute, checked to lie under images_root
    Column("width", Integer, nullable=False),  # after EXIF orientation
    Column("height", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("digest", String, nullable=False),  # SHA-256 of the file: identical images share it
    Column("profile_id", ForeignKey("profile.id")),  # NULL only while its cells are being written
)
Index("image_digest", image.c.digest)
image_profile = Index("image_profile", image.c.profile_id, image.c.id)

# What is read off the pictures, see `core.images.measure`. An image without a row was not looked at yet.
image_fact = Table(
    "image_fact",
    metadata,
    Column("image_id", ForeignKey("image.id", ondelete="CASCADE"), primary_key=True),
    Column("brightness", Float),
    Column("contrast", Float),
    Column("sharpness", Float),
    Column("taken", Float),  # the camera's clock, read as UTC; NULL without a date that can be true
    Column("problem", Text),  # why it could not be read; the figures are NULL then
)
image_fact_problem = Index(
    "image_fact_problem",
    image_fact.c.image_id,
    sqlite_where=image_fact.c.problem.is_not(None),
    postgresql_where=image_fact.c.problem.is_not(None),
)

# Rows of a source table that did not become images, with the reason: exported unchanged, never lost.
aside = Table(
    "aside",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("table_id", ForeignKey("source_table.id"), nullable=False),
    Column("row", Integer),  # NULL for a file that no row names
    Column("fname", String, nullable=False),
    Column("problem", String, nullable=False),
    Column("detail", Text, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", Integer),
    Column("label_id", ForeignKey("label.id"), nullable=False),
    Column("recipe", String, nullable=False),
    Column("config", JSON, nullable=False),  # recipe in full, seed, versions, data fingerprint
    Column("metrics", JSON),  # best metrics once there are any
    Column("created", Float, nullable=False),
)

# Held-out images of a label: chosen once, kept for all runs on it, so that runs can be compared.
holdout = Table(
    "holdout",
    metadata,
    Column("label_id", ForeignKey("label.id"), primary_key=True),
    Column("image_id", ForeignKey("image.id"), primary_key=True),
)

proposal = Table(
    "proposal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("image_id", ForeignKey("image.id"), nullable=False),
    Column("label_id", ForeignKey("label.id"), nullable=False),
    Column("probs", JSON, nullable=False),  # calibrated class probabilities, list of C floats
    # What is proposed, and its probability, given the image's known cells and the rules, see `core.store.beliefs`; of a
    # held-out cell, and where no rule has a say, the run's likeliest class.
    Column("value", SmallInteger, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("heldout", SmallInteger, nullable=False, default=0),  # 1: a known held-out cell, kept for measuring
    Column("map", LargeBinary),  # uint8 activation map at feature resolution, row-major
    Column("map_height", SmallInteger),
    Column("map_width", SmallInteger),
    Column("joint", JSON(none_as_null=True)),  # probabilities that the rules leave; NULL where they are `probs`
    # The run's own likeliest class and its probability, whatever the rules make of it; NULL where they are `value` and
    # `confidence`. What held-out cells say of a run speaks of these.
    Column("own_value", SmallInteger),
    Column("own_confidence", Float),
    Column("embedding", LargeBinary),  # int8, what the network makes of the picture, see `core.pseudo.embedding`
    # What the queue is read by, kept true by `core.store.waiting`.
    Column("settled", SmallInteger, nullable=False, default=0, server_default="0"),  # 1 once its cell has a value
    # The newest decision that put its cell to the end of the queue and still stands; 0 for none.
    Column("put_off", Integer, nullable=False, default=0, server_default="0"),
    UniqueConstraint("run_id", "image_id", "label_id"),
)
Index("proposal_label", proposal.c.label_id, proposal.c.run_id, proposal.c.heldout, proposal.c.confidence)
Index("proposal_image", proposal.c.image_id, proposal.c.label_id)
# The queue: what waits lies together, in the order of confidence or of the table, so that the next items of a million
# are at hand whatever was decided before.
_QUEUE = (
    proposal.c.label_id,
    proposal.c.run_id,
    proposal.c.settled,
    proposal.c.heldout,
    proposal.c.put_off,
)
queue_indexes = (
    Index("proposal_by_confidence", *_QUEUE, proposal.c.confidence, proposal.c.id),
    Index("proposal_by_image", *_QUEUE, proposal.c.image_id),
)

# Orders of the queue that a command works out, see `core.store.ranks`: the first so many of each.
rank = Table(
    "rank",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("label_id", ForeignKey("label.id"), nullable=False),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("image_id", ForeignKey("image.id"), nullable=False),
    Column("proposal_id", ForeignKey("proposal.id", ondelete="CASCADE"), nullable=False),
    Column("place", Float, nullable=False),  # smallest first
    Column("reason", Text),  # why it is there, one line; NULL where the order says it all
    Column("waits", SmallInteger, nullable=False),  # 1: waits; 2: was put off; 0: is settled
)
Index("rank_queue", rank.c.label_id, rank.c.run_id, rank.c.kind, rank.c.waits, rank.c.place, rank.c.id)
Index("rank_image", rank.c.image_id)
Index("rank_proposal", rank.c.proposal_id)

decision = Table(
    "decision",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("client_id", String, nullable=False, unique=True),
    Column("reviewer", String, nullable=False),
    # accept reject choose skip flag undo; of many cells at once: bulk, and withdraw for a part of them
    Column("action", String, nullable=False),
    Column("image_id", ForeignKey("image.id")),  # NULL for many cells at once
    Column("label_id", ForeignKey("label.id")),
    Column("proposal_id", ForeignKey("proposal.id")),  # what was on screen
    Column("value", SmallInteger),  # the class it stores; NULL for skip, flag, undo
    Column("applied", SmallInteger, nullable=False),  # 0: kept, but somebody had decided the cell before
    Column("undoes", ForeignKey("decision.id"), unique=True),
    # What it changed, so that an undo restores exactly that: {"prior": cell before, "written": {label id: code},
    # "withdrawn": [label ids], "unasked": [label ids]}; the latter three are derived cells of the same image,
    # see `cells.settle`.
    Column("effects", JSON),
    Column("note", Text),
    Column("created", Float, nullable=False),
)
Index("decision_cell", decision.c.image_id, decision.c.label_id)
# Foreign keys look here for every proposal that is deleted; most decisions and cells name one or none, hence partial.
decision_proposal = Index(
    "decision_proposal",
    decision.c.proposal_id,
    sqlite_where=decision.c.proposal_id.is_not(None),
    postgresql_where=decision.c.proposal_id.is_not(None),
)
Index("decision_reviewer", decision.c.reviewer, decision.c.id)
# Answers that were kept beside a cell's value: few, and asked for with every look at what people disagree about.
decision_second = Index(
    "decision_second",
    decision.c.id,
    sqlite_where=decision.c.applied == 0,
    postgresql_where=decision.c.applied == 0,
)

cell = Table(
    "cell",
    metadata,
    Column("image_id", ForeignKey("image.id"), primary_key=True),
    Column("label_id", ForeignKey("label.id"), primary_key=True),
    Column("given", SmallInteger),  # the imported value; NULL: a gap
    Column("value", SmallInteger),  # the current value
    Column("source", String),  # given human derived pseudo, NULL while there is no value
    # What set it; for a derived cell the decision that settled it, NULL when `derive` wrote it.
    Column("decision_id", ForeignKey("decision.id")),
    Column("proposal_id", ForeignKey("proposal.id")),  # what that decision agreed with, if anything
)
Index("cell_state", cell.c.label_id, cell.c.source, cell.c.value)
cell_proposal = Index(
    "cell_proposal",
    cell.c.proposal_id,
    sqlite_where=cell.c.proposal_id.is_not(None),
    postgresql_where=cell.c.proposal_id.is_not(None),
)

# Many cells of a label that were filled at once with a run's predictions. Its entry in the log is what its cells name
# (`cell.decision_id`), and what an undo takes back.
acceptance = Table(
    "acceptance",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("decision_id", ForeignKey("decision.id"), nullable=False, unique=True),
    Column("label_id", ForeignKey("label.id"), nullable=False),
    Column("run_id", Integer, nullable=False),  # no key: a run may go once nothing of it stands
    Column("precision", Float, nullable=False),  # promised share of right ones
    Column("level", Float, nullable=False),  # how surely, for each threshold
    Column("promises", JSON, nullable=False),  # thresholds and what they rest on, see `core.pseudo.offer`
    Column("expected", Float, nullable=False),  # wrong cells to expect
    Column("cells", Integer, nullable=False),  # how many it filled
    Column("derived", Integer, nullable=False),  # how many the rules wrote because of it
    Column("population", Integer, nullable=False),  # how many of them the present audit speaks for
    # Cells below this confidence were taken back later; 0 while nobody raised it.
    Column("least", Float, nullable=False, default=0.0, server_default="0"),
    Column("stage", Integer, nullable=False, default=0, server_default="0"),  # how often: each has an audit of its own
    Column("withdrawn", Float),  # when all of it was taken back, by whom and why; NULL while it stands
    Column("withdrawn_by", String),
    Column("why", Text),
)

# Cells that are put before a person to measure something, in the order in which they were drawn (ids).
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    # sample: of an acceptance; open: of what waits, before any; known: held-out cells with a value, which is hidden
    Column("kind", String, nullable=False),
    Column("label_id", ForeignKey("label.id"), nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("acceptance_id", ForeignKey("acceptance.id")),
    Column("stage", Integer, nullable=False, default=0),  # the acceptance's, when it was drawn
    Column("image_id", ForeignKey("image.id"), nullable=False),
    Column("proposal_id", Integer, nullable=False),
    Column("value", SmallInteger, nullable=False),  # what is being checked: the accepted, proposed or known class
    Column("after", Integer, nullable=False),  # the newest decision then: what comes later is an answer
    # 1 until somebody answers it or passes it over: what the queue is read by, kept true by `core.store.audits`.
    Column("waits", SmallInteger, nullable=False, default=1, server_default="1"),
)
Index("audit_cell", audit.c.label_id, audit.c.image_id)
Index(
    "audit_waiting",
    audit.c.label_id,
    audit.c.id,
    sqlite_where=audit.c.waits == 1,
    postgresql_where=audit.c.waits == 1,
)

job = Table(
    "job",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),  # train predict measure ...
    Column("command", JSON, nullable=False),  # arguments after `python -m core`
    # queued running stopping stopped finished failed waiting (lost is seen, not stored)
    Column("state", String, nullable=False),
    Column("pid", Integer),
    Column("pid_started", Float),  # psutil's create_time: tells a reused pid apart
    Column("run_id", Integer),
    Column("message", Text),  # how it ended, for people
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("ended", Float),
)
