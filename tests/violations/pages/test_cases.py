"""Cases as pages: steps with what they do, texts for few, and nothing before a conclusion."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.chassis.auth.credentials import Issuer
from services.violations import app as violations
from services.violations.pages.site import PAGES
from tests.support.builders.desks import Desk, open_desk
from tests.support.page_visits import OTHER, OWN, PageVisits

pytestmark = pytest.mark.anyio
LIST = "/violations/pages/cases"
SECRET = "Ông X <b>giấu</b> sổ"
HANDLING = {"severity": "warning", "measure": SECRET, "decision": "12/QĐ"}


@pytest.fixture
async def visits(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[PageVisits]:
    """The running service, and persons who open its pages."""
    url = f"sqlite:///{tmp_path / 'violations.db'}"
    async with open_desk(
        "violations", violations.build, violations.migrated, home, url, issuer
    ) as desk:
        yield PageVisits(desk)


async def verified(visits: PageVisits, role: str = "clerk") -> str:
    """A case that can be concluded; the address of its page."""
    report = {"unit": OWN, "allegation": SECRET}
    case = await visits.succeed(LIST, role, report, blank=f"{LIST}/new")
    await visits.succeed(f"{case}/assign", "council", {"to": "cb-1", "complexity": "complex"})
    await visits.succeed(f"{case}/verify", "council", {"outcome": SECRET})
    return case


async def announced(desk: Desk) -> list[str]:
    return [short for short, _ in await desk.announcements()]


async def test_a_case_is_concluded_handled_and_overturned(visits: PageVisits) -> None:
    """Each step says what it does before it does it; nothing is announced before a conclusion."""
    case = await verified(visits)
    assert await announced(visits.desk) == []
    page = await visits.open(f"{case}/conclude", "council")
    assert 'id="effects"' in page.text and "Công bố rằng có vi phạm" in page.text
    await visits.succeed(f"{case}/conclude", "council", {"act": "9.1", "deed": "hv-1"})
    await visits.succeed(f"{case}/handle", "council", HANDLING | {"by_head": "1"})
    shown = await visits.open(case, "council")
    assert "cảnh cáo" in shown.text and "/overturn" in shown.text and "/verify" not in shown.text
    assert "Nơi quyết định" in (await visits.open(f"{case}/overturn", "council")).text
    await visits.succeed(f"{case}/overturn", "council", {"by": "court", "decision": "9/BA"})
    assert await announced(visits.desk) == [
        "violation.concluded", "violation.handled", "violation.overturned",
    ]  # fmt: skip
    journal = await visits.open(f"{case}/journal", "auditor")
    assert "tòa án" in journal.text and "giấu" not in journal.text
    steps = journal.text.partition("<tbody>")[2].split("</tr>")
    assert "Hạn bước tiếp theo:" in steps[-2] and "Hạn xử lý" not in steps[-2]


async def test_a_refused_step_keeps_what_was_typed(visits: PageVisits) -> None:
    """The fault is at its field; a step that is impossible has no form."""
    case = await verified(visits)
    refused = await visits.send(f"{case}/conclude", "council", {"act": "9.2", "deed": "không mã"})
    assert refused.status_code == 422 and 'id="fault-deed"' in refused.text
    assert 'value="không mã"' in refused.text and '<option value="9.2" selected>' in refused.text
    early = await visits.open(f"{case}/handle", "council")
    assert "Hiện chưa làm được" in early.text and "<textarea" not in early.text
    missing = await visits.send(LIST, "clerk", {"unit": OWN}, blank=f"{LIST}/new")
    assert missing.status_code == 422 and 'id="fault-allegation"' in missing.text


async def test_texts_are_shown_to_the_council_and_the_auditor_alone(visits: PageVisits) -> None:
    """As text; the clerk sees the case without them, and of other cases nothing."""
    case = await verified(visits)
    shown = await visits.open(f"{case}/words", "auditor")
    assert "Ông X &lt;b&gt;giấu&lt;/b&gt; sổ" in shown.text
    assert (await visits.open(f"{case}/words", "clerk")).status_code == 403
    assert (await visits.open(f"{case}/reporter", "auditor")).status_code == 403
    assert "giấu" not in (await visits.open(case, "clerk")).text
    assert (await visits.open(case, "clerk", OTHER)).status_code == 404
    await visits.succeed(f"{case}/erase", "council", {})
    assert "Đã xóa." in (await visits.open(f"{case}/words", "council")).text


async def test_a_clerk_is_asked_only_what_a_clerk_may_set(visits: PageVisits) -> None:
    """By-head and the year are for the council, self-found for the unit that reported."""
    own, other = await verified(visits), await verified(visits, "council")
    for case, deed in ((own, "hv-1"), (other, "hv-2")):
        await visits.succeed(f"{case}/conclude", "council", {"act": "9.1", "deed": deed})
    page = await visits.open(f"{own}/handle", "clerk")
    assert 'name="self_found"' in page.text and 'name="by_head"' not in page.text
    assert 'name="self_found"' not in (await visits.open(f"{other}/handle", "clerk")).text
    await visits.succeed(f"{own}/handle", "clerk", HANDLING | {"self_found": "1"})
    assert "/conclude" not in (await visits.open(other, "clerk")).text


async def test_overdue_cases_come_first_and_the_list_can_be_narrowed(visits: PageVisits) -> None:
    """A case that was reported long ago is marked, and stands once in the list."""
    await visits.succeed(LIST, "clerk", {"unit": OWN, "allegation": "mới"}, blank=f"{LIST}/new")
    old = {"unit": OWN, "allegation": "cũ", "at": "2025-01-05"}
    late = await visits.succeed(LIST, "clerk", old, blank=f"{LIST}/new")
    rows = (await visits.open(LIST, "clerk")).text.partition("<tbody>")[2].split("</tr>")
    assert late in rows[0] and "quá hạn" in rows[0] and len(rows) == 3
    assert late in (await visits.open(f"{LIST}?overdue=true", "auditor")).text
    assert (
        "Không có vụ việc nào phù hợp" in (await visits.open(f"{LIST}?stage=upheld", "clerk")).text
    )
    assert "Không có kết luận" in (await visits.open("/violations/pages/counts", "hr")).text


async def test_a_mistaken_step_is_retracted_with_its_reason(visits: PageVisits) -> None:
    """The journal marks it, and the case is back at the stage before."""
    case = await verified(visits)
    await visits.succeed(f"{case}/conclude", "council", {"act": "9.1", "deed": "hv-1"})
    refused = await visits.send(f"{case}/retract/4", "council", {"reason": " "})
    assert refused.status_code == 422 and 'id="fault-reason"' in refused.text
    await visits.succeed(f"{case}/retract/4", "council", {"reason": "nhầm vụ"})
    assert "event.retracted" in await announced(visits.desk)
    assert "badge-bad" in (await visits.open(f"{case}/journal", "council")).text
    assert f"{case}/conclude" in (await visits.open(case, "council")).text


async def test_every_page_answers_each_role_as_its_row_says(visits: PageVisits) -> None:
    """A visitor is led to sign in, and a role without the right gets 403."""
    case = (await verified(visits)).rpartition("/")[2]
    assert all(route.replace("POST", "GET") in PAGES for route in PAGES)

    def address(path: str) -> str:
        return f"/violations/pages{path.replace('{id}', case).replace('{version}', '1')}"

    await visits.check_roles(PAGES, address)
