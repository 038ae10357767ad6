"""What was sealed, decided and signed cannot be changed in the database, nor the log of reads.

A decision takes the time of recording that its event has in the stream, and nothing else. The
ratings of a draft go with it; those of a seal stay.
"""

from alembic import op

from services.chassis.initial_schema import append_only, no_replacement

revision = "0012"
down_revision = "0011"

APPEND_ONLY = ("seals", "checkpoints")
KEYS = {
    "reads": (),
    "seals": ("year", "version"),
    "checkpoints": ("year", "until"),
    "sealed_ratings": ("year", "version", "unit"),
    "year_decisions": ("identity",),
}
DECISION = (
    "identity", "year", "stage", "version", "decision", "date", "reason", "decided_by",
    "audited_by", "cut_off", "reply_until", "cut", "note", "rubrics",
)  # fmt: skip
"""The columns of a decision that never change."""
IS_SEALED = "EXISTS (SELECT 1 FROM seals WHERE year = OLD.year AND version = OLD.version)"


def upgrade() -> None:
    """Creates the triggers."""
    dialect = op.get_bind().dialect.name
    own = _on_sqlite() if dialect == "sqlite" else _on_postgresql()
    for statement in (*append_only(dialect, APPEND_ONLY), *no_replacement(dialect, KEYS), *own):
        op.execute(statement)


def _on_sqlite() -> list[str]:
    moves = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in ("rowid", *DECISION))
    return [
        _trigger("sealed_ratings", "update"),
        _trigger("sealed_ratings", "delete", IS_SEALED),
        _trigger("year_decisions", "update", moves),
        _trigger("year_decisions", "delete"),
    ]


def _trigger(table: str, what: str, when: str = "") -> str:
    condition = f"WHEN {when} " if when else ""
    return (
        f"CREATE TRIGGER {table}_no_{what} BEFORE {what} ON {table} {condition}"
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


def _on_postgresql() -> list[str]:
    refuse = "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
    function = (
        "CREATE FUNCTION keep_sealed_rating() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {IS_SEALED} THEN RAISE EXCEPTION 'sealed_ratings is append-only'; END IF; "
        "RETURN OLD; END $$"
    )
    return [
        f"CREATE TRIGGER sealed_ratings_kept BEFORE UPDATE OR TRUNCATE ON sealed_ratings {refuse}",
        function,
        "CREATE TRIGGER sealed_ratings_stay BEFORE DELETE ON sealed_ratings "
        "FOR EACH ROW EXECUTE FUNCTION keep_sealed_rating()",
        f"CREATE TRIGGER year_decisions_kept BEFORE UPDATE OF {', '.join(DECISION)} "
        f"OR DELETE OR TRUNCATE ON year_decisions {refuse}",
    ]
