"""The table of training: every route of rosters, persons, courses and lists."""

from __future__ import annotations

import itertools
from typing import Any

from tests.records.lines import (
    BOTH,
    CLERK,
    COUNCIL,
    EVERYBODY_READS,
    MACHINERY,
    NEXT,
    OWN,
    SEES_ALL,
    SEES_JOURNALS,
    Line,
)
from tests.support.builders import acts
from tests.support.builders.desks import Desk

NUMBERS = itertools.count(1)
KNOWN = "CB-0"
ATTEND = {"session": "s1", "rows": [{"number": KNOWN, "hours": "8"}]}
STRIKE: dict[str, Any] = {"session": "s1"}
ASSIGN: dict[str, Any] = {"unit": OWN, "role": "board_member", "name": acts.NAME}


async def _assigning(desk: Desk) -> str:
    """A staff number that is still free, which the body of the line has from then on."""
    ASSIGN["number"] = f"MOI-{next(NUMBERS)}"
    return ""


async def _membership(desk: Desk) -> dict[str, Any]:
    return await acts.assigned(desk, f"CB-{next(NUMBERS)}", OWN)


async def _member(desk: Desk) -> str:
    return str((await _membership(desk))["id"])


async def _person(desk: Desk) -> str:
    return str((await _membership(desk))["person"])


async def _planned(desk: Desk) -> str:
    return await acts.planned(desk, OWN)


async def _scheduled(desk: Desk) -> str:
    """A course with the session s1, and one person who can attend it."""
    found = (await desk.get(f"rosters/{OWN}?limit=1000", "hr")).json()["items"]
    if not any(one["number"] == KNOWN for one in found):
        await acts.assigned(desk, KNOWN, OWN)
    course = await acts.planned(desk, OWN)
    await acts.scheduled(desk, course)
    return course


async def _attended(desk: Desk) -> str:
    course = await _scheduled(desk)
    await desk.succeed(f"courses/{course}/attend", "clerk", ATTEND)
    seen = await desk.get(f"courses/{course}/sessions/s1/attendance")
    STRIKE["persons"] = [one["person"] for one in seen.json()["items"]]
    return course


PLAN = {"unit": OWN, "title": "Bồi dưỡng", "topic": "democracy", "hours": "8"}
SESSION = {"starts": "2025-06-05T08:00:00+07:00", "place": "Hội trường", "hours": "4"}
BACK = {"version": 1, "reason": "nhầm"}
OF_UNIT = f"unit={OWN}&year=2025"
ROSTER = f"number,name,role\nCB-R,{acts.NAME},official\n".encode()
SHEET = f"number,hours\n{KNOWN},8\n".encode()

TRAINING = {
    "POST /memberships": Line(CLERK, _assigning, ASSIGN),
    "POST /memberships/{id}/release": Line(CLERK, _member, {}),
    "POST /memberships/{id}/transfer": Line(COUNCIL, _member, {"unit": NEXT}, covers=(NEXT,)),
    "POST /memberships/{id}/retract": Line(BOTH, _member, BACK),
    "GET /memberships/{id}": Line(EVERYBODY_READS, _member, unbound=SEES_ALL),
    "GET /memberships/{id}/journal": Line(SEES_JOURNALS, _member, unbound=SEES_ALL),
    "POST /successions": Line(
        COUNCIL, body={"unit": OWN, "predecessor": "H44.2.7"}, covers=("H44.2.7",)
    ),
    "POST /persons/{id}/rename": Line(
        BOTH, _person, {"name": "Tên Mẫu"}, unbound=COUNCIL, headers={"if-match": "*"}
    ),
    "DELETE /persons/{id}": Line(COUNCIL, _person, unbound=COUNCIL),
    "GET /persons/{id}": Line(EVERYBODY_READS, _person, unbound=SEES_ALL),
    "GET /persons/{id}/completions": Line(EVERYBODY_READS, _person, unbound=SEES_ALL),
    "POST /rosters/{unit}": Line(CLERK, body=ROSTER),
    "GET /rosters/{unit}": Line(EVERYBODY_READS, unbound=SEES_ALL),
    "GET /coverage": Line(EVERYBODY_READS, query=OF_UNIT, unbound=SEES_ALL),
    "GET /missing": Line(EVERYBODY_READS, query=OF_UNIT, unbound=SEES_ALL),
    "POST /courses": Line(CLERK, body=PLAN),
    "POST /courses/{id}/revise": Line(CLERK, _planned, {"title": "Khác"}),
    "POST /courses/{id}/schedule": Line(CLERK, _planned, SESSION),
    "POST /courses/{id}/move": Line(CLERK, _scheduled, {"session": "s1", "place": "Phòng 2"}),
    "POST /courses/{id}/drop": Line(CLERK, _scheduled, {"session": "s1"}),
    "POST /courses/{id}/attend": Line(CLERK, _scheduled, ATTEND),
    "POST /courses/{id}/strike": Line(CLERK, _attended, STRIKE),
    "POST /courses/{id}/hold": Line(CLERK, _attended, {}),
    "POST /courses/{id}/cancel": Line(COUNCIL, _planned, {"reason": "Không"}),
    "POST /courses/{id}/transfer": Line(COUNCIL, _planned, {"unit": NEXT}, covers=(NEXT,)),
    "POST /courses/{id}/retract": Line(BOTH, _scheduled, {**BACK, "version": 2}),
    "POST /courses/{id}/sessions/{session}/attendance": Line(CLERK, _scheduled, SHEET),
    "GET /courses/{id}/sessions/{session}/attendance": Line(
        EVERYBODY_READS, _scheduled, unbound=SEES_ALL
    ),
    "GET /courses": Line(EVERYBODY_READS, query=OF_UNIT, unbound=SEES_ALL),
    "GET /courses/{id}": Line(EVERYBODY_READS, _planned, unbound=SEES_ALL),
    "GET /courses/{id}/journal": Line(SEES_JOURNALS, _planned, unbound=SEES_ALL),
    "GET /sessions": Line(EVERYBODY_READS, query=f"unit={OWN}", unbound=SEES_ALL),
    "GET /templates/attendance": Line(EVERYBODY_READS, unbound=EVERYBODY_READS),
    "GET /outbox": Line(MACHINERY, unbound=MACHINERY),
    "GET /reads": Line(("auditor",), unbound=("auditor",)),
}
