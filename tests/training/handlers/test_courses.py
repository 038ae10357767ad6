"""Courses: plan, sessions, attendance, and who completed them where."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.builders.acts import (
    DAY,
    OTHER,
    UNIT,
    assigned,
    attended,
    planned,
    released,
    scheduled,
    standing,
    told,
    trained,
)
from tests.support.builders.desks import Desk
from tests.training.conftest import Hand

pytestmark = pytest.mark.anyio

DONE = "training.completed"
FIFTH_OF_MAY = "2025-05-05T09:00:00Z"


async def completed(desk: Desk) -> list[tuple[str, str, str, str | None]]:
    """(unit, time, hours, carried from) of what stands, by time."""
    found = [
        (e.event.subject, e.event.time, e.event.data.hours, e.event.data.carried_from or None)
        for e in await standing(desk)
        if e.kind.short == DONE
    ]
    return sorted(found, key=lambda one: (one[1], one[0]))


async def test_a_course_is_planned_held_and_announced(desk: Desk) -> None:
    """In the name of the unit that plans it, with its due day and topic."""
    await assigned(desk)
    course = await planned(desk, due="2025-06-30", provider="Trường Chính trị", clause="Điều 4")
    session = await scheduled(desk, course)
    path = f"courses/{course}/hold"
    nobody = await desk.post(path, "clerk", {"at": "2025-05-06" + DAY})
    assert (nobody.status_code, "nobody" in nobody.json()["detail"]) == (409, True)
    assert "hold" not in nobody.json()["possible"]
    await attended(desk, course, session, {"number": "CB-1"})
    early = await desk.post(path, "clerk", {"at": "2025-05-05" + DAY})
    assert early.status_code == 422
    after = await desk.succeed(path, "clerk", {"at": "2025-05-06" + DAY})
    assert (after["stage"], after["possible"]) == ("held", ["attend"])
    found = {e.kind.short: e.event for e in await standing(desk)}
    assert found["course.planned"].data.due == "2025-06-30"
    assert found["course.held"].data.course == course == found[DONE].data.course
    assert (found[DONE].data.provider, found[DONE].data.topic) == ("Trường Chính trị", "democracy")


async def test_a_plan_may_be_of_the_next_year_and_held_in_the_year_after_it(
    desk: Desk, clock: Hand
) -> None:
    """Events name the year of the plan where it is not that of their time."""
    course = await planned(desk, year=2025, at="2024-11-20" + DAY)
    await assigned(desk)
    clock.set("2026-01-04T08:00:00+07:00")
    session = await scheduled(desk, course, "2025-12-30")
    await attended(desk, course, session, {"number": "CB-1"})
    await desk.succeed(f"courses/{course}/hold", "clerk", {"at": "2026-01-03" + DAY})
    years = {e.kind.short: e.year for e in await standing(desk)}
    assert (years["course.planned"], years["course.held"], years[DONE]) == (2025, 2025, 2025)
    far = await desk.post(
        "courses", "clerk",
        {"unit": UNIT, "title": "x", "topic": "other", "hours": 1, "year": 2029},
    )  # fmt: skip
    assert (far.status_code, far.json()["errors"][0]["field"]) == (422, "year")


async def test_a_revision_takes_the_announcement_back_and_makes_it_anew(desk: Desk) -> None:
    """A due day is moved by another event of the same moment, and not by a second one beside."""
    course = await planned(desk, due="2025-06-30")
    await desk.succeed(f"courses/{course}/revise", "clerk", {"title": "Tên khác"})
    assert len(await desk.events()) == 1
    await desk.succeed(f"courses/{course}/revise", "clerk", {"due": "2025-09-30", "hours": "4"})
    (event,) = await standing(desk)
    assert (event.event.time, event.event.data.due) == ("2025-02-01T01:00:00Z", "2025-09-30")
    record = (await desk.get(f"courses/{course}", "reader")).json()
    assert (record["hours"], record["rule"]["hours_min"]) == ("4", "4")


async def test_the_council_alone_takes_a_course_out_of_the_plan(desk: Desk) -> None:
    """By cancelling or by taking the plan back; what somebody attended took place."""
    await assigned(desk)
    course = await planned(desk)
    reason = {"reason": "không cần nữa"}
    assert (await desk.post(f"courses/{course}/cancel", "clerk", reason)).status_code == 403
    back = {"version": 1, **reason}
    refused = await desk.post(f"courses/{course}/retract", "clerk", back)
    needs = "Taking a course out of the plan needs the role council; this token has the role clerk."
    assert (refused.status_code, refused.json()["detail_en"]) == (403, needs)
    after = await desk.succeed(f"courses/{course}/cancel", "council", reason)
    assert (after["stage"], after["possible"]) == ("cancelled", [])
    assert [short for short, _, _ in await told(desk, "course.planned", "course.cancelled")] == [
        "course.planned", "course.cancelled",
    ]  # fmt: skip
    assert (await desk.post(f"courses/{course}/retract", "clerk", {**back, "version": 2})
            ).status_code == 403  # fmt: skip
    await desk.succeed(f"courses/{course}/retract", "council", {**back, "version": 2})
    await desk.succeed(f"courses/{course}/retract", "council", back)
    assert await told(desk, "course.planned", "course.cancelled") == []
    held = await trained(desk, "CB-1")
    refused = await desk.post(f"courses/{held}/cancel", "council", reason)
    assert (refused.status_code, refused.json()["state"]) == (409, "scheduled")
    assert "cancel" not in refused.json()["possible"]


ROWS = [{"number": "CB-1", "hours": "1"}]
RULES: list[tuple[dict[str, Any], list[tuple[str, str | None]], str | None]] = [
    ({}, [("8", None)], "8"), ({}, [("7.5", None)], None),
    ({"hours_min": "7.5"}, [("7.5", None)], "7.5"),
    ({"hours_min": "6"}, [("3.3", None), ("2.7", None)], "6"),
    ({"hours_min": "6.0001"}, [("3.3", None), ("2.7", None)], None),
    ({"hours_min": 0, "test": True}, [("0", "passed")], "0"),
    ({"test": True}, [("8", "failed")], None), ({"test": True}, [("8", None)], None),
    ({"hours_min": "8", "test": True}, [("8", "failed"), ("1", "passed")], "9"),
    ({"hours_min": "3"}, [("3", None), ("3", None)], "3"),
]  # fmt: skip


async def test_a_course_is_completed_when_its_rule_is_met(desk: Desk) -> None:
    """Hours are added exactly; it is completed at the end of the session that met the rule."""
    for i, (rule, rows, met) in enumerate(RULES):
        unit, number = f"H44.3.{i}", f"CB-{i}"
        await assigned(desk, number, unit)
        course = await planned(desk, unit, **rule)
        for n, (hours, test) in enumerate(rows):
            session = await scheduled(desk, course, f"2025-05-0{n + 1}")
            await attended(desk, course, session, {"number": number, "hours": hours, "test": test})
        found = [hours for of, _, hours, _ in await completed(desk) if of == unit]
        assert found == ([met] if met else []), rule


async def test_completion_is_told_in_every_unit_on_whose_roster_the_person_is(desk: Desk) -> None:
    """Also one that did not plan the course; not where the person was released before."""
    await assigned(desk)
    await assigned(desk, unit=OTHER)
    await released(desk, await assigned(desk, unit="H44.2.3"), "2025-04-01")
    await trained(desk, "CB-1")
    assert await completed(desk) == [
        (UNIT, FIFTH_OF_MAY, "8", None), (OTHER, FIFTH_OF_MAY, "8", None),
    ]  # fmt: skip


async def test_training_follows_the_person_to_another_unit_of_the_same_year_once(
    desk: Desk, clock: Hand
) -> None:
    """At the assignment, from where it was told first; a second role there adds nothing."""
    await assigned(desk)
    await trained(desk, "CB-1")
    await assigned(desk, unit=OTHER, day="2025-08-01")
    await assigned(desk, unit=OTHER, day="2025-09-01", role="other")
    expected = [(UNIT, FIFTH_OF_MAY, "8", None), (OTHER, "2025-08-01T01:00:00Z", "8", UNIT)]
    assert await completed(desk) == expected
    clock.set("2026-02-01T08:00:00+07:00")
    await assigned(desk, unit="H44.2.3", day="2026-01-15")
    assert await completed(desk) == expected


async def test_who_was_trained_before_coming_on_any_roster_is_trained_when_assigned(
    desk: Desk,
) -> None:
    """The first unit tells it as its own, the next one as carried from there."""
    gone = await assigned(desk, day="2025-01-05")
    await released(desk, gone, "2025-02-01")
    await trained(desk, "CB-1")
    assert await completed(desk) == []
    await assigned(desk, unit=OTHER, day="2025-06-01")
    await assigned(desk, day="2025-07-01")
    assert await completed(desk) == [
        (OTHER, "2025-06-01T01:00:00Z", "8", None), (UNIT, "2025-07-01T01:00:00Z", "8", OTHER),
    ]  # fmt: skip


async def test_what_no_longer_holds_is_retracted_and_comes_back_by_new_events(desk: Desk) -> None:
    """A row is taken out, the carried completion goes with it; entered again, both come back."""
    await assigned(desk)
    course = await trained(desk, "CB-1")
    person = (await assigned(desk, unit=OTHER, day="2025-08-01"))["person"]
    both = await completed(desk)
    struck = {"session": "s1", "persons": [person]}
    answer = await desk.post(f"courses/{course}/strike", "clerk", struck)
    assert len(answer.headers["x-danchu-receipts"].split(",")) == 2
    assert await completed(desk) == []
    again = await desk.post(f"courses/{course}/strike", "clerk", struck)
    assert (again.status_code, "strike" in again.json()["possible"]) == (409, False)
    await attended(desk, course, "s1", {"person": person, "hours": "7"})
    assert await completed(desk) == []
    await attended(desk, course, "s1", {"person": person})
    assert await completed(desk) == both
    version = (await desk.get(f"courses/{course}")).json()["version"]
    back = {"version": version, "reason": "nhầm người"}
    await desk.succeed(f"courses/{course}/retract", "clerk", back)
    assert await completed(desk) == []


async def test_a_session_that_moves_takes_the_completion_with_it(desk: Desk) -> None:
    """Told anew at its right moment; a session that was attended is not dropped."""
    await assigned(desk)
    course = await trained(desk, "CB-1")
    path = f"courses/{course}"
    await desk.succeed(f"{path}/move", "clerk", {"session": "s1", "starts": "2025-06-01" + DAY})
    assert [time for _, time, _, _ in await completed(desk)] == ["2025-06-01T09:00:00Z"]
    for step, body in (
        ("drop", {"session": "s1"}), ("move", {"session": "s1", "hours": "7"}),
        ("move", {"session": "s1", "starts": "2025-12-30" + DAY}),
    ):  # fmt: skip
        answer = await desk.post(f"{path}/{step}", "clerk", body)
        assert (answer.status_code, answer.json()["state"]) == (409, "scheduled"), (step, body)
        assert "omebody attended" in answer.json()["detail"]
    refusals: tuple[tuple[str, dict[str, Any]], ...] = (
        ("move", {"session": "s9"}), ("attend", {"session": "s9", "rows": ROWS}),
        ("schedule", {"starts": "2025-06-02T20:00:00+07:00", "place": "x", "hours": "4"}),
        ("schedule", {"starts": "9999-12-31T23:59:59Z", "place": "x", "hours": "999999999"}),
        ("schedule", {"starts": "2025-06-02" + DAY, "place": "x", "hours": "0.0"}),
    )  # fmt: skip
    for step, request in refusals:
        answer = await desk.post(f"{path}/{step}", "clerk", request)
        assert answer.status_code == 422, (step, request)


async def test_a_session_that_was_dropped_takes_no_further_step(desk: Desk) -> None:
    """409 where it is dropped again, moved or attended; the course says what is possible."""
    await assigned(desk)
    course = await planned(desk)
    gone = await scheduled(desk, course)
    await scheduled(desk, course, "2025-05-06")
    path = f"courses/{course}"
    remaining = await desk.succeed(f"{path}/drop", "clerk", {"session": gone})
    for step, body in (
        ("drop", {}), ("move", {"place": "x"}), ("attend", {"rows": ROWS}),
        ("strike", {"persons": ["0" * 64]}),
    ):  # fmt: skip
        answer = await desk.post(f"{path}/{step}", "clerk", {"session": gone, **body})
        assert (answer.status_code, answer.json()["possible"]) == (409, remaining["possible"]), step
    sheet = b"number,hours\nCB-1,8\n"
    late = await desk.ask("POST", f"{path}/sessions/{gone}/attendance", "clerk", sheet)
    assert (late.status_code, "was dropped" in late.json()["detail"]) == (409, True)


async def test_a_course_is_not_moved_to_the_unit_that_has_it(desk: Desk) -> None:
    """409 with what is possible, and nothing is announced."""
    course = await planned(desk)
    answer = await desk.post(f"courses/{course}/transfer", "council", {"unit": UNIT})
    assert (answer.status_code, answer.json()["state"]) == (409, "planned")
    assert answer.json()["possible"] == ["cancel", "transfer"]
    assert len(await desk.events()) == 1


async def test_attendance_is_written_down_when_the_session_is_over(desk: Desk) -> None:
    """Not ahead of it; no unknown person, nobody twice, no more hours than the session has."""
    await assigned(desk)
    course = await planned(desk)
    ahead, past = await scheduled(desk, course, "2025-12-20"), await scheduled(desk, course)
    path = f"courses/{course}/attend"
    for session, rows, field in (
        (ahead, [{"number": "CB-1", "hours": 8}], "session"),
        (past, [{"number": "CB-1", "hours": "8.5"}], "rows.0.hours"),
        (past, [{"number": "CB-1", "hours": 1}, {"number": "CB-7", "hours": 1}], "rows.1.number"),
        (past, [{"number": "CB-1", "hours": 1}, {"number": "CB-1", "hours": 2}], "rows.1.number"),
        (past, [{"number": "CB-1", "hours": 1.5}], "rows.0.hours"),
        (past, [{"number": "025199001234", "hours": 1}], "rows.0.number"),
        (past, [{"hours": "1"}], "rows.0"), (past, [], "rows"),
        ("s9", [{"number": "CB-1", "hours": 1}], "session"),
    ):  # fmt: skip
        answer = await desk.post(path, "clerk", {"session": session, "rows": rows})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert await told(desk, DONE) == []


async def test_what_is_known_already_is_no_step(desk: Desk) -> None:
    """The same rows again leave version and journal as they were."""
    await assigned(desk)
    course = await trained(desk, "CB-1")
    before = (await desk.get(f"courses/{course}", "clerk")).json()
    after = await attended(desk, course, "s1", {"number": "CB-1", "hours": "8.00"})
    assert after == before


async def test_coverage_counts_who_is_obliged_and_who_of_them_is_trained(desk: Desk) -> None:
    """By unit and year; the share is exact, and nobody's share is empty."""
    for n in range(3):
        await assigned(desk, f"CB-{n}")
    await assigned(desk, "CB-0", role="board_member")
    await released(desk, await assigned(desk, "CB-8"), "2025-09-01")
    await trained(desk, "CB-0", "CB-1", "CB-8")
    await assigned(desk, "CB-9", unit=OTHER)
    found = (await desk.get("coverage?year=2025", "hr")).json()["items"]
    assert found == [
        {"unit": UNIT, "obliged": 3, "trained": 2, "share": "66.67"},
        {"unit": OTHER, "obliged": 1, "trained": 0, "share": "0.00"},
    ]
    own = (await desk.get("coverage?year=2025", "reader", units=[OTHER])).json()["items"]
    assert [one["unit"] for one in own] == [OTHER]
    assert (await desk.get(f"coverage?year=2025&unit={UNIT}", "reader", units=[OTHER])
            ).status_code == 403  # fmt: skip
    skills = (await desk.get(f"coverage?year=2025&topic=it_skills&unit={UNIT}")).json()["items"]
    assert (skills[0]["obliged"], skills[0]["trained"]) == (3, 0)
    assert (await desk.get("coverage?year=2024")).json()["items"] == []


async def test_who_is_missing_is_named_to_the_right_role_alone(desk: Desk) -> None:
    """The clerk of the unit and hr read names, others keys; reads of names are remembered."""
    await assigned(desk)
    await assigned(desk, "CB-2")
    await trained(desk, "CB-1")
    path = f"missing?unit={UNIT}&year=2025"
    for role in ("reader", "council", "auditor", "operator"):
        (item,) = (await desk.get(path, role)).json()["items"]
        assert sorted(item) == ["person", "role", "role_en", "role_vi"]
    for role in ("clerk", "hr"):
        (item,) = (await desk.get(path, role)).json()["items"]
        assert item["number"] == "CB-2"
    assert (await desk.get(path, "clerk", units=[OTHER])).status_code == 403


async def test_sessions_ahead_are_listed_in_their_order(desk: Desk) -> None:
    """From now on, or from a day, in pages."""
    first, second = await planned(desk), await planned(desk, OTHER)
    for course, day in ((first, "2025-12-20"), (second, "2025-12-10"), (first, "2025-05-01")):
        await scheduled(desk, course, day)
    page = (await desk.get("sessions?limit=1")).json()
    rest = (await desk.get(f"sessions?cursor={page['next']}")).json()
    starts = [one["starts"] for one in page["items"] + rest["items"]]
    assert starts == ["2025-12-10T08:00:00+07:00", "2025-12-20T08:00:00+07:00"]
    past = (await desk.get(f"sessions?date=2025-01-01&unit={UNIT}")).json()["items"]
    assert len(past) == 2
    for wrong in (
        "sessions?cursor=x", "sessions?cursor=1:%00", "courses?cursor=%00", "courses/%00",
        "sessions?x=1",
    ):  # fmt: skip
        assert (await desk.get(wrong)).status_code == 422


async def test_courses_are_listed_by_unit_year_and_stage(desk: Desk) -> None:
    """A reader sees those of its units."""
    course, other = await planned(desk), await planned(desk, OTHER)
    for query, expected in (
        ("", {course, other}), (f"?unit={UNIT}", {course}), ("?year=2024", set()),
        ("?stage=planned&year=2025", {course, other}), ("?stage=held", set()),
    ):  # fmt: skip
        items = (await desk.get(f"courses{query}")).json()["items"]
        assert {one["id"] for one in items} == expected
    own = (await desk.get("courses", "reader", units=[OTHER])).json()["items"]
    assert [one["id"] for one in own] == [other]


async def test_a_persons_completions_are_shown_by_course(desk: Desk) -> None:
    """To those who may read of the person."""
    made = await assigned(desk)
    course = await trained(desk, "CB-1")
    path = f"persons/{made['person']}/completions"
    (item,) = (await desk.get(path, "reader", units=[UNIT])).json()["items"]
    at = "2025-05-05T16:00:00+07:00"
    assert (item["course"], item["hours"], item["at"]) == (course, "8", at)
    assert (await desk.get(path, "reader", units=[OTHER])).status_code == 403
    assert (await desk.get(f"persons/{'0' * 64}/completions")).status_code == 404
