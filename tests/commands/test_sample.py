"""Where `danchu up` loads its sample city: into no home that has events of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from services.chassis.database.engine import Database
from services.chassis.settings import Settings
from services.commands import sample
from services.commands.service_registry import SERVICES, migrate_one

pytestmark = pytest.mark.anyio
ROW = "INSERT INTO outbox (seq, receipt, subject, body, recorded) VALUES (7, 'r', 's', 'b', 1)"


@pytest.mark.parametrize("recording", ["intake", "awards"])
async def test_an_office_that_forgets_the_option_keeps_its_events_apart(
    recording: str, tmp_path: Path, postgres_url: str
) -> None:
    """A restored home knows by its events alone that it is none of a first start."""
    for url in (None, postgres_url):
        settings = Settings(home=tmp_path / str(url is None), database_url=url)
        said: list[str] = []
        assert await sample.may_show(settings, said.append)
        for name in SERVICES:
            await migrate_one(name, settings)
        assert await sample.may_show(settings, said.append) and said == []
        db = Database(settings.database(recording), recording)
        async with db.write() as conn:
            await conn.execute(text(ROW))
        await db.close()
        assert not await sample.may_show(settings, said.append)
        assert str(settings.home) in said[0]


@pytest.mark.parametrize("marker", [sample.BEGUN_FILE, sample.LOADED_FILE])
async def test_a_start_that_was_ended_while_it_loaded_goes_on(marker: str, tmp_path: Path) -> None:
    """The events in its outbox are those of the city; so they are once all are loaded."""
    settings = Settings(home=tmp_path)
    for name in SERVICES:
        await migrate_one(name, settings)
    db = Database(settings.database("intake"), "intake")
    async with db.write() as conn:
        await conn.execute(text(ROW))
    await db.close()
    (tmp_path / marker).write_text("{}")
    assert await sample.may_show(settings, lambda _: pytest.fail("it says nothing"))
