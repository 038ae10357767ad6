"""Who may do what: every route of scoring by every role, own and other unit, and what is logged.

The routes are read from the application, so that a new one without its row fails.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from services.chassis.auth.credentials import Credential, Issuer
from services.scoring.access.read_lines import name_stage, note_rating
from services.scoring.api.permissions import PERMISSIONS
from services.scoring.sealing import fence
from tests.scoring.answering import Answering, answering
from tests.scoring.api.permission_rows import EVERYBODY, LIMITED, OTHER, OWN, ROWS, YEAR
from tests.scoring.test_road import due, published, registered
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
APPEALS = [
    event(f"appeal-{unit}", "appeal.filed", subject=unit, data={"appeal": "1", "reason": "x"})
    for unit in (OWN, OTHER)
]
CITY = [
    registered(OWN), registered(OTHER), due(OWN, "a"), published(OWN, "a"), due(OTHER, "b"),
    *APPEALS,
]  # fmt: skip


@pytest.fixture
async def city(
    home: Path, tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Answering]:
    """Scoring with two rated units, which waits for no marks."""
    monkeypatch.setattr(fence.wait_for_marks, "__defaults__", (0.0,))
    async with answering(home, f"sqlite:///{tmp_path / 'scoring.db'}", issuer, CITY) as made:
        yield made


def routes(city: Answering) -> list[str]:
    """Every route of the application, with its method."""
    return [
        f"{method} {route.path}"
        for route in city.app.api.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    ]


async def test_every_route_has_its_row_in_both_tables(city: Answering) -> None:
    """A route that no row names is found, and it answers nobody."""
    assert set(routes(city)) == set(ROWS) == set(PERMISSIONS)


def targets(city: Answering) -> Iterator[tuple[str, str, str, str]]:
    """Each route with its method, and its path for the own unit and for the other one."""
    for route in routes(city):
        method, _, path = route.partition(" ")
        query = f"?{ROWS[route].query}" if ROWS[route].query else ""
        for unit in (OWN, OTHER):
            yield route, method, path.format(year=YEAR, unit=unit) + query, unit


async def test_every_route_answers_each_role_as_the_table_says(city: Answering) -> None:
    """401 without a token, 403 by role and for another unit; a list has no other unit in it."""
    wrong = []
    for route, method, path, unit in targets(city):
        row = ROWS[route]
        for role in ("", *EVERYBODY):
            answer = await city.ask(method, path, role, row.body, units=[OWN])
            others = "{unit}" in route and role in LIMITED and unit == OTHER
            if row.roles is None:
                right = answer.status_code not in (401, 403)
            elif not role:
                right = answer.status_code == 401
            elif role not in row.roles or others:
                right = answer.status_code == 403
            else:
                right = answer.status_code not in (401, 403)
                right = right and (role not in LIMITED or OTHER not in answer.text)
            if not right or answer.status_code in (500, 502):  # 503: there is no broker
                wrong.append((route, role, unit, answer.status_code, answer.text[:200]))
    assert wrong == []


async def test_a_role_that_may_not_is_refused_before_its_body_is_read(city: Answering) -> None:
    """403 rather than 415, also without a body."""
    for route, method, path, _ in targets(city):
        row = ROWS[route]
        if row.body is not None and row.roles is not None:
            for role in set(EVERYBODY) - set(row.roles):
                assert (await city.ask(method, path, role, None)).status_code == 403, (route, role)


async def test_every_read_of_another_unit_and_every_decision_is_a_line(city: Answering) -> None:
    """Who, what, of which year and unit, from where; a refused request and an own unit are none."""
    wrong = []
    for route, method, path, unit in targets(city):
        row = ROWS[route]
        for role in ("reader", "hr", "council", "operator"):
            before = await city.lines(limit=1000)
            answer = await city.ask(method, path, role, row.body, units=[OWN], name="bà Lan")
            new = (await city.lines(limit=1000))[: -len(before) or None]
            own = role in LIMITED and not row.each
            due_line = row.line and answer.status_code < 300 and not own
            if [line["what"] for line in new] != ([row.line] if due_line else []):
                wrong.append((route, role, unit, answer.status_code, new))
            for line in new:
                assert (line["who"], line["role"], line["address"]) == (
                    "bà Lan", role, "192.0.2.7",
                )  # fmt: skip
                assert line["unit"] == (unit if "{unit}" in route else None)
                assert line["year"] == int(YEAR) and line["what_vi"] != line["what_en"]
    assert wrong == []


async def test_a_read_of_sealed_ratings_is_no_line(city: Answering) -> None:
    """They change no more, and whoever has the bundle has them all; of two years both must be."""
    alone = (("sealed", 0), ("provisional", 1), ("reopened", 2), ("sealed", 2))
    pairs = (("sealed", "open", 3), ("open", "sealed", 4), ("sealed", "sealed", 4))
    for *stages, number in (*alone, *pairs):
        name_stage(*map(str, stages))
        note_rating(city.app.reads, Credential("hr"), 2025, OWN)
        assert len(await city.lines()) == number


async def test_the_log_of_reads_is_paged_and_filtered(city: Answering) -> None:
    """The newest first; by year, unit, person and time, also where the unit was in a list."""
    for who, path in (("a", f"/ratings/2025/{OWN}"), ("b", "/ratings?year=2025"), ("a", "/x")):
        await city.ask("GET", path, "hr", name=who)
    await city.ask("GET", f"/ratings/2024/{OTHER}/sheet", "hr", name="c")
    lines = await city.lines(limit=1000)
    assert [(line["who"], line["what"]) for line in lines] == [("b", "ratings"), ("a", "rating")]
    assert lines[0]["units"] == [OWN, OTHER] and lines[0]["rows"] == 2
    assert [line["who"] for line in await city.lines(unit=OWN)] == ["b", "a"]
    assert [line["who"] for line in await city.lines(unit=OTHER)] == ["b"]
    assert await city.lines(unit="H44") == [] == await city.lines(year=2024)
    assert [line["who"] for line in await city.lines(who="a", year=2025)] == ["a"]
    first = lines[1]["at"]
    assert await city.lines(to=first) == [] and len(await city.lines(**{"from": first})) == 2
    page = await city.ask("GET", "/reads?limit=1", "auditor")
    assert page.json()["items"] == lines[:1]
    rest = await city.ask("GET", f"/reads?limit=1&cursor={page.json()['next']}", "auditor")
    assert rest.json() == {"items": lines[1:], "next": None}
    other = await city.ask("GET", f"/reads?year=2025&cursor={page.json()['next']}", "auditor")
    assert other.status_code == 422
    for query in ("cursor=0", "cursor=x", "from=2025", "unit=%25", "who=%00", "until=1", "limit=0"):
        refused = await city.ask("GET", f"/reads?{query}", "auditor")
        assert refused.status_code == 422, query
        assert [error["field"] for error in refused.json()["errors"]] == [query.partition("=")[0]]
