"""Tables of the awards: the journal is authoritative, achievements and honours derive from it.

The name of an exemplary person is stored only in `achievements`, encrypted. Instants are
microseconds.
"""

from pathlib import Path

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

from services.chassis.key_marks import key_marks_table
from services.chassis.outbox import outbox_table
from services.chassis.revocation_table import revocations_table
from services.records.journal import journal_tables

MIGRATIONS = Path(__file__).parent / "migrations"
metadata = MetaData()

achievements = Table(
    "achievements", metadata,
    Column("id", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("nominated", BigInteger, nullable=False),
    Column("honoree", LargeBinary),
)  # fmt: skip
Index("achievements_unit", achievements.c.unit, achievements.c.id)

honours = Table(
    "honours", metadata,
    Column("record", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("level", Text, primary_key=True),
    Column("decision", Text, nullable=False),
    Column("year", Integer, nullable=False),
)  # fmt: skip
Index("honours_year", honours.c.year, honours.c.level)

journal_tables(metadata)
outbox = outbox_table(metadata)
key_marks = key_marks_table(metadata)
revocations = revocations_table(metadata)
