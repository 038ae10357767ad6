"""The tables of scoring: the ledger is the record, facts and books are derived from it.

Instants are in microseconds. The column `cell` of a fact has the id of its book in the upper 32
bits and a checksum of the cell in the lower 32, so that one index serves lookups of a cell and of a
whole book. Two cells may have the same checksum, so `said` has the full cell, and its posting, as
JSON.
"""

from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from services.chassis.key_marks import key_marks_table
from services.chassis.outbox import outbox_table
from services.chassis.read_log import reads_table
from services.chassis.revocation_table import revocations_table

MIGRATIONS = Path(__file__).parent / "migrations"
metadata = MetaData()
COUNTED_KEY = BigInteger().with_variant(Integer, "sqlite")
"""An automatic key: SQLite generates the values of an INTEGER PRIMARY KEY only."""


ledger = Table(
    "ledger", metadata,
    Column("identity", LargeBinary, primary_key=True),
    Column("receipt", LargeBinary, nullable=False),
    Column("subject", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("recorded", BigInteger, nullable=False),
    Column("part", SmallInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("retracted", Boolean, nullable=False, server_default=false()),
    Column("door", Integer),
)  # fmt: skip
Index("ledger_unit", ledger.c.subject, ledger.c.year, ledger.c.time)
_registry, _decision = text("part = 1"), text("part = 3")
Index("ledger_registry", ledger.c.kind, postgresql_where=_registry, sqlite_where=_registry)
Index(
    "ledger_said", ledger.c.year, ledger.c.subject,
    postgresql_where=_decision, sqlite_where=_decision,
)  # fmt: skip
_retraction = text("part = 2")
Index(
    "ledger_unit_retractions", ledger.c.subject, ledger.c.recorded,
    postgresql_where=_retraction, sqlite_where=_retraction,
)  # fmt: skip
for _name, _part in (("stages", text("part = 4")), ("retractions", _retraction)):
    Index(
        f"ledger_{_name}", ledger.c.year, ledger.c.recorded,
        postgresql_where=_part, sqlite_where=_part,
    )  # fmt: skip
_door = text("door IS NOT NULL")
Index("ledger_year", ledger.c.year, ledger.c.recorded)
Index("ledger_door", ledger.c.door, ledger.c.recorded, postgresql_where=_door, sqlite_where=_door)

retractions = Table(
    "retractions", metadata,
    Column("target", LargeBinary, primary_key=True),
    Column("subject", Text, primary_key=True),
    sqlite_with_rowid=False,
)  # fmt: skip

books = Table(
    "books", metadata,
    Column("id", COUNTED_KEY, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("tallies", Text, nullable=False),
    Column("stamp", BigInteger, nullable=False),
    UniqueConstraint("unit", "year"),
)  # fmt: skip
Index("books_stamp", books.c.year, books.c.stamp)

facts = Table(
    "facts", metadata,
    Column("id", COUNTED_KEY, primary_key=True),
    Column("cell", BigInteger, nullable=False),
    Column("said", Text, nullable=False),
)  # fmt: skip
Index("facts_cell", facts.c.cell)

position = Table(
    "position", metadata,
    Column("id", Integer, primary_key=True),
    Column("stamp", BigInteger, nullable=False),
    Column("registry_stamp", BigInteger, nullable=False),
    Column("rubrics", Text, nullable=False),
    Column("folded", BigInteger, nullable=False),
    Column("stream_created", BigInteger),
    Column("stream_seq", BigInteger, nullable=False),
    Column("halted", Text),
    Column("stream_floor", BigInteger, server_default="0"),
    Column("faulty", LargeBinary),
)  # fmt: skip

faulty_events = Table(
    "faulty_events", metadata,
    Column("identity", LargeBinary, primary_key=True),
    Column("receipt", LargeBinary),
    Column("source", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("fault", Text, nullable=False),
    Column("reason", Text),
    Column("raw", LargeBinary, nullable=False),
)  # fmt: skip

quarantine = Table(
    "quarantine", metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("receipt", LargeBinary),
    Column("came", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("replaced_by", LargeBinary),
    Column("raw", LargeBinary, nullable=False),
    Column("door", Integer),
    Column("recorded", BigInteger),
    Column("settled", BigInteger),
    Column("settled_by", Text),
    Column("settled_reason", Text),
)  # fmt: skip
Index("quarantine_receipt", quarantine.c.receipt)
Index("quarantine_state", quarantine.c.state, quarantine.c.came)
Index(
    "quarantine_reason", quarantine.c.state, quarantine.c.reason, quarantine.c.came,
    quarantine.c.id,
)  # fmt: skip
Index(
    "quarantine_door", quarantine.c.door, quarantine.c.recorded,
    postgresql_where=_door, sqlite_where=_door,
)  # fmt: skip

doors = Table(
    "doors", metadata,
    Column("id", COUNTED_KEY, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("held_until", BigInteger, nullable=False),
    Column("held_events", BigInteger, nullable=False),
    Column("mark_until", BigInteger, nullable=False),
    Column("mark_events", BigInteger, nullable=False),
    Column("arrived", BigInteger, nullable=False),
    Column("heard", BigInteger),
    Column("differs_since", BigInteger),
    Column("successor", Text),
    Column("retired", BigInteger),
)  # fmt: skip
"""For each door its last announced mark (`mark_…`), the number of its events that have `arrived`,
and its last mark that held (`held_…`). The announced mark does not hold since `differs_since`."""

repeats = Table(
    "repeats", metadata,
    Column("door", Integer, primary_key=True, autoincrement=False),
    Column("recorded", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)  # fmt: skip
"""Further labels (door and instant) of events that ledger or quarantine have under another label: a
restored door records the events that it lost once more."""

year_decisions = Table(
    "year_decisions", metadata,
    Column("identity", LargeBinary, primary_key=True),
    Column("year", Integer, nullable=False),
    Column("stage", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("decision", Text, nullable=False),
    Column("date", Text),
    Column("reason", Text),
    Column("decided_by", Text),
    Column("audited_by", Text),
    Column("recorded", BigInteger, nullable=False),
    Column("cut_off", BigInteger),
    Column("reply_until", BigInteger),
    Column("cut", BigInteger),
    Column("note", Text),
    Column("rubrics", Text),
)  # fmt: skip
"""The decisions on the stages of the years, each with the identity of its event."""
Index("year_decisions_year", year_decisions.c.year, year_decisions.c.recorded)

drafts = Table(
    "drafts", metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("cut", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("events_root", LargeBinary, nullable=False),
    Column("decision", Text, nullable=False),
    Column("date", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("drafted_by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("rubrics", Text, nullable=False),
    Column("signature", Text),
    Column("signed_by", Text),
)  # fmt: skip
"""What an operator drew up to be sealed; `signature` is the operator's line of the note, which
`signed_by` sent; None where a key of the server made it."""

seals = Table(
    "seals", metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("cut", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("events_root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("keys", Text, nullable=False),
    Column("leaves", LargeBinary, nullable=False),
    Column("signed_by", Text),
)  # fmt: skip
"""The sets that are sealed; `leaves` are the hashes of their entries, 32 bytes each."""

sealed_ratings = Table(
    "sealed_ratings", metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("unit", Text, primary_key=True),
    Column("line", Text, nullable=False),
)  # fmt: skip
"""The rating entries of a version, also those of a draft that may still be dropped."""

checkpoints = Table(
    "checkpoints", metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("until", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("consistency", Text, nullable=False),
    Column("leaves", LargeBinary, nullable=False),
)  # fmt: skip
"""The checkpoints of open years; `leaves` are the hashes of the entries since the one before."""
rating_feed = Table(
    "rating_feed", metadata,
    Column("id", Integer, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("stream_created", BigInteger),
)  # fmt: skip
"""One row, from the first announcement on: `revision` counts them, `stream_created` identifies the
stream RATINGS that has them."""

announced_ratings = Table(
    "announced_ratings", metadata,
    Column("unit", Text, primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("total", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("stage", Text, nullable=False),
    Column("rated", Boolean, nullable=False),
    Column("seq", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip
"""What the feed announced last of each unit's year; `seq` is that message in the outbox."""

backups = Table(
    "backups", metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
)  # fmt: skip
"""One row, from the first complete backup on: when the last one was made."""

audit_results = Table(
    "audit_results", metadata,
    Column("id", Integer, primary_key=True),
    Column("started", BigInteger, nullable=False), Column("ended", BigInteger, nullable=False),
    Column("differences", Integer, nullable=False), Column("first", Text, nullable=False),
)  # fmt: skip
"""One row, from the first audit on: when the last one ran, what it found, and its first ones."""

outbox = outbox_table(metadata)
key_marks = key_marks_table(metadata)
revocations = revocations_table(metadata)
reads = reads_table(metadata)
Index("reads_what", reads.c.what, reads.c.seq)
