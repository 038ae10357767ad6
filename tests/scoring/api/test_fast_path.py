"""One rating straight from ASGI: the same answers as by the framework, and never an old one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from services.chassis.auth.credentials import Issuer
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.chassis.errors import DatabaseAway
from services.scoring.queries import books
from services.scoring.readmodel.snapshots import Snapshots
from tests.conftest import NatsServer, Postgres
from tests.scoring.folding import folding
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import due, published, registered
from tests.support.builders.cities import rubrics

pytestmark = pytest.mark.anyio
SENT = [registered("H44.1"), registered("H44.2"), due("H44.1", "a"), published("H44.1", "a")]


@pytest.fixture
async def road(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer
) -> AsyncIterator[Road]:
    """The road on either database, with two rated units."""
    async with open_road(home, database_url, issuer) as made:
        receipts = await made.send(SENT)
        assert (await made.get("/ratings/2025/H44.1", wait_for=receipts[-1])).status_code == 200
        yield made


@pytest.mark.parametrize(
    ("unit", "role", "status"),
    [
        ("H44.1", "hr", 200), ("H44.1", "reader", 200), ("H44.2", "reader", 403),
        ("H44.9", "reader", 403), ("H44.9", "hr", 404), ("H44.1", None, 401),
    ],
)  # fmt: skip
async def test_the_short_road_answers_what_the_framework_answers(
    road: Road, unit: str, role: str | None, status: int
) -> None:
    """Status, body and kind of content are the same with a parameter that changes nothing."""
    headers = {} if role is None else road.headers(role, units=["H44.1"])
    where = f"/scoring/ratings/2025/{unit}"
    short = await road.client.get(where, headers=headers)
    # A parameter takes the road of the framework; the unit has no predecessors to pool.
    long = await road.client.get(where, params={"view": "own"}, headers=headers)
    assert short.status_code == long.status_code == status
    assert short.json() == long.json()
    assert short.headers["content-type"] == long.headers["content-type"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/scoring/ratings/2025/H44.1"), ("GET", "/scoring/ratings?year=2025"),
        ("GET", "/scoring/lag"), ("POST", "/intake/events"), ("GET", "/intake/outbox"),
    ],
)  # fmt: skip
async def test_of_two_credentials_none_is_believed(road: Road, method: str, path: str) -> None:
    """Which one a proxy in between looked at, nobody knows: 400, by the short road as well."""
    tokens = [("authorization", f"Bearer {road.issuer.mint(role)}") for role in ("hr", "operator")]
    for headers in (tokens, tokens[::-1], tokens[:1] * 2, [*tokens, ("authorization", "")]):
        answer = await road.client.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "chassis.token-twice")


class Slow:
    """A database whose looks see what is committed when they begin, and end when they may."""

    def __init__(self) -> None:
        self.committed, self.looks = 1, 0
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()

    async def single_value(self, _: str) -> int:
        """One look."""
        seen, self.looks = self.committed, self.looks + 1
        self.begun.set()
        await self.may_end.wait()
        return seen


async def test_a_look_that_began_before_the_question_is_not_its_answer(tmp_path: Path) -> None:
    """Questions after a commit wait for the next look, and share it."""
    slow = Slow()
    snapshots = Snapshots(slow, rubrics(1, tmp_path)[1])  # type: ignore[arg-type]
    early = asyncio.create_task(snapshots.stamp())
    await slow.begun.wait()
    slow.committed = 2
    late = [asyncio.create_task(snapshots.stamp()) for _ in range(5)]
    await asyncio.sleep(0)
    slow.may_end.set()
    assert (await early, await asyncio.gather(*late), slow.looks) == (1, [2] * 5, 2)


async def test_a_commit_is_seen_by_the_next_look(tmp_path: Path, database_url: str) -> None:
    """Whatever connection the look has kept, it sees what another one has committed."""
    _, ours = rubrics(1, tmp_path)
    async with folding(database_url, ours) as fold:
        for number in range(2, 6):
            async with fold.db.write() as conn:
                await conn.execute(text(f"UPDATE position SET stamp = {number}"))
            assert await books.last_stamp(fold.db) == number


async def test_a_look_survives_a_database_that_was_restarted(
    postgres: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    """The kept connection is lost with the server; the next look makes another."""
    _, ours = rubrics(1, tmp_path)
    async with folding(postgres_url, ours) as fold:
        before = await books.last_stamp(fold.db)
        await postgres.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{postgres_url.rpartition('/')[2]}'"
        )
        assert await books.last_stamp(fold.db) == before


async def test_a_look_without_a_database_says_so(tmp_path: Path) -> None:
    """A file that cannot be read is a database that is away, as everywhere."""
    db = Database(normal_url(f"sqlite:///{tmp_path / 'nowhere' / 'a.db'}"), "scoring")
    with pytest.raises(DatabaseAway):
        await books.last_stamp(db)
    await db.close()
