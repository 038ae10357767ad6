"""What a record does not allow is said at once, and to the second of two who take one step."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.awards.pages.achievement_steps import ACHIEVEMENTS
from services.chassis.auth.credentials import Issuer
from services.records.pages.kinds import RecordKind
from services.violations.pages.case_steps import CASES as CASE_KIND
from tests.records.test_page_forms import (
    AWARDS,
    CASES,
    DECISION,
    NOMINATION,
    VOTES,
    Service,
    opened,
)
from tests.support.page_visits import PageVisits

pytestmark = pytest.mark.anyio
LIST = "/awards/pages/achievements"


def content(text: str) -> str:
    """What stands between the bar and the foot of a page."""
    return text.partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize(
    ("service", "kind"), [(AWARDS, ACHIEVEMENTS), (CASES, CASE_KIND)], ids=["awards", "violations"]
)
async def test_a_step_that_is_impossible_has_no_form(
    service: Service, kind: RecordKind, home: Path, tmp_path: Path, issuer: Issuer
) -> None:
    """Each step of a kind, by its address: a form, or the stage that does not allow it."""
    refused = 0
    async with opened(service, home, tmp_path, issuer) as (visits, record):
        id_ = record.rpartition("/")[2]
        for step in kind.steps:
            if step.name == "replicate":  # by another unit, from the register
                continue
            role = step.roles[0]
            answer = await visits.desk.ask("GET", f"{kind.collection}/{id_}", role)
            possible = step.name in answer.json()["possible"]
            page = await visits.open(f"{record}/{step.name}", role)
            assert page.status_code == (200 if possible else 409), step.name
            assert ("<form" in content(page.text)) == possible, step.name
            assert possible or f"“{answer.json()['stage_vi']}”" in page.text, step.name
            refused += not possible
    assert refused


async def recognised_twice(visits: PageVisits) -> None:
    """Two members of the council recognise one model from two tabs."""
    record = await visits.succeed(LIST, "clerk", NOMINATION, blank=f"{LIST}/new")
    await visits.succeed(f"{record}/appraise", "council", VOTES)
    stale = {"_version": '"2"'}
    await visits.succeed(f"{record}/recognise", "council", DECISION)
    events = await visits.desk.ask("GET", f"achievements/{record.rpartition('/')[2]}", "council")
    late = await visits.send(
        f"{record}/refuse", "council", {**stale, "reason": "Không đạt", "at": "2025-04-02"}
    )
    assert late.status_code == 409 and "<form" not in content(late.text)
    for told in ("council", "Không đạt", "12/QĐ"):
        assert told in content(late.text), (told, content(late.text))
    after = await visits.desk.ask("GET", f"achievements/{record.rpartition('/')[2]}", "council")
    assert after.json()["version"] == events.json()["version"]


async def test_the_second_of_two_is_told_who_was_faster(
    home: Path, tmp_path: Path, issuer: Issuer
) -> None:
    """By whom, when and what; what was typed can be copied, and nothing is written."""
    async with opened(AWARDS, home, tmp_path, issuer) as (visits, _):
        await recognised_twice(visits)


async def test_a_step_is_retracted_once(home: Path, tmp_path: Path, issuer: Issuer) -> None:
    """The page of a retraction says who has retracted it, and has no form any more."""
    async with opened(AWARDS, home, tmp_path, issuer) as (visits, record):
        await visits.succeed(f"{record}/retract/3", "council", {"reason": "Nhầm số"})
        again = await visits.open(f"{record}/retract/3", "council")
        assert again.status_code == 409 and "<form" not in content(again.text)
        assert "Nhầm số" in again.text and "council" in again.text
        late = await visits.send(f"{record}/retract/3", "council", {"reason": "Lý do khác"})
        assert late.status_code == 409 and "Lý do khác" in late.text
        unknown = await visits.open(f"{record}/retract/99", "council")
        assert unknown.status_code == 409 and "99" in content(unknown.text)
        own = await visits.open(f"{record}/retract/1", "clerk")
        other = await visits.open(f"{record}/retract/2", "clerk")
        assert own.status_code == 200 and other.status_code == 409
        assert "hội đồng" in content(other.text)


async def test_what_is_erased_is_not_erased_again(
    home: Path, tmp_path: Path, issuer: Issuer
) -> None:
    """The page says that nothing is left."""
    async with opened(CASES, home, tmp_path, issuer) as (visits, record):
        assert "<form" in content((await visits.open(f"{record}/erase", "council")).text)
        await visits.succeed(f"{record}/erase", "council", {})
        again = await visits.open(f"{record}/erase", "council")
        assert again.status_code == 409 and "<form" not in content(again.text)
        assert "Không còn gì để xóa" in again.text
