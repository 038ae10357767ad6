"""The identities that were accepted, and the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates both tables; the unsent rows have an index of their own, which stays small."""
    op.create_table(
        "identities",
        sa.Column("identity", sa.LargeBinary, primary_key=True),
        sa.Column("receipt", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("receipt", sa.LargeBinary, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("headers", sa.Text),
        sa.Column("recorded", sa.BigInteger, nullable=False),
        sa.Column("sent", sa.BigInteger),
        sa.Column("stream_seq", sa.BigInteger),
        sa.Column("generation", sa.Integer, nullable=False, server_default="0"),
    )
    unsent = sa.text("sent IS NULL")
    op.create_index(
        "outbox_unsent", "outbox", ["seq"], postgresql_where=unsent, sqlite_where=unsent
    )
    op.create_index("outbox_recorded", "outbox", ["recorded"])
