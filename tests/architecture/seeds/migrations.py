"""Migrations that take something from earlier code, and say so nowhere."""

from __future__ import annotations

from tests.architecture.rules import migrations
from tests.architecture.seeds.seed import Seed, one_file

PLACE = "services/intake/migrations/versions"
SECOND = f"{PLACE}/0002_second.py"
HELPERS = "services/chassis/initial_schema.py"


def migration(body: str, head: str = "", number: str = "0002") -> str:
    """The text of a migration; its `upgrade` begins in line 3."""
    return f"revision = {number!r}{head}\n\ndef upgrade():\n    {body}\n"


ADDED = migration("op.add_column('outbox', sa.Column('weight', sa.Integer, server_default='0'))")
FAULTS = (
    "op.drop_column('outbox', 'headers')",
    "op.drop_table('outbox')",
    "op.alter_column('outbox', 'headers', nullable=False)",
    "op.rename_table('outbox', 'outgoing')",
    "op.create_index('one', 'outbox', ['receipt'], unique=True)",
    "op.add_column('outbox', sa.Column('weight', sa.Integer, nullable=False))",
    "op.execute('UPDATE outbox SET headers = NULL')",
    "op.execute(f'ALTER TABLE {table} RENAME TO outgoing')",
    "op.execute('CREATE TRIGGER stays BEFORE UPDATE ON outbox BEGIN SELECT 1; END')",
)
UNMARKED = tuple(
    one_file(migrations.migrations_only_add, 4, SECOND, migration(fault), ADDED) for fault in FAULTS
)
MARKED = one_file(
    migrations.migrations_only_add, 4, SECOND, migration(FAULTS[0]),
    migration(FAULTS[0], "\noldest_code = '0001'"),
)  # fmt: skip
IN_A_HELPER = Seed(
    migrations.migrations_only_add, f"{HELPERS}:2",
    {
        HELPERS: "def forget_headers(op):\n    op.drop_column('outbox', 'headers')\n",
        SECOND: "from services.chassis.initial_schema import forget_headers\n"
        + migration("forget_headers(op)"),
    },
    {HELPERS: "def forget_headers(op):\n    op.create_table('a', Column('b', nullable=False))\n"},
)  # fmt: skip
BEFORE_ALL_THAT_IS_SUPPORTED = Seed(
    migrations.migrations_only_add,
    f"{SECOND}:4",
    {SECOND: migration(FAULTS[0]), f"{PLACE}/0003_third.py": migration("pass", number="0003")},
    {f"{PLACE}/0003_third.py": migration("pass", "\noldest_code = '0003'", "0003")},
)
ELSEWHERE = Seed(
    migrations.migrations_only_add, f"{SECOND}:4",
    {SECOND: migration(FAULTS[0]),
     "services/scoring/migrations/versions/0009_other.py":
         migration("pass", "\noldest_code = '0009'", "0009")},
    {SECOND: ADDED},
)  # fmt: skip
WITHOUT_REASON = tuple(
    one_file(
        migrations.who_breaks_earlier_code_says_why, 2, SECOND, migration("pass", head),
        migration("pass", "\noldest_code = '0001'\nreason = 'nothing reads it since 0001'"),
    )
    for head in ("\noldest_code = '0001'", "\noldest_code = '0003'\nreason = 'a later one'")
)  # fmt: skip
SEEDS = (
    *UNMARKED, MARKED, IN_A_HELPER, BEFORE_ALL_THAT_IS_SUPPORTED, ELSEWHERE, *WITHOUT_REASON,
)  # fmt: skip
