"""A retraction has effect under its own subject alone, also where it comes before its target.

What was retracted under another subject stands again; then everything is folded anew at the next
start, as after a change of rubrics.
"""

import sqlalchemy as sa
from alembic import op

from contracts.envelope import decode, identity

revision = "0006"
down_revision = "0005"

RETRACTION = 2
NAMED = (
    "EXISTS (SELECT 1 FROM retractions "
    "WHERE target = ledger.identity AND retractions.subject = ledger.subject)"
)


def upgrade() -> None:
    """Reads the retractions of the ledger again, with their subjects."""
    op.drop_table("retractions")
    op.create_table(
        "retractions",
        sa.Column("target", sa.LargeBinary, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    conn = op.get_bind()
    rows = conn.execute(sa.text(f"SELECT raw FROM ledger WHERE part = {RETRACTION}")).all()
    targets = {pair for row in rows if (pair := _target(bytes(row[0]))) is not None}
    insert = sa.text("INSERT INTO retractions (target, subject) VALUES (:target, :subject)")
    if targets:
        names = ("target", "subject")
        conn.execute(insert, [dict(zip(names, pair, strict=True)) for pair in sorted(targets)])
    freed = conn.execute(
        sa.text(f"UPDATE ledger SET retracted = false WHERE retracted AND NOT {NAMED}")
    )
    if freed.rowcount:
        op.execute("UPDATE position SET rubrics = 'anew'")


def _target(raw: bytes) -> tuple[bytes, str] | None:
    """The identity that a retraction of its own source names, and the retraction's subject."""
    event = decode(raw).event
    if event.data.source != event.source:
        return None
    return identity(event.source, event.data.id), event.subject
