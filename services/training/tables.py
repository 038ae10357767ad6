"""Tables of training: the journal is the record, all others but `persons` follow from it.

Names, staff numbers and secrets of persons are stored in `persons` alone, encrypted; the id of a
person is the key that events use. `announced` has one row for each fact that is announced and not
retracted, under a lasting, unique name. Instants are microseconds.
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
    Table,
    Text,
)

from services.chassis.key_marks import key_marks_table
from services.chassis.outbox import outbox_table
from services.chassis.revocation_table import revocations_table
from services.records.journal import journal_tables

MIGRATIONS = Path(__file__).parent / "migrations"
metadata = MetaData()

persons = Table(
    "persons", metadata,
    Column("id", Text, primary_key=True),
    Column("number", LargeBinary, unique=True),
    Column("hidden_number", LargeBinary),
    Column("hidden_name", LargeBinary),
    Column("hidden_secret", LargeBinary),
)  # fmt: skip

memberships = Table(
    "memberships", metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("begun", Integer, nullable=False),
    Column("version", Integer, nullable=False),
)  # fmt: skip
Index("memberships_unit", memberships.c.unit, memberships.c.id)
Index("memberships_begun", memberships.c.stage, memberships.c.begun)

stints = Table(
    "stints", metadata,
    Column("membership", Text, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("person", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("moved", Boolean, nullable=False),
)  # fmt: skip
Index("stints_person", stints.c.person)
Index("stints_unit", stints.c.unit, stints.c.person)

links = Table(
    "links", metadata,
    Column("record", Text, primary_key=True),
    Column("predecessor", Text, primary_key=True),
    Column("successor", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True),
)  # fmt: skip

courses = Table(
    "courses", metadata,
    Column("id", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("due", Text),
    Column("stage", Text, nullable=False),
    Column("version", Integer, nullable=False),
)  # fmt: skip
Index("courses_unit", courses.c.unit, courses.c.id)

sessions = Table(
    "sessions", metadata,
    Column("course", Text, primary_key=True),
    Column("session", Text, primary_key=True),
    Column("starts", BigInteger, nullable=False),
    Column("place", Text, nullable=False),
    Column("hours", Text, nullable=False),
    Column("attended", Integer, nullable=False),
)  # fmt: skip
Index("sessions_starts", sessions.c.starts)

completions = Table(
    "completions", metadata,
    Column("course", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("hours", Text, nullable=False),
    Column("provider", Text),
)  # fmt: skip
Index("completions_person", completions.c.person)

announced = Table(
    "announced", metadata,
    Column("name", Text, primary_key=True),
    Column("about", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("short", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("event", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)  # fmt: skip
Index("announced_about", announced.c.about)
Index("announced_unit", announced.c.unit, announced.c.year, announced.c.short)

journal_tables(metadata)
outbox = outbox_table(metadata)
key_marks = key_marks_table(metadata)
revocations = revocations_table(metadata)
