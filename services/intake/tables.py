"""Tables of the intake."""

from sqlalchemy import Column, LargeBinary, MetaData, Table

from services.chassis.outbox import outbox_table

metadata = MetaData()

identities = Table(
    "identities", metadata,
    Column("identity", LargeBinary, primary_key=True),
    Column("receipt", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

outbox = outbox_table(metadata)
