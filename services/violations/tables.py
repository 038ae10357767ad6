"""Tables of the violations: the journal is authoritative, cases derive from it.

Free texts are stored only in `words`, encrypted; after erasure the row stays without the text.
Instants are microseconds, days are texts such as 2025-03-01.
"""

from pathlib import Path

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, MetaData, Table, Text

from services.chassis.key_marks import key_marks_table
from services.chassis.outbox import outbox_table
from services.chassis.revocation_table import revocations_table
from services.records.journal import journal_tables

MIGRATIONS = Path(__file__).parent / "migrations"
metadata = MetaData()

cases = Table(
    "cases", metadata,
    Column("id", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("by_unit", Boolean, nullable=False),
    Column("stage", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("due", Text),
    Column("deed", Text),
    Column("concluded", Integer),
    Column("handled", Integer),
)  # fmt: skip
Index("cases_unit", cases.c.unit, cases.c.id)
Index("cases_deed", cases.c.unit, cases.c.deed)
Index("cases_due", cases.c.due)

words = Table(
    "words", metadata,
    Column("record", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("hidden", LargeBinary),
)  # fmt: skip

journal_tables(metadata)
outbox = outbox_table(metadata)
key_marks = key_marks_table(metadata)
revocations = revocations_table(metadata)
