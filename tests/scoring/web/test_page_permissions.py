"""Who may open which page: every page by every role, own and other unit, and what is logged.

The pages are read from the application, so that a new one without its row fails.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.chassis import read_log
from services.chassis.auth.credentials import Issuer
from services.chassis.web.sessions import COOKIE
from services.scoring.store import quarantine
from services.scoring.store.quarantine import Rejection
from services.scoring.web.permissions import PAGES
from tests.scoring.answering import Answering, answering
from tests.scoring.api.permission_rows import (
    EVERYBODY,
    LIMITED,
    MACHINERY,
    OTHER,
    OWN,
    SEES_ALL,
    YEAR,
)
from tests.scoring.api.test_permissions import CITY
from tests.scoring.web.visiting import Visiting
from tests.support.builders.events import event
from tests.support.refused_pages import check_refusal

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class PageRow:
    """Who may open a page; `line` is what the log of reads calls it, `each` also of own units."""

    roles: tuple[str, ...] | None
    line: str = ""
    each: bool = False


def step_rows(code: str, role: str, line: str) -> dict[str, PageRow]:
    """The three pages of a step of a year; its command alone is a line."""
    path = f"/desk/{{year}}/{code}"
    looked_at = PageRow((role,))
    return {
        f"GET {path}": looked_at, f"POST {path}": looked_at,
        f"POST {path}/confirmed": PageRow((role,), line, each=True),
    }  # fmt: skip


def entry_rows(code: str, *forms: str) -> dict[str, PageRow]:
    """The pages of a step about an entry of the quarantine; its command alone is a line."""
    path = f"/quarantine/{{entry}}/{code}"
    looked_at = PageRow(("operator",))
    return {
        **{f"{method} {path}": looked_at for method in forms},
        f"POST {path}/confirmed": PageRow(("operator",), f"quarantine-{code}", each=True),
    }  # fmt: skip


ROWS = {
    # signing in
    "GET /": PageRow(None),
    "GET /sign-in": PageRow(None),
    "POST /sign-in": PageRow(None),
    "GET /signed-in": PageRow(None),
    "POST /sign-out": PageRow(None),
    "GET /sign-in/issuer": PageRow(None),
    "GET /sign-in/callback": PageRow(None),
    "GET /sign-out/issuer": PageRow(None),
    "GET /sign-out/back": PageRow(None),
    "GET /language/{language}": PageRow(None),
    # the overview of a year
    "GET /years": PageRow(EVERYBODY),
    "GET /years/{year}": PageRow(EVERYBODY, "ratings"),
    "GET /years/{year}/activity": PageRow(EVERYBODY, "events"),
    # what-if
    "GET /years/{year}/what-if": PageRow(SEES_ALL),
    "POST /years/{year}/what-if": PageRow(SEES_ALL),
    "GET /years/{year}/what-if/{trial}": PageRow(SEES_ALL, "whatif"),
    "GET /years/{year}/what-if/{trial}/units.csv": PageRow(SEES_ALL, "whatif", each=True),
    # the resolution
    "GET /years/{year}/resolution": PageRow(SEES_ALL, "resolution"),
    # the council's report
    "GET /years/{year}/report": PageRow(SEES_ALL, "report"),
    "GET /years/{year}/report.pdf": PageRow(SEES_ALL, "report", each=True),
    # the year's desk
    "GET /desk": PageRow(EVERYBODY),
    "GET /desk/{year}": PageRow(EVERYBODY),
    "GET /desk/{year}/appeals": PageRow(EVERYBODY, "appeals"),
    "GET /desk/{year}/self-scores": PageRow(EVERYBODY, "self-scores"),
    "GET /desk/{year}/decisions": PageRow(EVERYBODY, "decisions"),
    "GET /desk/{year}/begin": PageRow(("council", "emitter")),
    "GET /desk/{year}/verify": PageRow(SEES_ALL),
    "POST /desk/{year}/verify": PageRow(SEES_ALL, "verify", each=True),
    "GET /desk/{year}/seal.zip": PageRow(SEES_ALL, "bundle", each=True),
    "GET /desk/{year}/draft.zip": PageRow(MACHINERY, "bundle", each=True),
    **step_rows("publish", "council", "provisional"),
    **step_rows("reopen", "council", "reopened"),
    **step_rows("draft", "operator", "sealed"),
    **step_rows("signature", "operator", "sealed"),
    **step_rows("seal", "auditor", "sealed"),
    **step_rows("drop", "operator", "draft-drop"),
    # the quarantine
    "GET /quarantine": PageRow(MACHINERY),
    "GET /quarantine/{entry}": PageRow(MACHINERY),
    **entry_rows("replay", "GET"),
    **entry_rows("repair", "GET", "POST"),
    **entry_rows("drop", "GET", "POST"),
    # the audit
    "GET /audit": PageRow(MACHINERY),
    "GET /audit/reads": PageRow(("auditor",)),
    "GET /audit/signs": PageRow(MACHINERY),
    "GET /audit/signs/{year}": PageRow(MACHINERY, "signs"),
    # a unit
    "GET /years/{year}/units/{unit}": PageRow(EVERYBODY, "sheet"),
    "GET /years/{year}/units/{unit}/events": PageRow(EVERYBODY, "events"),
    "GET /years/{year}/units/{unit}/history": PageRow(EVERYBODY, "history"),
    "GET /years/{year}/units/{unit}/compare": PageRow(EVERYBODY, "compare"),
    "GET /years/{year}/units/{unit}/files": PageRow(EVERYBODY, "rating"),
    "GET /years/{year}/units/{unit}/sheet.pdf": PageRow(EVERYBODY, "pdf", each=True),
    "GET /years/{year}/units/{unit}/rating.xlsx": PageRow(EVERYBODY, "xlsx", each=True),
    "GET /years/{year}/units/{unit}/proof.json": PageRow(EVERYBODY, "proof"),
}
UNSEALED = (
    "GET /desk/{year}/seal.zip", "GET /desk/{year}/draft.zip",
    "GET /years/{year}/units/{unit}/proof.json", "GET /years/{year}/what-if/{trial}",
    "GET /years/{year}/what-if/{trial}/units.csv",
)  # fmt: skip
"""What this city, which has neither seal nor draft, answers by 404."""
IMPOSSIBLE = tuple(
    f"GET /desk/{{year}}/{code}" for code in ("reopen", "draft", "signature", "seal", "drop")
)
"""What nobody can do in a year that is open, and says so by 409."""


ENTRY = Rejection("syntax", "x", "danchu.events.H44-1.x.y", b"{", None)
DECIDED = [
    event(
        f"{short}-{unit}", short, subject=unit,
        data={"indicator": "training-plan", "points": "1.00", "year": int(YEAR), **more},
    )
    for unit in (OWN, OTHER)
    for short, more in (
        ("selfscore.submitted", {}), ("adjustment.decided", {"decision": "1", "reason": "x"}),
    )
]  # fmt: skip


@pytest.fixture
async def city(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Answering]:
    """Scoring with two rated units, of which something was decided, and a message set apart."""
    url = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with answering(home, url, issuer, [*CITY, *DECIDED]) as made:
        async with made.app.db.write() as conn:
            await quarantine.add(conn, [ENTRY], 1)
        yield made


def targets(visiting: Visiting) -> Iterator[tuple[str, str, str, str]]:
    """Each page with its method, and its address for the own unit and for the other one."""
    for route in visiting.routes:
        method, _, path = route.partition(" ")
        for unit in (OWN, OTHER):
            values = {"year": YEAR, "unit": unit, "language": "en", "trial": "x"}
            yield route, method, path.format(entry=ENTRY.id.hex(), **values), unit


async def test_every_page_has_its_row_in_both_tables(city: Answering) -> None:
    """A page that no row names is found, and it answers nobody."""
    assert set(Visiting(city.app).routes) == set(ROWS) == set(PAGES)


async def test_every_page_answers_each_role_as_the_table_says(city: Answering) -> None:
    """A visitor is led to sign in; 403 by role and for another unit, of which nothing is said."""
    visiting, wrong = Visiting(city.app), []
    for route, method, path, unit in targets(visiting):
        row = ROWS[route]
        for role in ("", *EVERYBODY):
            answer = await visiting.ask(method, path, role, {}, units=[OWN])
            status = answer.status_code
            others = "{unit}" in route and role in LIMITED and unit == OTHER
            if row.roles is None:
                right = status < 500
            elif not role:
                right = status == 303 and answer.headers["location"].startswith("/sign-in?next=")
            elif role not in row.roles or others:
                right = status == 403
                check_refusal(answer.text, role, role)
            else:
                expected = status < 400 or (route in UNSEALED and status == 404)
                expected = expected or (route in IMPOSSIBLE and status == 409)
                right = status < 500 and (method == "POST" or expected)
                right = right and (role not in LIMITED or OTHER not in answer.text)
            if not right:
                wrong.append((route, role, unit, status))
    assert wrong == []


async def test_a_form_without_its_token_changes_nothing(city: Answering) -> None:
    """Every POST page refuses what another site could send, for every role that may open it.

    Of a visitor no session can be ended.
    """
    visiting = Visiting(city.app)
    for route, method, path, _ in targets(visiting):
        if method == "POST":
            for role in ROWS[route].roles or ("", "hr"):
                answer = await visiting.ask(method, path, role, {"_token": "x"}, units=[OWN])
                ended = (route, role) == ("POST /sign-out", "")
                assert answer.status_code == (303 if ended else 403), (route, role)
                assert COOKIE not in answer.headers.get("set-cookie", "")


async def test_every_visit_to_another_unit_is_a_line_of_the_log(city: Answering) -> None:
    """As a read over the interface: who, what, of which year and unit, and from where."""
    visiting, wrong = Visiting(city.app), []
    for route, method, path, unit in targets(visiting):
        row = ROWS[route]
        for role in ("reader", "hr"):
            before = await city.lines(limit=1000)
            answer = await visiting.ask(method, path, role, {}, units=[OWN], name="bà Lan")
            new = (await city.lines(limit=1000))[: -len(before) or None]
            own = role in LIMITED and not row.each
            due = row.line and answer.status_code < 300 and not own
            if [line["what"] for line in new] != ([row.line] if due else []):
                wrong.append((route, role, unit, answer.status_code, new))
            for line in new:
                assert (line["who"], line["role"], line["address"]) == (
                    "bà Lan", role, "192.0.2.7",
                )  # fmt: skip
                assert line["year"] == int(YEAR)
    assert wrong == []


async def test_a_log_of_reads_that_cannot_be_written_is_a_page(
    city: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the unit is told, in words for a person, and it can be tried again."""
    monkeypatch.setattr(read_log, "WAITING_MAX", 0)
    answer = await Visiting(city.app).ask("GET", f"/years/{YEAR}/units/{OTHER}", "hr")
    assert answer.status_code == 503 and answer.headers["retry-after"].isdecimal()
    assert answer.headers["content-type"].startswith("text/html") and "<h1>" in answer.text
    assert OTHER not in answer.text.partition("<main")[2]
