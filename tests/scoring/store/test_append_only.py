"""What was sealed, decided and signed stays, whoever has the password of the database."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.service_schema import migrate
from services.scoring.store import seals, stages
from services.scoring.store.seals import CheckpointRow, DraftRow, RatingLine, SealRow
from services.scoring.tables import MIGRATIONS
from services.scoring.year.stages import YearDecision
from tests.support.migrating import migrate_to
from tests.support.tampering import assert_kept

pytestmark = pytest.mark.anyio
KEPT = {
    "seals": ("note", ("year", "version")),
    "checkpoints": ("note", ("year", "until")),
    "sealed_ratings": ("line", ("year", "version", "unit")),
    "year_decisions": ("decision", ("identity",)),
    "reads": ("role", ("seq",)),
}
UNITS = ("H44.1", "H44.2")
DECISION = YearDecision(stage="sealed", version=1, decision="2/QĐ", at=1)
DRAFT = DraftRow(2026, 1, 1, 1, b"r", 1, b"e", "3/QĐ", "2026-01-05", "x", "bà Lan", 1, ())


async def fill(db: Database) -> None:
    """A sealed version and a draft, each with a rating, and one row of everything else."""
    async with db.write() as conn:
        await seals.add_ratings(
            conn, 2025, 1, [RatingLine("H44.1", "{}"), RatingLine("H44.2", "{}")]
        )
        await seals.add_seal(conn, SealRow(2025, 1, 1, 1, b"r", 1, b"e", "n", ("k",)), b"")
        await seals.add_checkpoint(conn, CheckpointRow(2025, 1, 1, b"r", "n", ()), b"")
        await seals.add_draft(conn, DRAFT, [RatingLine("H44.1", "{}")])
        await stages.add(conn, b"i" * 16, 2025, DECISION)
        await conn.execute(
            text("INSERT INTO reads (at, role, \"by\", what, rows) VALUES (1, 'hr', 'x', 'y', 1)")
        )


@pytest.fixture
async def db(database_url: str) -> Database:
    """A database of the version before, with rows, brought to this one."""
    opened = Database(normal_url(database_url), "scoring")
    await migrate_to(opened, MIGRATIONS, "0011")
    await fill(opened)
    await migrate(opened, MIGRATIONS)
    return opened


async def test_rows_of_an_earlier_version_cannot_be_changed_after_the_upgrade(
    db: Database,
) -> None:
    """Neither by an update or a deletion, nor by an insert that replaces what is in its way."""
    try:
        for table, (column, key) in KEPT.items():
            await assert_kept(db, table, column, key)
    finally:
        await db.close()


async def test_what_the_service_does_itself_is_not_refused(db: Database) -> None:
    """A draft is dropped with its ratings, and a decision takes the time that its event has."""
    try:
        async with db.write() as conn:
            await stages.add(conn, b"i" * 16, 2025, DECISION)
            later = YearDecision(stage="sealed", version=1, decision="2/QĐ", at=2)
            await stages.add(conn, b"i" * 16, 2025, later)
            await seals.drop_draft(conn, DRAFT)
            await seals.add_draft(conn, DRAFT, [RatingLine("H44.1", "{}")])
        async with db.read() as conn:
            ((_, decision),) = (await stages.every(conn)).values()
            assert decision.at == 2
            assert len(await seals.rating_lines(conn, 2025, 1)) == 2
    finally:
        await db.close()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO seals (rowid, year, version, cut, size, root, events, events_root, "
        "note, keys, leaves) VALUES (1, 2030, 9, 1, 1, '', 1, '', '', '', '')",
        "UPDATE OR REPLACE year_decisions SET rowid = rowid + 1",
        'INSERT OR REPLACE INTO reads (seq, at, role, "by", what, rows) '
        "VALUES (1, 2, 'hr', 'z', 'y', 1)",
    ],
)
async def test_the_number_of_a_row_is_a_key_too(statement: str, tmp_path: Path) -> None:
    """On SQLite a row is also replaced by its number."""
    db = Database(normal_url(f"sqlite:///{tmp_path / 'a.db'}"), "scoring")
    try:
        await migrate(db, MIGRATIONS)
        await fill(db)
        with pytest.raises(DBAPIError, match="append-only"):
            async with db.write() as conn:
                await conn.execute(text(statement))
    finally:
        await db.close()
