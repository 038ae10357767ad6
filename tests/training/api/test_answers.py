"""Answers of training: as OpenAPI promises them, with words for terms and times of Vietnam."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from services.chassis.http.openapi import Items, Page
from services.records.routes import JournalEntry
from services.training.api import answers
from services.training.domain import labels
from tests.support.builders.acts import UNIT, assigned, attended, planned, scheduled
from tests.support.builders.desks import ON_SQLITE, Desk

pytestmark = [pytest.mark.anyio, ON_SQLITE]

SHAPES: dict[str, Any] = {
    "memberships/{member}": answers.Membership, "courses/{course}": answers.Course,
    "memberships/{member}/journal": Items[JournalEntry],
    "courses/{course}/journal": Items[JournalEntry],
    "courses": Page[answers.ListedCourse], "rosters/{unit}": Page[answers.Member],
    "sessions?date=2025-01-01": Page[answers.ListedSession],
    "coverage?year=2025": Page[answers.Coverage],
    "missing?year=2025&unit={unit}": Page[answers.Missing],
    "persons/{person}": answers.Person, "persons/{person}/completions": Page[answers.Completion],
    "courses/{course}/sessions/{session}/attendance": answers.SessionAttendance,
}  # fmt: skip


async def played(desk: Desk) -> dict[str, str]:
    """Somebody on a roster, and a course that was held; the keys of both."""
    member = await assigned(desk)
    course = await planned(desk, due="2025-06-30")
    session = await scheduled(desk, course)
    await attended(desk, course, session, {"number": "CB-1"})
    return {
        "member": member["id"], "person": member["person"], "unit": UNIT, "course": course,
        "session": session,
    }  # fmt: skip


async def test_answers_are_those_that_openapi_promises(desk: Desk) -> None:
    """A generated client reads everything that is answered."""
    keys = await played(desk)
    for path, model in SHAPES.items():
        answer = await desk.get(path.format(**keys), "clerk")
        assert answer.status_code == 200, answer.text
        read = TypeAdapter(model).validate_python(answer.json(), strict=True)
        assert read.model_dump(exclude_unset=True, by_alias=True) == answer.json(), path


async def test_terms_stand_in_words_and_times_with_the_offset_of_vietnam(desk: Desk) -> None:
    """Stage, role, topic and steps; what programs read stays."""
    keys = await played(desk)
    course = (await desk.get(f"courses/{keys['course']}", "clerk")).json()
    assert (course["stage"], course["stage_vi"]) == ("scheduled", labels.stage("scheduled").vi)
    assert course["sessions"][0]["starts"].endswith("+07:00")
    assert "hold" in course["possible"] and "cancel" not in course["possible"]
    assert labels.step("hold").vi in course["possible_vi"]
    member = (await desk.get(f"memberships/{keys['member']}", "council")).json()
    assert (member["role_vi"], member["possible"]) == (
        labels.role("official").vi, ["transfer"],
    )  # fmt: skip


async def test_a_course_is_closed_on_the_day_of_its_last_session(desk: Desk) -> None:
    """A day without a time means that it is over when the session is."""
    keys = await played(desk)
    course = (await desk.get(f"courses/{keys['course']}", "clerk")).json()
    day = course["sessions"][0]["starts"][:10]
    after = await desk.succeed(f"courses/{keys['course']}/hold", "clerk", {"at": day})
    assert after["stage"] == "held" and after["ended"].startswith(day)
    early = await desk.post(f"memberships/{keys['member']}/release", "clerk", {"at": "2000-01-01"})
    assert (early.status_code, early.json()["errors"][0]["field"]) == (422, "at")
