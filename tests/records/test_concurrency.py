"""Two at once, on PostgreSQL, where transactions really run beside each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.awards.app import build, migrated
from services.chassis.auth.credentials import Issuer
from services.training import app as training
from services.training import queries, store
from services.training.handlers import reconcile
from tests.conftest import eventually
from tests.support.builders.desks import Desk, open_desk

pytestmark = pytest.mark.anyio

UNIT = "H44.2.1"
AT_ONCE = 6
NOMINATION = {"unit": UNIT, "kind": "model", "title": "Tổ tự quản", "merits": "Không khiếu kiện"}
VOTES = {"what": "model", "level": "city", "in_favour": 7, "against": 2, "abstained": 1}


@pytest.fixture
async def awards(home: Path, postgres_url: str, issuer: Issuer) -> AsyncIterator[Desk]:
    """A system of record that has nothing special."""
    async with open_desk("awards", build, migrated, home, postgres_url, issuer) as made:
        yield made


@pytest.fixture
async def rosters(home: Path, postgres_url: str, issuer: Issuer) -> AsyncIterator[Desk]:
    """A system of record whose commands concern records of several kinds."""
    given = ("training", training.build, training.migrated, home, postgres_url, issuer)
    async with open_desk(*given) as made:
        yield made


async def count(desk: Desk, table: str) -> int:
    """How many rows a table has."""
    async with desk.app.db.read() as conn:
        return int((await conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar() or 0)


async def test_one_key_sent_several_times_at_once_makes_one_record(awards: Desk) -> None:
    """Whoever comes second waits for the first, and all get the same answer."""
    key = {"idempotency-key": "k"}
    answers = await asyncio.gather(
        *(awards.ask("POST", "achievements", "clerk", NOMINATION, key) for _ in range(AT_ONCE))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["x-danchu-receipts"] for answer in answers}) == 1
    assert [await count(awards, table) for table in ("achievements", "journal", "outbox")] == [
        1
    ] * 3


async def test_a_key_whose_command_failed_is_free_again(awards: Desk) -> None:
    """Nothing of a refused command is kept, its key among it."""
    key = {"idempotency-key": "k"}
    wrong = {**NOMINATION, "at": "2999-01-01T00:00:00Z"}
    answers = await asyncio.gather(
        *(awards.ask("POST", "achievements", "clerk", wrong, key) for _ in range(AT_ONCE))
    )
    assert {answer.status_code for answer in answers} == {422}
    assert await count(awards, "answers") == 0
    fits = await awards.ask("POST", "achievements", "clerk", NOMINATION, key)
    assert fits.status_code == 201


async def test_of_several_who_read_one_version_one_wins(awards: Desk) -> None:
    """The others are told the version that it has now; each step that was answered is kept."""
    made = await awards.succeed("achievements", "clerk", NOMINATION)
    path, tag = f"achievements/{made['id']}/appraise", {"if-match": '"1"'}
    answers = await asyncio.gather(
        *(awards.ask("POST", path, "council", VOTES, tag) for _ in range(AT_ONCE))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * (AT_ONCE - 1)
    lost = [answer for answer in answers if answer.status_code == 412]
    assert {(each.json()["changed"]["role"], each.json()["changed"]["step"]) for each in lost} == {
        ("council", "appraise")
    }
    assert {answer.headers["etag"] for answer in lost} == {'"2"'}
    assert await count(awards, "journal") == 2


async def test_without_a_version_all_steps_are_taken_one_after_the_other(awards: Desk) -> None:
    """Nobody overwrites anybody: each has a place of its own in the journal."""
    made = await awards.succeed("achievements", "clerk", NOMINATION)
    path = f"achievements/{made['id']}/appraise"
    answers = await asyncio.gather(
        *(awards.ask("POST", path, "council", VOTES) for _ in range(AT_ONCE))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["etag"] for answer in answers}) == AT_ONCE
    assert await count(awards, "journal") == 1 + AT_ONCE


async def test_a_person_who_is_new_to_several_clerks_at_once_is_one_person(rosters: Desk) -> None:
    """One staff number has one key, whichever unit was first."""
    body = {"role": "official", "number": "CB-1", "name": "Nguyễn Văn Mẫu"}
    answers = await asyncio.gather(
        *(
            rosters.post("memberships", "clerk", {**body, "unit": f"H44.2.{n}"})
            for n in range(AT_ONCE)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["person"] for answer in answers}) == 1
    assert await count(rosters, "persons") == 1


async def test_the_same_role_given_by_two_clerks_at_once_is_given_once(rosters: Desk) -> None:
    """The later one is refused by the membership that it could not yet see."""
    body = {"unit": UNIT, "role": "official", "number": "CB-1", "name": "Nguyễn Văn Mẫu"}
    answers = await asyncio.gather(
        *(rosters.post("memberships", "clerk", body) for _ in range(AT_ONCE))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (AT_ONCE - 1)
    assert [await count(rosters, table) for table in ("memberships", "outbox")] == [1, 1]


async def waits(desk: Desk, task: asyncio.Task[Any]) -> bool:
    """Whether a task is done, or a transaction waits for a lock."""
    async with desk.app.db.read() as conn:
        held = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return task.done() or bool((await conn.execute(held)).scalar())


async def untold(desk: Desk) -> list[str]:
    """What would have to be said of all persons and was not, or was and does not hold."""
    now = desk.app.parts.relay.clock()
    async with desk.app.db.read() as conn:
        persons = [row[0] for row in await conn.execute(text("SELECT id FROM persons"))]
        desired = await reconcile.desired_of_persons(conn, persons, now)
        plan = await reconcile.plan(conn, desired)
    return [fact.short for fact in plan.facts("urn:x", now, "x")]


async def test_who_comes_while_a_unit_goes_on_in_another_is_told_with_it(
    rosters: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told of a person rests on the succession, so neither misses the other."""
    body = {
        "unit": UNIT, "role": "official", "name": "Nguyễn Văn Mẫu",
        "at": "2025-03-01T08:00:00+07:00",
    }  # fmt: skip
    await rosters.succeed("memberships", "clerk", {**body, "number": "CB-1"})
    asked: list[asyncio.Task[Any]] = []
    ever_on = queries.ever_on

    async def overtaken(conn: AsyncConnection, unit: str) -> list[str]:
        found = await ever_on(conn, unit)
        late = rosters.post("memberships", "clerk", {**body, "number": "CB-2"})
        asked.append(asyncio.create_task(late))
        await eventually(lambda: waits(rosters, asked[0]))
        return found

    monkeypatch.setattr(queries, "ever_on", overtaken)
    step = {"predecessor": UNIT, "unit": "H44.9", "at": "2025-07-01T00:00:00+07:00"}
    await rosters.succeed("successions", "council", step)
    assert (await asked[0]).status_code == 201
    assert await untold(rosters) == []


async def test_nobody_who_is_being_erased_comes_on_a_roster(
    rosters: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is asked for by number while the link is erased is refused, and known anew next time."""
    body = {"unit": UNIT, "role": "official", "number": "CB-1", "name": "Nguyễn Văn Mẫu"}
    person = (await rosters.succeed("memberships", "clerk", body))["person"]
    asked: list[asyncio.Task[Any]] = []
    erase_person = store.erase_person

    async def overtaken(conn: AsyncConnection, id_: str) -> None:
        await erase_person(conn, id_)
        late = rosters.post("memberships", "clerk", {**body, "role": "other"})
        asked.append(asyncio.create_task(late))
        await eventually(lambda: waits(rosters, asked[0]))

    monkeypatch.setattr(store, "erase_person", overtaken)
    assert (await rosters.ask("DELETE", f"persons/{person}", "council")).status_code == 200
    assert (await asked[0]).status_code == 409
    again = await rosters.succeed("memberships", "clerk", {**body, "role": "other"})
    assert again["person"] != person


async def test_of_releases_at_once_the_later_ones_are_told_that_it_is_released(
    rosters: Desk,
) -> None:
    """Nobody asked for a version, so the state that the record has by then decides: 409."""
    body = {
        "unit": UNIT, "role": "official", "number": "CB-1", "name": "Nguyễn Văn Mẫu",
        "at": "2025-03-01T08:00:00+07:00",
    }  # fmt: skip
    path = f"memberships/{(await rosters.succeed('memberships', 'clerk', body))['id']}/release"
    at = {"at": "2025-06-01T08:00:00+07:00"}
    answers = await asyncio.gather(*(rosters.post(path, "clerk", at) for _ in range(AT_ONCE)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * (AT_ONCE - 1)
