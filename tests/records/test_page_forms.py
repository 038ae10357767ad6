"""Nothing that was typed is lost: every form of awards and violations, answered with faults."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from services.awards import app as awards
from services.awards.pages.site import PAGES as AWARD_PAGES
from services.chassis.auth.credentials import Issuer
from services.chassis.web.site import PageAccess
from services.violations import app as violations
from services.violations.pages.site import PAGES as CASE_PAGES
from tests.support.builders.desks import open_desk
from tests.support.page_forms import PageField, read_form
from tests.support.page_visits import OWN, PageVisits

pytestmark = pytest.mark.anyio
ROLES = frozenset(("clerk", "council"))
NOT_A_DAY, TOO_LONG = "2025-02-30", 2001
NOMINATION = {"unit": OWN, "kind": "model", "title": "Mô hình", "merits": "Tốt", "at": "2025-03-01"}
VOTES = {"what": "model", "level": "city", "in_favour": "7", "against": "2", "at": "2025-04-01"}
DECISION = {"level": "city", "decision": "12/QĐ", "at": "2025-04-01"}


class Service(NamedTuple):
    """A service with pages: its application, who may open what, and the list of its records."""

    name: str
    app: Any
    pages: Mapping[str, PageAccess]
    records: str


AWARDS = Service("awards", awards, AWARD_PAGES, "achievements")
CASES = Service("violations", violations, CASE_PAGES, "cases")


@asynccontextmanager
async def opened(
    service: Service, home: Path, folder: Path, issuer: Issuer
) -> AsyncIterator[tuple[PageVisits, str]]:
    """The running service, and the address of a record in it."""
    url = f"sqlite:///{folder / f'{service.name}.db'}"
    app = service.app
    async with open_desk(service.name, app.build, app.migrated, home, url, issuer) as desk:
        visits, records = PageVisits(desk), f"/{service.name}/pages/{service.records}"
        if service is CASES:
            report = {"unit": OWN, "allegation": "Không niêm yết"}
            yield visits, await visits.succeed(records, "clerk", report, blank=f"{records}/new")
            return
        record = await visits.succeed(records, "clerk", NOMINATION, blank=f"{records}/new")
        await visits.succeed(f"{record}/appraise", "council", VOTES)
        await visits.succeed(f"{record}/recognise", "council", DECISION)
        yield visits, record


def typed(name: str, field: PageField) -> str:
    """Something that a person typed or chose; where the kind of field allows it, it is wrong."""
    match field.kind:
        case "select":
            return field.options[-1]
        case "checkbox":
            return "1"
        case "date":
            return NOT_A_DAY
        case "area":
            return f"{name} <b>&amp;</b>\nhai dòng {'đ' * TOO_LONG}"
    return f'{name} <i>"&quot;</i> {"đ" * TOO_LONG}'


@pytest.mark.parametrize("service", [AWARDS, CASES], ids=lambda service: service.name)
async def test_a_refused_form_keeps_everything_that_was_typed(
    service: Service, home: Path, tmp_path: Path, issuer: Issuer
) -> None:
    """Each form, as each role that has it: first empty, which shows its fields, then filled in."""
    walked = 0
    async with opened(service, home, tmp_path, issuer) as (visits, record):
        values = {"id": record.rpartition("/")[2], "version": 1, "year": 2025}
        for route, row in service.pages.items():
            method, _, path = route.partition(" ")
            if method != "POST" or path.endswith("/erase"):  # which has no field
                continue
            address = f"/{service.name}/pages{path.format_map(values)}"
            for role in ROLES & (row.roles or frozenset()):
                blank = f"{record}/retract/1"
                empty = await visits.send(address, role, {}, blank=blank)
                assert empty.status_code == 422, (route, role, empty.text)
                fields = read_form(empty.text)
                assert fields, route
                filled = {name: typed(name, field) for name, field in fields.items()}
                refused = await visits.send(address, role, filled, blank=blank)
                assert refused.status_code == 422, (route, role)
                shown = {name: field.text for name, field in read_form(refused.text).items()}
                assert shown == filled, (route, role)
                walked += 1
    assert walked >= len(service.pages) // 4


async def test_a_form_whose_record_has_changed_keeps_everything(
    home: Path, tmp_path: Path, issuer: Issuer
) -> None:
    """Somebody else was faster: 412, what was typed, what was done; sent again it is taken."""
    async with opened(AWARDS, home, tmp_path, issuer) as (visits, record):
        typed = {"what": "model", "level": "", "cause": "wrong_appraisal", "decision": "1/<b>QĐ"}
        typed["at"] = "2025-05-01"
        refused = await visits.send(f"{record}/revoke", "council", typed | {"_version": '"2"'})
        assert refused.status_code == 412 and "đã được người khác thay đổi" in refused.text
        shown = {name: field.text for name, field in read_form(refused.text).items()}
        assert shown == typed
        later = refused.text.partition('id="later"')[2].partition("</section>")[0]
        assert "12/QĐ" in later and "Tán thành" not in later
        version = refused.text.partition('name="_version" value="')[2].partition('"')[0]
        sent_again = typed | {"_version": html.unescape(version)}
        await visits.succeed(f"{record}/revoke", "council", sent_again)


async def test_a_step_that_was_taken_back_begins_with_what_was_entered(
    home: Path, tmp_path: Path, issuer: Issuer
) -> None:
    """The journal leads to its form, filled in; a record that was withdrawn leads to a new one."""
    async with opened(AWARDS, home, tmp_path, issuer) as (visits, record):
        for version in (3, 2, 1):
            role = "clerk" if version == 1 else "council"
            taken_back = {"reason": "Nhầm số"}
            await visits.succeed(f"{record}/retract/{version}", role, taken_back)
            journal = await visits.open(f"{record}/journal", role)
            again = re.findall(r'href="([^"]*\?repeated=[^"]*)"', journal.text)
            name, typed = {3: ("recognise", DECISION), 2: ("appraise", VOTES)}.get(
                version, ("new", NOMINATION)
            )
            filled = next(address for address in again if f"/{name}?" in address)
            form = read_form((await visits.open(filled, role)).text)
            assert {field: form[field].text for field in typed} == typed, name
            assert 1 <= len(again) <= 2
        assert "repeated" not in (await visits.open(f"{record}/journal", "auditor")).text


async def test_a_form_that_was_sent_with_other_content_can_be_sent_anew(
    home: Path, tmp_path: Path, issuer: Issuer
) -> None:
    """Somebody goes back in the browser and changes it: it becomes a form of its own."""
    async with opened(AWARDS, home, tmp_path, issuer) as (visits, _):
        records = "/awards/pages/achievements"
        first = NOMINATION | {"_form": "once"}
        await visits.succeed(records, "clerk", first, blank=f"{records}/new")
        other = first | {"title": "Mô hình khác"}
        refused = await visits.send(records, "clerk", other, blank=f"{records}/new")
        assert refused.status_code == 422 and "Idempotency" not in refused.text
        id_ = refused.text.partition('name="_form" value="')[2].partition('"')[0]
        assert id_ not in ("", "once")
        await visits.succeed(records, "clerk", other | {"_form": id_}, blank=f"{records}/new")


async def test_the_code_of_another_unit_loses_nothing_that_was_typed(
    home: Path, tmp_path: Path, issuer: Issuer
) -> None:
    """A slip in the code of the unit is told at the form, which keeps the rest."""
    async with opened(AWARDS, home, tmp_path, issuer) as (visits, _):
        records = "/awards/pages/achievements"
        typed = NOMINATION | {"unit": "H44.2"}
        refused = await visits.send(records, "clerk", typed, blank=f"{records}/new")
        assert refused.status_code == 403 and "H44.2." in refused.text
        shown = {name: field.text for name, field in read_form(refused.text).items()}
        assert {name: shown[name] for name in typed} == typed
