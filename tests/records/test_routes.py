"""Who may do what: every route of every system of record by every role, own and other unit.

The routes are read from the applications, so that a new one without its line in the table fails.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from services.awards import app as awards
from services.chassis.auth.credentials import ROLES, Issuer
from services.training import app as training
from services.violations import app as violations
from tests.records.lines import (
    BOTH,
    CLERK,
    COUNCIL,
    EVERYBODY_READS,
    MACHINERY,
    NEXT,
    OTHER,
    OWN,
    SEES_ALL,
    SEES_JOURNALS,
    Line,
    Prepare,
)
from tests.records.training_lines import TRAINING
from tests.support.builders import cases
from tests.support.builders.desks import Desk, open_desk

pytestmark = pytest.mark.anyio

ANYBODY = frozenset(("/healthz", "/readyz"))

VOTES = {"what": "model", "level": "city", "in_favour": 3, "against": 0}
DECISION = {"level": "city", "decision": "1/QĐ"}


async def _nominated(desk: Desk) -> str:
    body = {
        "unit": OWN, "kind": "person", "title": "Mô hình", "merits": "Tốt", "honoree": "Tên",
        "at": "2025-03-01T08:00:00+07:00",
    }  # fmt: skip
    return str((await desk.succeed("achievements", "clerk", body))["id"])


def _achievement(*steps: tuple[str, dict[str, Any]]) -> Prepare:
    async def prepare(desk: Desk) -> str:
        id_ = await _nominated(desk)
        for name, body in steps:
            await desk.succeed(f"achievements/{id_}/{name}", "council", body)
        return id_

    return prepare


APPRAISED = _achievement(("appraise", VOTES))
RECOGNISED = _achievement(("appraise", VOTES), ("recognise", DECISION))
AWARD = {"what": "award", "level": "province", "in_favour": 3, "against": 0}

AWARDS = {
    "POST /achievements": Line(
        CLERK, body={"unit": OWN, "title": "Mô hình", "merits": "Tốt"}
    ),
    "POST /achievements/{id}/appraise": Line(COUNCIL, _nominated, VOTES),
    "POST /achievements/{id}/recognise": Line(COUNCIL, APPRAISED, DECISION),
    "POST /achievements/{id}/grant": Line(
        COUNCIL, _achievement(("appraise", AWARD)), {"level": "province", "decision": "1/QĐ"}
    ),
    "POST /achievements/{id}/refuse": Line(COUNCIL, _nominated, {"reason": "Không"}),
    "POST /achievements/{id}/replicate": Line(
        BOTH, RECOGNISED, {"by": NEXT, "evidence": [{"document": "1/BC"}]}, unbound=CLERK,
        covers=(NEXT,),
    ),
    "POST /achievements/{id}/revoke": Line(
        COUNCIL, RECOGNISED, {"what": "model", "cause": "wrong_appraisal", "decision": "2/QĐ"}
    ),
    "POST /achievements/{id}/transfer": Line(COUNCIL, _nominated, {"unit": NEXT}, covers=(NEXT,)),
    "POST /achievements/{id}/retract": Line(BOTH, _nominated, {"version": 1, "reason": "nhầm"}),
    "GET /achievements": Line(EVERYBODY_READS, query="unit=H44.2.1", unbound=SEES_ALL),
    "GET /achievements/{id}": Line(EVERYBODY_READS, _nominated, unbound=SEES_ALL),
    "GET /achievements/{id}/journal": Line(
        SEES_JOURNALS, _nominated, unbound=SEES_ALL
    ),
    "GET /achievements/{id}/honoree": Line(
        ("clerk", "council", "hr"), _nominated, unbound=SEES_ALL
    ),
    "GET /achievements/{id}/replications": Line(BOTH, RECOGNISED, unbound=BOTH),
    "DELETE /achievements/{id}/honoree": Line(COUNCIL, _nominated),
    "GET /register": Line(EVERYBODY_READS, query="year=2025", unbound=EVERYBODY_READS),
    "GET /outbox": Line(MACHINERY, unbound=MACHINERY),
    "GET /reads": Line(("auditor",), unbound=("auditor",)),
}  # fmt: skip


def _later(day: str, **body: Any) -> dict[str, Any]:
    return {**body, "at": f"{day}T08:00:00+07:00"}


DEEDS = itertools.count(1)


async def _concluded(desk: Desk) -> str:
    return await cases.concluded(desk, deed=f"hv-{next(DEEDS)}")


async def _handled(desk: Desk) -> str:
    id_ = await _concluded(desk)
    await desk.succeed(f"cases/{id_}/handle", "council", cases.HANDLING)
    return id_


async def _appealed(desk: Desk) -> str:
    id_ = await _handled(desk)
    await desk.succeed(f"cases/{id_}/appeal", "clerk", _later("2025-05-01", by="unit"))
    return id_


async def _assigned(desk: Desk) -> str:
    id_ = await cases.reported(desk)
    await desk.succeed(f"cases/{id_}/assign", "council", _later("2025-03-02", to="tt-1"))
    return id_


JOIN: dict[str, Any] = {}


async def _joining(desk: Desk) -> str:
    """A case, and another one, which the body of the line names from then on."""
    JOIN["into"] = await cases.reported(desk)
    return await cases.verified(desk)


SANCTION = {**cases.HANDLING, "by_head": False}
SEES_CASES = ("clerk", "council", "auditor")

VIOLATIONS = {
    "POST /cases": Line(BOTH, body=cases.REPORT),
    "POST /cases/{id}/assign": Line(COUNCIL, cases.reported, {"to": "tt-1"}),
    "POST /cases/{id}/verify": Line(COUNCIL, _assigned, {"outcome": "Đúng"}),
    "POST /cases/{id}/dismiss": Line(COUNCIL, cases.verified, {"reason": "Không"}),
    "POST /cases/{id}/join": Line(COUNCIL, _joining, JOIN),
    "POST /cases/{id}/conclude": Line(COUNCIL, cases.verified, cases.CONCLUSION),
    "POST /cases/{id}/handle": Line(BOTH, _concluded, SANCTION),
    "POST /cases/{id}/appeal": Line(BOTH, _handled, {"by": "unit"}),
    "POST /cases/{id}/uphold": Line(COUNCIL, _appealed, {"decision": "2/QĐ"}),
    "POST /cases/{id}/overturn": Line(COUNCIL, _handled, cases.OVERTURN),
    "POST /cases/{id}/transfer": Line(COUNCIL, cases.reported, {"unit": NEXT}, covers=(NEXT,)),
    "POST /cases/{id}/retract": Line(
        BOTH, cases.reported, {"version": 1, "reason": "nhầm"}, hidden=CLERK
    ),
    "GET /cases": Line(SEES_CASES, query="unit=H44.2.1", unbound=("council", "auditor")),
    "GET /cases/{id}": Line(
        SEES_CASES, cases.reported, hidden=CLERK, unbound=("council", "auditor")
    ),
    "GET /cases/{id}/journal": Line(
        SEES_CASES, cases.reported, hidden=CLERK, unbound=("council", "auditor")
    ),
    "GET /cases/{id}/words": Line(
        ("council", "auditor"), cases.reported, unbound=("council", "auditor")
    ),
    "GET /cases/{id}/reporter": Line(COUNCIL, cases.reported, unbound=COUNCIL),
    "DELETE /cases/{id}/words": Line(COUNCIL, cases.reported),
    "GET /counts": Line(
        ("reader", "clerk", "hr", "council", "auditor"), query="year=2025",
        unbound=("reader", "clerk", "hr", "council", "auditor"),
    ),
    "GET /outbox": Line(MACHINERY, unbound=MACHINERY),
    "GET /reads": Line(("auditor",), unbound=("auditor",)),
}  # fmt: skip

LISTS = {
    "awards": {"/achievements", "/register", "/reads"},
    "violations": {"/cases", "/counts", "/reads"},
    "training": {"/rosters/{unit}", "/coverage", "/missing", "/courses", "/sessions", "/reads"},
}  # fmt: skip
SERVICES = {
    "awards": (awards.build, awards.migrated, AWARDS),
    "training": (training.build, training.migrated, TRAINING),
    "violations": (violations.build, violations.migrated, VIOLATIONS),
}


@pytest.fixture(params=SERVICES)
async def desk(
    request: pytest.FixtureRequest, home: Path, tmp_path: Path, issuer: Issuer
) -> AsyncIterator[Desk]:
    """Each system of record, on SQLite."""
    build, migrated, _ = SERVICES[request.param]
    url = f"sqlite:///{tmp_path / 'routes.db'}"
    async with open_desk(request.param, build, migrated, home, url, issuer) as made:
        yield made


def routes(desk: Desk) -> set[str]:
    """Every route of the application that is not for everybody."""
    return {
        f"{method} {route.path}"
        for route in desk.app.api.routes
        if isinstance(route, APIRoute) and route.path not in ANYBODY
        for method in route.methods or ()
    }


def _filled(path: str, id_: str) -> str:
    return path.replace("{id}", id_).replace("{unit}", OWN).replace("{session}", "s1")


def _told(route: str, line: Line, role: str, unit: str, sentence: str) -> bool:
    of_person = "/persons/" in route
    lacking = line.roles if role not in line.roles else (unit if of_person else OWN,)
    return all(one in sentence for one in lacking)


async def test_every_route_has_its_line_in_the_table(desk: Desk) -> None:
    """A new route, and a line without a route, are found."""
    assert routes(desk) == set(SERVICES[desk.name][2])


ASKED = {"year": "2025", "unit": OWN}


async def test_a_cursor_that_no_list_has_given_is_refused_by_every_list(desk: Desk) -> None:
    """422 with the field, and no empty page that would look like the end of the list."""
    paths = (await desk.get("openapi.json")).json()["paths"]
    lists = {
        path: [one["name"] for one in ways["get"]["parameters"] if one["in"] == "query"]
        for path, ways in paths.items()
        if any(one["name"] == "cursor" for one in ways.get("get", {}).get("parameters", ()))
    }
    assert lists.keys() == LISTS[desk.name]
    for path, names in lists.items():
        given = "&".join(f"{name}={ASKED[name]}" for name in names if name in ASKED)
        target = f"{_filled(path, '')}?{given}".lstrip("/")
        assert (await desk.get(target)).status_code == 200
        for cursor in ("x y", "zzz", "%00", "1:", "-"):
            answer = await desk.get(f"{target}&cursor={cursor}")
            assert answer.status_code == 422, (target, cursor)
            assert [one["field"] for one in answer.json()["errors"]] == ["cursor"]


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (None, "Send the content type application/json."),
        ("application/x-www-form-urlencoded", "Send the content type application/json."),
        ("text/plain", "Send the content type application/json."),
        ("application/vnd.x+json", "Send the content type application/json."),
        ("application/json; charset=utf-16", "Send UTF-8; the charset utf-16 is not taken."),
        ("Application/JSON; charset=UTF-8", None),
    ],
)
async def test_a_command_that_is_not_sent_as_json_is_told_what_to_send(
    desk: Desk, kind: str | None, sentence: str | None
) -> None:
    """415 by every command with a JSON body, as at the door of events, and described."""
    described = (await desk.get("openapi.json")).json()["paths"]
    commands = [
        route for route in desk.app.api.routes if isinstance(route, APIRoute) and route.body_field
    ]
    headers = desk.headers("council") | ({} if kind is None else {"content-type": kind})
    for route in commands:
        target = f"/{desk.name}{_filled(route.path, 'x')}"
        answer = await desk.client.post(target, content=b'{"x": 1}', headers=headers)
        assert "415" in described[route.path]["post"]["responses"], target
        if sentence is None:
            assert answer.status_code == 422, target
            continue
        assert (answer.status_code, answer.json()["detail_en"]) == (415, sentence), target
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_body_of_a_stranger_is_not_read(desk: Desk) -> None:
    """401 by every command before anything of a body is awaited: slow ones hold no place."""

    async def unread() -> AsyncIterator[bytes]:
        pytest.fail("the body was read")
        yield b""

    for route in desk.app.api.routes:
        if isinstance(route, APIRoute) and route.body_field:
            target = f"/{desk.name}{_filled(route.path, 'x')}"
            for headers in ({}, {"authorization": "Bearer x"}):
                answer = await desk.client.post(target, content=unread(), headers=headers)
                assert answer.status_code == 401, target


async def test_every_route_answers_each_role_as_the_table_says(desk: Desk) -> None:
    """401 without a token; 403, 404 or success by role, for the own unit and another one.

    403 names the roles of which one is needed, or the unit; where a person is it does not tell.
    """
    wrong = []
    kept: dict[str, str] = {}
    for route, line in SERVICES[desk.name][2].items():
        method, _, path = route.partition(" ")
        for role in ROLES:
            for unit in (OWN, OTHER):
                expected = line.status(role, unit)
                if expected == 200 or line.covers or route not in kept:
                    kept[route] = await line.prepare(desk)
                target = _filled(path, kept[route]).lstrip("/") + f"?{line.query}"
                units = [unit, *line.covers]
                answer = await desk.ask(method, target, role, line.body, line.headers, units=units)
                got = 200 if answer.status_code == 201 else answer.status_code
                told = got != 403 or _told(route, line, role, unit, answer.json()["detail"])
                if got != expected or not told:
                    wrong.append((route, role, unit, expected, answer.status_code, answer.text))
        target = f"/{desk.name}{_filled(path, kept[route])}?{line.query}"
        sheet = isinstance(line.body, bytes)
        given: dict[str, Any] = {"content": line.body} if sheet else {"json": line.body}
        bare = await desk.client.request(method, target, **given)
        if bare.status_code != 401:
            wrong.append((route, "nobody", "", 401, bare.status_code, bare.text))
    assert wrong == []
