"""Creation of the chassis' tables, for the migrations of each service.

These functions never change: a change of a table is a new migration of each service, by a new
function beside these.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from services.chassis.door import new_name

COUNTED_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def create_outbox(op: Any) -> None:
    """Creates the outbox; a partial index of the unsent rows stays small."""
    op.create_table(
        "outbox",
        sa.Column("seq", COUNTED_KEY, primary_key=True),
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


def create_door(op: Any, service: str) -> None:
    """Creates the door, and adds to the outbox the door and the stream of each event.

    Earlier events belong to no door: the count of this door begins now, after all of them.
    """
    op.create_table(
        "door",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("stamp", sa.BigInteger, nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("mark_until", sa.BigInteger, nullable=False),
        sa.Column("mark_events", sa.BigInteger, nullable=False),
        sa.Column("former", sa.Text, nullable=False),
    )
    op.add_column("outbox", sa.Column("door", sa.Text))
    op.add_column("outbox", sa.Column("ordinal", sa.BigInteger))
    op.add_column("outbox", sa.Column("stream_created", sa.BigInteger))
    op.create_index("outbox_placed", "outbox", ["stream_created", "stream_seq"])
    first = (
        "INSERT INTO door (id, name, stamp, events, mark_until, mark_events, former) "
        "SELECT 1, :name, COALESCE(max(recorded), 0), 0, 0, 0, '[]' FROM outbox"
    )
    op.execute(sa.text(first).bindparams(name=new_name(service)))


def name_retractions(op: Any, service: str) -> None:
    """Appends the name of the service to the subject of each retraction in the outbox."""
    like = "subject LIKE 'danchu.events.%.event.retracted'"
    op.execute(f"UPDATE outbox SET subject = subject || '.{service}' WHERE {like}")


def create_reads(op: Any) -> None:
    """Creates the log of reads, with the triggers that forbid changes."""
    op.create_table(
        "reads",
        sa.Column("seq", COUNTED_KEY, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
    )
    extend_reads(op)
    for statement in append_only(op.get_bind().dialect.name, ("reads",)):
        op.execute(statement)


def extend_reads(op: Any) -> None:
    """Adds the address, the year and the units of a read."""
    for name, kind in (("address", sa.Text), ("year", sa.Integer), ("unit", sa.Text)):
        op.add_column("reads", sa.Column(name, kind))
    op.add_column("reads", sa.Column("units", sa.Text))
    for name in ("unit", "by"):
        op.create_index(f"reads_{name}", "reads", [name, "seq"])


def append_only(dialect: str, tables: Iterable[str]) -> list[str]:
    """The SQL statements of a migration that make tables append-only.

    On SQLite a REPLACE gets past them: a new table needs `no_replacement` too.
    """
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{what} BEFORE {what} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for table in tables
            for what in ("update", "delete")
        ]
    refuse = (
        "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    return [refuse] + [
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        for table in tables
    ]


def no_replacement(dialect: str, keys: Mapping[str, Sequence[str]]) -> list[str]:
    """The SQL statements of a migration that refuse a row whose key the table has already.

    On SQLite `INSERT OR REPLACE` deletes the row in its way, and no trigger on deletions hears of
    it, whoever connects. `keys` are the columns of the unique key of each append-only table,
    beside the number of the row (none where that is the only key). On PostgreSQL an insert that
    updates fires the trigger of `append_only`.
    """
    if dialect != "sqlite":
        return []
    return [
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {_is_taken(table, key)} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table, key in keys.items()
    ]


def _is_taken(table: str, key: Sequence[str]) -> str:
    """Whether a new row has the key of another; a number that SQLite is to choose is -1 here."""
    conditions = ["(NEW.rowid > 0 AND EXISTS (SELECT 1 FROM {table} WHERE rowid = NEW.rowid))"]
    if key:
        equal = " AND ".join(f"{name} = NEW.{name}" for name in key)
        conditions.append(f"EXISTS (SELECT 1 FROM {{table}} WHERE {equal})")
    return " OR ".join(conditions).format(table=table)


def refuse_replaced_reads(op: Any, journal: bool = False) -> None:
    """Closes the log of reads, and the journal of a system of record, against REPLACE."""
    keys: dict[str, Sequence[str]] = {"reads": ()}
    if journal:
        keys["journal"] = ("record", "version")
    for statement in no_replacement(op.get_bind().dialect.name, keys):
        op.execute(statement)
