"""A sealed year answers from the set of its seal, and each version as it was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from contracts import moments
from contracts.envelope import Recorded
from services.chassis.auth.credentials import Credential
from services.chassis.clock import fixed
from services.scoring.access.units import find_unit
from services.scoring.errors import NotKnownYet, VersionUnknown
from services.scoring.queries import books
from services.scoring.ratings.json import rating_members
from services.scoring.ratings.recount import Accepted
from services.scoring.readmodel.moment import NOW as PRESENT
from services.scoring.readmodel.moment import Moment
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import doors
from tests.scoring.folding import Fold, folding
from tests.scoring.readmodel.test_as_of import STEP, random_history
from tests.scoring.year_events import year_event
from tests.support.builders.cities import NOW, rating_answers, rubrics

pytestmark = pytest.mark.anyio
DOOR = "intake.01234567"
CUT, SEALED, REOPENED = 200, 240, 330


def members(snapshot: Snapshot) -> dict[str, Any]:
    """Every rating of a snapshot."""
    return {key: rating_members(snapshot.rating(key)) for key in snapshot.standings}


def decision(short: str, event: Recorded, year: int, **data: Any) -> Recorded:
    """A decision on the stage of the year, recorded a moment after an event."""
    at = moments.rfc3339(event.recorded + 1)
    return year_event(short, at, f"{short}/{at}", year, **data)


@asynccontextmanager
async def versions_of_a_year(
    seed: int, tmp_path: Path
) -> AsyncIterator[tuple[Fold, Reading, list[Recorded], int, Rubrics]]:
    """A year of a random city that was published and sealed while events went on."""
    events, year = random_history(seed)
    ours = rubrics(seed, tmp_path)[1]
    stages = [
        decision("year.provisional", events[100], year, version=1),
        decision(
            "year.sealed", events[SEALED], year, version=1,
            cut=moments.rfc3339(events[CUT].recorded),
            rubrics=[{"id": rubric.id, "text": rubric.text} for rubric in ours.of_year(year)],
        ),
    ]  # fmt: skip
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", ours) as fold:
        await fold.fold([*events, *stages])
        async with fold.db.write() as conn:
            door = (await doors.ensure_doors(conn, [DOOR]))[DOOR]
            await doors.save(conn, door._replace(held_until=NOW - STEP))
        snapshots = Snapshots(fold.db, ours)
        yield fold, Reading(fold.db, snapshots, fixed(NOW)), events, year, ours


def expected(events: list[Recorded], number: int, ours: Rubrics, year: int) -> dict[str, Any]:
    """The ratings of what was recorded up to an event of the history, as of no instant."""
    return rating_answers(Accepted(events[: number + 1]), ours, year)


def answers(ratings: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Ratings with other members, and without the term of the stage."""
    return {
        unit: {**rating, **members, "labels": {**rating["labels"], "stage": None}}
        for unit, rating in ratings.items()
    }


async def test_a_sealed_year_answers_from_its_set_until_it_is_reopened(tmp_path: Path) -> None:
    """Late events change nothing; an instant from the cut to the reopening has the same set."""
    async with versions_of_a_year(8, tmp_path) as (fold, reading, events, year, ours):
        at_cut = expected(events, CUT, ours, year)
        sealed = members(await reading.snapshot(year))
        version = {"version": 1}
        assert answers(sealed) == answers(at_cut, stage="sealed", as_of=None, **version)
        for number, stage in ((CUT, "provisional"), (SEALED - 1, "provisional"), (320, "sealed")):
            instant = events[number].recorded
            past = members(await reading.snapshot(year, Moment(instant)))
            as_of = moments.rfc3339(instant)
            assert answers(past) == answers(at_cut, stage=stage, as_of=as_of, **version)
        before = answers(members(await reading.snapshot(year, Moment(events[150].recorded))))
        assert {rating["stage"] for rating in before.values()} == {"provisional"}
        assert before == answers(
            expected(events, 150, ours, year), stage="provisional",
            as_of=moments.rfc3339(events[150].recorded), **version,
        )  # fmt: skip
        await fold.fold([decision("year.reopened", events[REOPENED], year, version=2)])
        live = members(await reading.snapshot(year))
        everything = expected(events, len(events), ours, year)
        assert answers(live) == answers(everything, stage="reopened", version=2)
        assert answers(live) == answers(members(await reading.snapshot(year, Moment(version=2))))
        assert members(await reading.snapshot(year, Moment(version=1))) == sealed
        past = members(await reading.snapshot(year, Moment(events[320].recorded)))
        assert answers(past, as_of=None) == answers(sealed)
        with pytest.raises(VersionUnknown):
            await reading.snapshot(year, Moment(version=3))
        with pytest.raises(NotKnownYet):
            await reading.snapshot(year, Moment(NOW))


async def test_events_after_the_cut_are_listed_as_late(tmp_path: Path) -> None:
    """They are kept and shown, and do not count for the sealed year."""
    async with versions_of_a_year(7, tmp_path) as (_, reading, events, year, _):
        snapshot = await reading.snapshot(year, PRESENT)
        cut = moments.rfc3339(events[CUT].recorded)
        reasons: dict[bool, set[str | None]] = {True: set(), False: set()}
        for key in snapshot.standings:
            page = await reading.events(snapshot, snapshot.registry.units[key], None, 1000)
            for item in page.items:
                late = moments.instant(item["recordedtime"]) > moments.instant(cut)
                reasons[late].add(item["reason"])
        assert reasons[True] == {"late"}
        assert "late" not in reasons[False] and None in reasons[False]


async def test_changes_name_each_line_that_differs_and_the_events_between(tmp_path: Path) -> None:
    """Between two instants, and from a sealed version to the present state after a reopening."""
    async with versions_of_a_year(8, tmp_path) as (fold, reading, events, year, ours):
        await fold.fold([decision("year.reopened", events[REOPENED], year, version=2)])
        spans = [
            (150, 190, Moment(events[150].recorded), Moment(events[190].recorded)),
            (CUT, len(events), Moment(version=1), PRESENT),
            (CUT, len(events), Moment(events[SEALED].recorded), Moment(version=2)),
        ]
        for first, second, *states in spans:
            ratings = [expected(events, number, ours, year) for number in (first, second)]
            between = {event.event.id for event in events[first + 1 : second + 1]}
            for key in ratings[0] | ratings[1]:
                answer = await reading.changes(year, key, *states)
                before, after = (rating.get(key) for rating in ratings)
                assert (answer["from"]["total"], answer["to"]["total"]) == (
                    before and before["total"], after and after["total"],
                )  # fmt: skip
                scores = [{} if each is None else each["scores"] for each in (before, after)]
                moved = {i for i in scores[0] | scores[1] if scores[0].get(i) != scores[1].get(i)}
                items = {item["indicator"]: item for item in answer["items"]}
                assert items.keys() - {None} == moved
                for indicator in moved:
                    item = items[indicator]
                    assert item["before"] == scores[0].get(indicator)
                    assert item["points"] == scores[1].get(indicator)
                    causes = {event["id"] for event in item["events"]}
                    assert causes and causes <= between


async def test_a_rating_takes_one_look_at_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The right to read and the rating come from the same look, also of a sealed year."""
    looks: list[int] = []
    last_stamp = books.last_stamp

    async def counted(db: Any) -> int:
        looks.append(1)
        return await last_stamp(db)

    monkeypatch.setattr(books, "last_stamp", counted)
    async with versions_of_a_year(8, tmp_path) as (_, reading, _, year, _):
        snapshot = await reading.snapshot(year)
        looks.clear()
        await find_unit(reading, Credential("hr"), year, next(iter(snapshot.standings)))
    assert len(looks) == 1


async def test_a_set_that_is_still_arriving_is_not_kept(tmp_path: Path) -> None:
    """A rebuild may bring the seal before what it covers: then nothing is remembered."""
    async with versions_of_a_year(8, tmp_path) as (fold, reading, events, year, ours):
        async with fold.db.write() as conn:
            door = (await doors.ensure_doors(conn, [DOOR]))[DOOR]
            await doors.save(conn, door._replace(held_until=events[CUT].recorded - 1))
            for event in events[: CUT + 1 : 2]:
                delete = text("DELETE FROM ledger WHERE identity = :identity")
                await conn.execute(delete, {"identity": event.identity})
        partial = answers(members(await reading.snapshot(year)))
        await fold.fold(events[: CUT + 1 : 2])
        whole = answers(members(await reading.snapshot(year)))
        assert whole == answers(expected(events, CUT, ours, year), stage="sealed") != partial
