"""Achievements as pages: nominated, voted on, recognised, taken up, revoked, taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.awards import app as awards
from services.awards.pages.site import PAGES
from services.chassis.auth.credentials import Issuer
from services.chassis.web.form_tokens import FormTokens
from services.chassis.web.sessions import open_sessions
from services.chassis.web.sign_out import ticket_values
from tests.support.builders.desks import open_desk
from tests.support.page_visits import OTHER, OWN, PageVisits

pytestmark = pytest.mark.anyio
LIST, REGISTER = "/awards/pages/achievements", "/awards/pages/register"
TITLE = "Tổ dân phố <b>tự quản</b>"
NOMINATION = {
    "unit": OWN, "kind": "model", "title": TITLE, "merits": "Không có khiếu kiện",
    "document": "12/TTr", "url": "https://vb.example/12", "at": "2025-03-01",
}  # fmt: skip
VOTES = {"what": "model", "level": "city", "in_favour": "7", "against": "2", "at": "2025-06-01"}
DECISION = {"level": "city", "decision": "12/QĐ-UBND", "at": "2025-06-01"}
TAKEN_UP = {"by": OTHER, "document": "3/BC", "at": "2025-07-01"}
REVOCATION = {"what": "model", "cause": "false_declaration", "decision": "9/QĐ"}


@pytest.fixture
async def visits(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[PageVisits]:
    """The running service, and persons who open its pages."""
    url = f"sqlite:///{tmp_path / 'awards.db'}"
    async with open_desk("awards", awards.build, awards.migrated, home, url, issuer) as desk:
        yield PageVisits(desk)


async def nominated(visits: PageVisits, **changed: str) -> str:
    """The address of a new achievement."""
    return await visits.succeed(LIST, "clerk", NOMINATION | changed, blank=f"{LIST}/new")


async def recognised(visits: PageVisits) -> str:
    """The address of an achievement that the city recognised in 2025."""
    achievement = await nominated(visits)
    await visits.succeed(f"{achievement}/appraise", "council", VOTES)
    await visits.succeed(f"{achievement}/recognise", "council", DECISION)
    return achievement


async def announced(visits: PageVisits) -> list[str]:
    return [short for short, _ in await visits.desk.announcements()]


async def test_an_achievement_is_nominated_recognised_and_revoked(visits: PageVisits) -> None:
    """Each step says what it does before it does it; the vote alone announces nothing."""
    achievement = await nominated(visits)
    page = await visits.open(achievement, "council")
    assert "Không có khiếu kiện" in page.text and 'href="https://vb.example/12"' in page.text
    assert f"{achievement}/appraise" in page.text and "/recognise" not in page.text
    page = await visits.open(f"{achievement}/appraise", "council")
    assert 'id="effects"' in page.text and "Không công bố gì." in page.text
    await visits.succeed(f"{achievement}/appraise", "council", VOTES)
    assert await announced(visits) == ["model.nominated"]
    assert "quá nửa tán thành" in (await visits.open(achievement, "clerk")).text
    form = await visits.open(f"{achievement}/recognise", "council")
    assert '<option value="city" selected>' in form.text
    await visits.succeed(f"{achievement}/recognise", "council", DECISION)
    assert "12/QĐ-UBND" in (await visits.open(achievement, "reader")).text
    await visits.succeed(f"{achievement}/revoke", "council", REVOCATION)
    assert await announced(visits) == ["model.nominated", "model.recognised", "model.revoked"]
    journal = await visits.open(f"{achievement}/journal", "auditor")
    assert "kê khai gian dối" in journal.text and "cấp thành phố" in journal.text


async def test_a_title_is_text_and_a_long_one_is_shortened(visits: PageVisits) -> None:
    """Markup is shown as it was typed; the whole of a long title stands once on its page."""
    achievement = await nominated(visits)
    page = await visits.open(achievement, "clerk")
    assert "Tổ dân phố &lt;b&gt;tự quản" in page.text and "<b>tự" not in page.text
    long = await visits.open(await nominated(visits, title="Đ" * 2000), "clerk")
    assert long.text.count("Đ" * 2000) == 1


async def test_a_refused_form_keeps_what_was_typed(visits: PageVisits) -> None:
    """The faults are at their fields, those of the document too."""
    wrong = {"unit": OWN, "title": TITLE, "url": "ftp://x", "merits": ""}
    refused = await visits.send(LIST, "clerk", wrong, blank=f"{LIST}/new")
    assert refused.status_code == 422 and "&lt;b&gt;tự quản" in refused.text
    for name in ("merits", "url", "document"):
        assert f'id="fault-{name}"' in refused.text
    achievement = await nominated(visits)
    votes = VOTES | {"in_favour": "bảy", "level": "state"}
    refused = await visits.send(f"{achievement}/appraise", "council", votes)
    assert 'id="fault-in_favour"' in refused.text and 'value="bảy"' in refused.text
    lost = VOTES | {"in_favour": "1"}
    await visits.succeed(f"{achievement}/appraise", "council", lost)
    early = await visits.open(f"{achievement}/recognise", "council")
    assert "Hiện chưa làm được" in early.text and "<select" not in early.text


async def test_a_clerk_of_another_unit_takes_a_model_up_from_the_register(
    visits: PageVisits,
) -> None:
    """That clerk sees only what is public; a mistake is retracted from the page that follows."""
    achievement = await recognised(visits)
    assert (await visits.open(achievement, "clerk", OTHER)).status_code == 403
    entry = f"{REGISTER}/2025/{achievement.rpartition('/')[2]}"
    register = await visits.open(f"{REGISTER}?year=2025", "clerk", OTHER)
    assert entry in register.text and achievement not in register.text
    assert achievement in (await visits.open(f"{REGISTER}?year=2025", "clerk")).text
    page = await visits.open(entry, "clerk", OTHER)
    assert f"{entry}/replicate" in page.text and "12/QĐ-UBND" in page.text
    form = await visits.open(f"{entry}/replicate", "clerk", OTHER)
    assert f'value="{OTHER}"' in form.text
    refused = await visits.send(f"{entry}/replicate", "clerk", TAKEN_UP | {"by": OWN}, OTHER)
    assert refused.status_code == 403
    bare = await visits.send(f"{entry}/replicate", "clerk", {"by": OTHER}, OTHER)
    assert bare.status_code == 422 and 'id="fault-document"' in bare.text
    await visits.succeed(f"{entry}/replicate", "clerk", TAKEN_UP, OTHER)
    assert OTHER in (await visits.open(achievement, "council")).text
    after = await visits.open(entry, "clerk", OTHER)
    assert f"{entry}/retract/4" in after.text and "01/07/2025" in after.text
    assert f"{entry}/replicate" not in after.text
    assert OTHER in (await visits.open(f"{entry}/retract/4", "clerk", OTHER)).text
    own = (await visits.open(entry, "clerk")).text
    assert "/retract/" not in own and "/replicate" not in own
    assert "/retract/4" not in (await visits.open(f"{achievement}/journal", "clerk")).text
    assert "/retract/4" in (await visits.open(f"{achievement}/journal", "council")).text
    bare = await visits.send(f"{entry}/retract/4", "clerk", {}, OTHER)
    assert bare.status_code == 422 and 'id="fault-reason"' in bare.text
    await visits.succeed(f"{entry}/retract/4", "clerk", {"reason": "nhầm mô hình"}, OTHER)
    late = await visits.send(f"{entry}/retract/4", "clerk", {"reason": "lý do <khác>"}, OTHER)
    assert late.status_code == 409 and "lý do &lt;khác&gt;" in late.text
    assert "<form" not in late.text.partition("<main")[2].partition("</main>")[0]
    assert "/retract/" not in (await visits.open(entry, "clerk", OTHER)).text
    assert (await announced(visits))[-2:] == ["model.replicated", "event.retracted"]
    assert (await visits.open(f"{REGISTER}/2024/x", "clerk")).status_code == 404


async def test_the_name_of_a_person_is_shown_to_few_and_can_be_erased(visits: PageVisits) -> None:
    """It stands neither on the page nor in the journal; the council erases it."""
    person = await nominated(visits, kind="person", honoree="Người <i>mẫu</i>")
    for page in (person, f"{person}/journal"):
        assert "mẫu" not in (await visits.open(page, "council")).text
    assert "Người &lt;i&gt;mẫu" in (await visits.open(f"{person}/honoree", "clerk")).text
    assert (await visits.open(f"{person}/honoree", "auditor")).status_code == 403
    assert (await visits.open(f"{person}/honoree", "clerk", OTHER)).status_code == 403
    await visits.succeed(f"{person}/erase", "council", {})
    assert "Không có tên cá nhân" in (await visits.open(f"{person}/honoree", "hr")).text


async def test_a_clerk_is_offered_the_retraction_of_own_steps_alone(visits: PageVisits) -> None:
    """What the council entered, the council retracts; a withdrawn record still has its page."""
    achievement = await recognised(visits)
    own = (await visits.open(f"{achievement}/journal", "clerk")).text
    assert "/retract/1" in own and "/retract/2" not in own
    assert "/retract/3" in (await visits.open(f"{achievement}/journal", "council")).text
    for version in (3, 2, 1):
        await visits.succeed(f"{achievement}/retract/{version}", "council", {"reason": "nhầm"})
    page = await visits.open(achievement, "clerk")
    assert "đã rút" in page.text and TITLE not in page.text
    assert (await announced(visits)).count("event.retracted") == 2


async def test_lists_are_narrowed_and_leave_as_files(visits: PageVisits) -> None:
    """The file has the rows of the list; an empty list says what to do first."""
    assert f"{LIST}/new" in (await visits.open(LIST, "clerk")).text
    assert "/new" not in (await visits.open(LIST, "hr")).text
    achievement = await recognised(visits)
    assert achievement in (await visits.open(f"{LIST}?stage=recognised&unit={OWN}", "hr")).text
    assert "Không có hồ sơ nào phù hợp" in (await visits.open(f"{LIST}?stage=refused", "hr")).text
    file = await visits.open(f"{LIST}.csv?stage=recognised", "hr")
    assert file.headers["content-type"].startswith("text/csv") and "tự quản" in file.text
    assert "12/QĐ-UBND" in (await visits.open(f"{REGISTER}.csv?year=2025", "reader", OTHER)).text
    assert "12/QĐ-UBND" not in (await visits.open(f"{REGISTER}?year=2025&level=nation", "hr")).text
    assert (await visits.open(f"{REGISTER}?year=x", "hr")).status_code == 422


async def test_every_page_answers_each_role_as_its_row_says(visits: PageVisits) -> None:
    """A visitor is led to sign in, and a role without the right gets 403."""
    achievement = (await recognised(visits)).rpartition("/")[2]
    assert all(route.replace("POST", "GET") in PAGES for route in PAGES)

    def address(path: str) -> str:
        place = path.replace("{id}", achievement).replace("{version}", "1")
        return f"/awards/pages{place.replace('{year}', '2025')}"

    await visits.check_roles(PAGES, address)


async def test_signing_out_leads_on_to_the_next_service(visits: PageVisits) -> None:
    """By the ticket of the session; without it nothing is revoked."""
    sessions = open_sessions(visits.desk.app.parts.settings)
    session = sessions.begin("lan", "clerk", [OWN])
    values = ticket_values(FormTokens(sessions.keys), session.id, session.expires)
    step = "/awards/pages/sign-out"
    assert (await visits.desk.client.get(step)).status_code == 403
    led = await visits.desk.client.get(step, params=values)
    assert led.headers["location"].startswith("/violations/pages/sign-out?")
