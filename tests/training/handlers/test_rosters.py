"""Rosters: who is charged with what, from when to when, and what is announced of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.chassis.auth.credentials import development_issuer, verifier
from services.records import command_endpoint as records
from services.records.vault import open_vault
from services.training.app import begin_year, build, migrated
from services.training.handlers.persons import Persons
from services.training.handlers.rosters import Rosters
from tests.conftest import eventually
from tests.support.builders.acts import (
    DAY,
    NAME,
    OTHER,
    UNIT,
    assigned,
    planned,
    released,
    standing,
    told,
    trained,
)
from tests.support.builders.desks import Desk, open_desk
from tests.training.conftest import Hand

pytestmark = pytest.mark.anyio

NEW_YEAR_2026, NEW_YEAR_2027 = "2025-12-31T17:00:00Z", "2026-12-31T17:00:00Z"


async def test_who_comes_on_a_roster_is_announced_by_a_key_alone(desk: Desk) -> None:
    """201 with version, place and receipt; the event is in the unit's name at the given moment."""
    body = {"unit": UNIT, "role": "official", "number": "CB-1", "name": NAME}
    answer = await desk.post("memberships", "clerk", {**body, "at": "2025-03-01" + DAY})
    made = answer.json()
    (event,) = await desk.events()
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    assert answer.headers["location"].endswith(made["id"])
    assert answer.headers["x-danchu-receipts"] == event.receipt.hex()
    assert (event.event.subject, event.event.time) == (UNIT, "2025-03-01T01:00:00Z")
    assert (event.event.data.person, event.event.data.role) == (made["person"], "official")
    assert (await desk.get(f"memberships/{made['id']}", "clerk")).json() == made


async def test_one_person_may_have_several_roles_and_units(desk: Desk) -> None:
    """A number that is known needs no name; the key is the same everywhere."""
    first = await assigned(desk)
    second = await assigned(desk, role="board_member", name=None)
    third = await assigned(desk, unit=OTHER, name=NAME.upper())
    assert {one["person"] for one in (first, second, third)} == {first["person"]}
    assert len(await told(desk, "roster.assigned")) == 3


async def test_the_same_role_in_the_same_unit_is_refused_twice(desk: Desk) -> None:
    """From the same moment, before it, and after it; another stint after the release is fine."""
    made = await assigned(desk)
    body = {"unit": UNIT, "role": "official", "number": "CB-1"}
    for day in ("2025-03-01", "2025-02-01", "2025-06-01"):
        answer = await desk.post("memberships", "clerk", {**body, "at": day + DAY})
        problem = answer.json()
        assert (answer.status_code, problem["membership"]) == (409, made["id"])
        assert (problem["state"], problem["possible"]) == ("on_roster", ["release"])
        assert "has the role official" in problem["detail"]
    await released(desk, made, "2025-07-01")
    inside = await desk.post("memberships", "clerk", {**body, "at": "2025-06-01" + DAY})
    assert (inside.status_code, inside.json()["possible"]) == (409, [])
    assert (await desk.post("memberships", "clerk", {**body, "at": "2025-08-01" + DAY})).is_success


async def test_a_release_of_the_only_role_is_announced(desk: Desk) -> None:
    """At its moment; after it nothing more is possible, and it cannot lie before the start."""
    made = await assigned(desk)
    early = await desk.post(
        f"memberships/{made['id']}/release", "clerk", {"at": "2025-02-01" + DAY}
    )
    assert (early.status_code, early.json()["errors"][0]["field"]) == (422, "at")
    after = await released(desk, made, "2025-06-01")
    assert (after["stage"], after["possible"]) == ("released", [])
    again = await desk.post(f"memberships/{made['id']}/release", "clerk", {})
    assert (again.status_code, again.json()["possible"]) == (409, [])
    assert await told(desk, "roster.released") == [
        ("roster.released", UNIT, "2025-06-01T01:00:00Z")
    ]


async def test_a_membership_moves_neither_to_its_own_unit_nor_onto_another_one(desk: Desk) -> None:
    """409 with what is possible with it; the other membership is named where it is in the way."""
    made, there = await assigned(desk), await assigned(desk, unit=OTHER)
    path = f"memberships/{made['id']}/transfer"
    for unit, about in ((UNIT, None), (OTHER, there["id"])):
        body = {"unit": unit, "at": "2025-06-01" + DAY}
        answer = await desk.post(path, "council", body)
        problem = answer.json()
        assert (answer.status_code, problem["possible"]) == (409, ["transfer"])
        assert problem.get("membership") == about
    assert len(await desk.events()) == 2


async def test_a_release_from_one_of_two_roles_leaves_the_other_one_standing(desk: Desk) -> None:
    """`roster.released` would clear both: the ended role is taken back for the year instead."""
    official = await assigned(desk)
    await assigned(desk, role="board_member")
    await released(desk, official, "2025-06-01")
    assert [one.event.data.role for one in await standing(desk)] == ["board_member"]
    assert await told(desk, "roster.released") == []


async def test_the_last_of_two_roles_is_released(desk: Desk) -> None:
    """Also where the other one had ended before it."""
    official, board = await assigned(desk), await assigned(desk, role="board_member")
    await released(desk, official, "2025-06-01")
    await released(desk, board, "2025-07-01")
    assert await told(desk) == [
        ("roster.assigned", UNIT, "2025-03-01T01:00:00Z"),
        ("roster.released", UNIT, "2025-07-01T01:00:00Z"),
    ]


async def test_a_role_entered_late_is_not_cleared_by_a_release_that_lies_behind_its_start(
    desk: Desk,
) -> None:
    """The person was on the roster all along by the role that nobody had written down."""
    official = await assigned(desk)
    await released(desk, official, "2025-06-01")
    await assigned(desk, role="board_member", day="2025-04-01")
    assert await told(desk) == [("roster.assigned", UNIT, "2025-04-01T01:00:00Z")]


async def test_when_a_year_begins_whoever_is_still_there_is_announced_once(
    desk: Desk, clock: Hand
) -> None:
    """By the running service, however often it looks, and not for those who were released."""
    await assigned(desk)
    await released(desk, await assigned(desk, "CB-2"), "2025-11-01")
    clock.set("2025-12-31T23:59:59.999999+07:00")
    assert await begin(desk, clock) == 0
    clock.set("2026-01-01T00:00:00+07:00")
    found = ("roster.assigned", UNIT, NEW_YEAR_2026)
    await eventually(lambda: _announced(desk, found))
    assert await begin(desk, clock) == 0
    assert (await told(desk)).count(found) == 1


async def begin(desk: Desk, clock: Hand) -> int:
    """What a replica does when it looks."""
    settings = desk.app.parts.settings
    hidden = open_vault(settings)
    looking = records.Desk(
        "training", desk.app.db, clock, verifier(settings, clock), lambda: None, hidden.index
    )
    return await begin_year(looking, Rosters(Persons(hidden)))


async def _announced(desk: Desk, found: tuple[str, str, str]) -> bool:
    return found in await told(desk)


async def test_two_replicas_announce_a_new_year_once(desk: Desk, clock: Hand) -> None:
    """Both run at once over many members; the later one finds nothing left."""
    for n in range(20):
        await assigned(desk, f"CB-{n}")
    clock.set("2026-01-05T00:00:00+07:00")
    await asyncio.gather(*(begin(desk, clock) for _ in range(4)))
    begun = [one for one in await desk.announcements() if one[0] == "roster.assigned"]
    assert len(begun) == 40


async def test_a_command_of_the_old_year_that_ends_behind_new_year_is_announced_for_the_new(
    home: Path, database_url: str, desk: Desk, clock: Hand
) -> None:
    """Here by a replica whose clock is behind: the year was announced before its member came."""
    clock.set("2026-01-01T00:00:01+07:00")
    await assigned(desk, "CB-1")
    late = Hand()
    late.set("2025-12-31T23:59:59.900000+07:00")
    given = ("training", build, migrated, home, database_url, desk.issuer, late)
    async with open_desk(*given) as behind:
        await assigned(behind, "CB-2", day="2025-12-01")

    async def both() -> bool:
        return (await told(desk)).count(("roster.assigned", UNIT, NEW_YEAR_2026)) == 2

    await eventually(both)


async def test_a_service_that_was_down_at_new_year_announces_it_at_its_start(
    home: Path, database_url: str, clock: Hand
) -> None:
    """Also several years late: each year on its first day, once."""
    issuer = development_issuer(home, clock)
    given = ("training", build, migrated, home, database_url, issuer, clock)
    async with open_desk(*given) as desk:
        await assigned(desk)
    clock.set("2027-02-10T00:00:00+07:00")
    for _ in range(2):
        async with open_desk(*given) as desk:
            await eventually(lambda: _announced(desk, ("roster.assigned", UNIT, NEW_YEAR_2027)))
            times = [time for _, _, time in await told(desk)]
            assert times == ["2025-03-01T01:00:00Z", NEW_YEAR_2026, NEW_YEAR_2027]


async def test_a_release_in_a_later_year_clears_that_year_alone(desk: Desk, clock: Hand) -> None:
    """The year before stays as it was; the new year is announced where that was not yet done."""
    made = await assigned(desk)
    clock.set("2026-03-10T08:00:00+07:00")
    await released(desk, made, "2026-03-01")
    assert [(e.kind.short, e.year) for e in await standing(desk)] == [
        ("roster.assigned", 2025), ("roster.assigned", 2026), ("roster.released", 2026),
    ]  # fmt: skip


async def test_a_release_that_is_written_down_in_the_next_year_takes_that_year_back(
    desk: Desk, clock: Hand
) -> None:
    """Somebody left in November, and the clerk heard of it in January."""
    made = await assigned(desk)
    clock.set("2026-01-10T08:00:00+07:00")
    await eventually(lambda: _announced(desk, ("roster.assigned", UNIT, NEW_YEAR_2026)))
    await released(desk, made, "2025-11-01")
    assert [(e.kind.short, e.year) for e in await standing(desk)] == [
        ("roster.assigned", 2025), ("roster.released", 2025),
    ]  # fmt: skip


async def test_an_assignment_that_was_a_mistake_is_taken_back_also_in_the_next_year(
    desk: Desk, clock: Hand
) -> None:
    """All that was announced of it is retracted, what was carried among it, and it is withdrawn."""
    await assigned(desk)
    await trained(desk, "CB-1")
    wrong = await assigned(desk, unit=OTHER, day="2025-06-01")
    assert len(await told(desk, "training.completed")) == 2
    clock.set("2026-01-10T08:00:00+07:00")
    await eventually(lambda: _announced(desk, ("roster.assigned", OTHER, NEW_YEAR_2026)))
    back = {"version": 1, "reason": "nhầm đơn vị"}
    after = await desk.succeed(f"memberships/{wrong['id']}/retract", "clerk", back)
    assert (after["stage"], after["possible"]) == ("withdrawn", [])
    assert {unit for _, unit, _ in await told(desk)} == {UNIT}
    again = await desk.post(f"memberships/{wrong['id']}/release", "clerk", {})
    assert again.status_code == 409


async def test_a_release_that_was_a_mistake_is_taken_back(desk: Desk) -> None:
    """What the release had cleared, or taken back for another role, stands again."""
    official = await assigned(desk)
    await assigned(desk, role="board_member")
    before = await told(desk)
    await released(desk, official, "2025-06-01")
    path = f"memberships/{official['id']}/retract"
    early = await desk.post(path, "clerk", {"version": 1, "reason": "x"})
    assert early.status_code == 409
    await desk.succeed(path, "clerk", {"version": 2, "reason": "nhầm"})
    assert await told(desk) == before
    journal = (await desk.get(f"memberships/{official['id']}/journal")).json()["items"]
    assert [one["step"] for one in journal] == ["assign", "release", "retract"]
    assert journal[2]["events"] == ["roster.assigned"]


async def test_a_roster_is_shown_as_it_was_on_a_day(desk: Desk) -> None:
    """In pages; names for the clerk of the unit and hr, keys for others."""
    made = [await assigned(desk, f"CB-{n}", day=f"2025-0{n}-01") for n in (1, 2, 3)]
    await released(desk, made[0], "2025-02-15")
    for day, count in (("2025-01-31", 1), ("2025-02-14", 2), ("2025-02-15", 1), ("2025-03-01", 2)):
        items = (await desk.get(f"rosters/{UNIT}?date={day}", "reader")).json()["items"]
        assert len(items) == count
        assert "name" not in items[0]
    shown = (await desk.get(f"rosters/{UNIT}?limit=1&role=official", "hr")).json()
    assert (shown["items"][0]["name"], shown["next"]) == (NAME, shown["items"][0]["id"])
    assert (
        len((await desk.get(f"rosters/{UNIT}?cursor={shown['next']}", "hr")).json()["items"]) == 1
    )


async def test_rosters_are_kept_by_the_clerk_of_the_unit_alone(desk: Desk) -> None:
    """Another role or unit is 403, also for reading."""
    made = await assigned(desk)
    body = {"unit": UNIT, "role": "official", "number": "CB-9", "name": NAME}
    far = {"units": [OTHER]}
    for role, claims in (("clerk", far), ("council", {}), ("emitter", {}), ("hr", {})):
        assert (await desk.post("memberships", role, body, **claims)).status_code == 403
    release = f"memberships/{made['id']}/release"
    assert (await desk.post(release, "clerk", {}, **far)).status_code == 403
    for path in (f"memberships/{made['id']}", f"rosters/{UNIT}", f"persons/{made['person']}"):
        assert (await desk.get(path, "reader", **far)).status_code == 403
        assert (await desk.get(path, "reader", units=[UNIT])).status_code == 200
    transfer = f"memberships/{made['id']}/transfer"
    assert (await desk.post(transfer, "clerk", {"unit": OTHER})).status_code == 403


async def test_a_command_that_read_an_older_version_is_refused(desk: Desk) -> None:
    """412 with the version that it has."""
    made = await assigned(desk)
    path = f"memberships/{made['id']}/release"
    old = await desk.ask("POST", path, "clerk", {}, {"if-match": '"7"'})
    assert (old.status_code, old.headers["etag"]) == (412, '"1"')
    assert (await desk.ask("POST", path, "clerk", {}, {"if-match": '"1"'})).status_code == 200


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"number": "025199001234"}, "number"), ({"number": "0251-9900.1234"}, "number"),
    ({"number": "123456789"}, "number"), ({"number": "CB 1"}, "number"),
    ({"number": "=1+1"}, "number"), ({"name": "Mẫu 025199001234"}, "name"),
    ({"name": "=HYPERLINK()"}, "name"), ({"name": None}, "name"), ({"role": "boss"}, "role"),
    ({"unit": "CITY"}, "unit"), ({"at": "2999-01-01T00:00:00Z"}, "at"),
    ({"at": "1999-01-01T00:00:00Z"}, "at"), ({"person": "0" * 64}, ""),
    ({"number": None, "name": None, "person": "0" * 64}, "person"),
    ({"person": "1", "number": None, "name": None}, "person"), ({"x": 1}, "x"),
]  # fmt: skip


async def test_bad_input_is_refused_by_field(desk: Desk) -> None:
    """An identity number above all; nothing is kept, and nobody becomes known."""
    for changed, field in WRONG:
        body = {"unit": UNIT, "role": "official", "number": "CB-1", "name": NAME, **changed}
        answer = await desk.post("memberships", "clerk", body)
        assert answer.status_code == 422, answer.text
        assert field in [error["field"] for error in answer.json()["errors"]]
        assert "Value error" not in answer.text
    async with desk.app.db.read() as conn:
        for table in ("persons", "journal", "outbox", "memberships"):
            assert (await conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar() == 0


async def test_a_number_that_is_known_by_another_name_is_refused(desk: Desk) -> None:
    """A mistyped number must not charge somebody else; the sentence tells no name."""
    await assigned(desk)
    body = {"unit": OTHER, "role": "official", "number": "cb-1", "name": "Tên khác"}
    answer = await desk.post("memberships", "clerk", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "name")
    assert "Mẫu" not in answer.text


async def test_what_is_no_record_of_the_kind_is_not_found(desk: Desk) -> None:
    """Ids of one kind of record are none of another."""
    course, made = await planned(desk), await assigned(desk)
    for path in (f"memberships/{course}", f"courses/{made['id']}", f"persons/{course}"):
        assert (await desk.get(path)).status_code == 404
    answer = await desk.post(f"courses/{made['id']}/cancel", "council", {"reason": "x"})
    assert answer.status_code == 404
