"""Tables of the intake: identities with their receipts, the outbox, and the key fingerprints."""

from pathlib import Path

from sqlalchemy import Column, Index, LargeBinary, MetaData, Table

from services.chassis.key_marks import key_marks_table
from services.chassis.outbox import outbox_table
from services.chassis.read_log import reads_table
from services.chassis.revocation_table import revocations_table

MIGRATIONS = Path(__file__).parent / "migrations"
metadata = MetaData()

identities = Table(
    "identities", metadata,
    Column("identity", LargeBinary, primary_key=True),
    Column("receipt", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

outbox = outbox_table(metadata)
key_marks = key_marks_table(metadata)
revocations = revocations_table(metadata)
reads = reads_table(metadata)
Index("outbox_receipt", outbox.c.receipt)
