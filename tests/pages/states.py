"""States of pages that no address shows: answers to forms, ended sessions, refused sign-ins.

Each names who sees it and the status of the answer, and brings a page there from its first address.
Nothing in the sample city changes by it. Their checks are in `tasks/answers.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from playwright.sync_api import FilePayload, Page

from services.scoring.rubrics.loader import SHIPPED
from tests.pages.catalog import SITTING, UNIT, YEAR
from tests.pages.city import OWN_CLERK, City
from tests.pages.steps import submit
from tests.support.builders.workbooks import xlsx

ROSTER = "/training/pages/rosters/{unit}/import"
NEW_COURSE = "/training/pages/courses/new"
NOBODY, WRONG = "khong-co-ten-nay", "mat-khau-khong-dung"
TRIES_MAX = 12
TEXT_TOO_LONG = 600_000
RUBRIC = (SHIPPED / "viet-tri-2025-commune.yaml").read_bytes()
CELLS = (
    ["Số hiệu cán bộ", "Họ và tên", "Vai trò", "Từ ngày"],
    ["CB-91", "Bùi Văn Mẫu", "Công chức", f"01/08/{YEAR}"],
    ["CB-92", "Cao Thị <b>Mẫu</b> " + "dài " * 40, "Giám đốc", f"31/02/{YEAR}"],
    ["025199001234", "Hồ Thị Mẫu", "Khác", ""],
)


class PageState(NamedTuple):
    """A state by a short name; `status` is that of the last answer."""

    name: str
    role: str
    status: int
    reach: Callable[[Page, City], None]


def send(page: Page) -> None:
    """Sends the last form of the page as it is."""
    page.locator("main form[method=post] button.button-main").last.click()


def filled(path: str, **fields: str) -> Callable[[Page, City], None]:
    """The answer to the form of a page with these fields."""

    def reach(page: Page, city: City) -> None:
        page.goto(city.address(path))
        submit(page, **fields)
        page.locator("main").wait_for()

    return reach


def uploaded(path: str, name: str, content: bytes) -> Callable[[Page, City], None]:
    """The answer to the form of a page with a file."""

    def reach(page: Page, city: City) -> None:
        page.goto(city.address(path))
        choose(page, name, content)
        send(page)

    return reach


def choose(page: Page, name: str, content: bytes) -> None:
    """Chooses a file."""
    file = FilePayload(name=name, mimeType="application/octet-stream", buffer=content)
    page.locator("#field-file").set_input_files(file)


def too_many_hours(page: Page, city: City) -> None:
    """An attendance whose second person stayed longer than the session."""
    page.goto(city.address(SITTING))
    page.locator("#field-present-1").check()
    page.locator("#field-hours-1").fill("99")
    send(page)


def planted(path: str, field: str, value: str, **fields: str) -> Callable[[Page, City], None]:
    """The answer to the form of a page one hidden field of which is another one."""

    def reach(page: Page, city: City) -> None:
        page.goto(city.address(path))
        script = "(field, value) => { field.value = value }"
        page.locator(f"main [name={field}]").evaluate(script, value)
        submit(page, **fields)

    return reach


def session_ended(page: Page, city: City) -> None:
    """A form that is sent when its session has ended."""
    page.goto(NEW_COURSE)
    page.locator("#field-title").fill("Khóa nhập trước khi hết phiên")
    page.locator("#field-hours").fill("0")
    page.context.clear_cookies(name="danchu_session")
    send(page)


def signed_in_again(page: Page, city: City) -> None:
    """The same, after the person has signed in."""
    session_ended(page, city)
    submit(page, password=city.passwords[OWN_CLERK])


def form_back(page: Page, city: City) -> None:
    """The same, shown filled."""
    signed_in_again(page, city)
    send(page)


def session_ended_with_file(page: Page, city: City) -> None:
    """An upload whose session had ended."""
    page.goto(city.address(ROSTER))
    choose(page, "danh sách.xlsx", xlsx(*CELLS))
    page.context.clear_cookies(name="danchu_session")
    send(page)


def signed_in_wrongly(page: Page, city: City) -> None:
    """A password that is wrong."""
    page.goto("/sign-in")
    submit(page, name=f"{NOBODY}-2", password=WRONG)


def paused(page: Page, city: City) -> None:
    """So many wrong passwords that the name has to wait."""
    for _ in range(TRIES_MAX):
        page.goto("/sign-in")
        with page.expect_navigation() as answer:
            submit(page, name=NOBODY, password=WRONG)
        if answer.value is not None and answer.value.status == 429:
            return


STATES = (
    # training
    PageState("course-refused", "clerk", 422, filled(NEW_COURSE, title="Khóa", hours="0")),
    PageState("roster-mend", "clerk", 422, uploaded(ROSTER, "ds.xlsx", xlsx(*CELLS))),
    PageState("roster-no-list", "clerk", 422, uploaded(ROSTER, "ds.xlsx", b"\x89PNG\r\n")),
    PageState("attendance-refused", "clerk", 422, too_many_hours),
    PageState(
        "course-step-refused", "clerk", 422,
        filled("/training/pages/courses/{course-scheduled}/move?session=s1", place="", hours="x"),
    ),
    PageState(
        "member-refused", "clerk", 422,
        filled("/training/pages/memberships/{member}/rename", name=""),
    ),
    PageState(
        "succession-refused", "council", 422,
        filled("/training/pages/successions", predecessor=UNIT, unit=UNIT),
    ),
    # awards and violations
    PageState(
        "achievement-refused-fields", "clerk", 422,
        filled("/awards/pages/achievements/new", unit=UNIT, title="Gương", url="không phải"),
    ),
    PageState(
        "vote-refused", "council", 422,
        filled(
            "/awards/pages/achievements/{achievement}/appraise", what="award", level="city",
            in_favour="-1", against="x",
        ),
    ),
    PageState(
        "record-changed", "council", 412,
        planted(
            "/awards/pages/achievements/{achievement}/appraise", "_version", '"99"', what="award",
            level="city", in_favour="7", against="1",
        ),
    ),
    PageState(
        "case-refused", "clerk", 422,
        filled("/violations/pages/cases/new", unit=UNIT, place="Nhà văn hóa"),
    ),
    PageState(
        "case-step-refused", "council", 422,
        filled("/violations/pages/cases/{case}/overturn", by="court", decision=""),
    ),
    PageState(
        "form-too-large", "clerk", 413,
        filled("/violations/pages/cases/new", allegation="x" * TEXT_TOO_LONG),
    ),
    # the year's desk, and decisions
    PageState("desk-publish-refused", "council", 422, filled(f"/desk/{YEAR}/publish")),
    PageState(
        "desk-publish-confirm", "council", 200,
        filled(
            f"/desk/{YEAR}/publish", decision="1/QĐ", date=f"{YEAR + 1}-02-01", reason="Biên bản"
        ),
    ),
    PageState(
        "desk-verify-broken", "auditor", 200,
        uploaded(f"/desk/{YEAR}/verify", "seal.zip", b"khong phai zip"),
    ),
    PageState(
        "event-refused", "council", 422,
        filled(f"/intake/pages/events/adjustment?year={YEAR}&unit={UNIT}", points="nhiều"),
    ),
    PageState(
        "event-confirm", "council", 200,
        filled(
            f"/intake/pages/events/adjustment?year={YEAR}&unit={UNIT}", points="1,25",
            decision="7/QĐ", reason="Chấp nhận",
        ),
    ),
    # what-if
    PageState(
        "what-if-faults", "hr", 422,
        uploaded(
            f"/years/{YEAR}/what-if", "de-xuat.yaml",
            RUBRIC.replace(b"maximum: 100", b"maximum: nhieu", 1),
        ),
    ),
    PageState(
        "what-if-too-long", "hr", 422,
        uploaded(f"/years/{YEAR}/what-if", "dai.yaml", b"x" * 300_000),
    ),
    PageState("what-if-nothing", "hr", 422, filled(f"/years/{YEAR}/what-if")),
    # sessions
    PageState("session-ended", OWN_CLERK, 401, session_ended),
    PageState("session-ended-file", OWN_CLERK, 401, session_ended_with_file),
    PageState("session-back", OWN_CLERK, 200, signed_in_again),
    PageState("session-form-back", OWN_CLERK, 200, form_back),
    PageState("form-foreign", "clerk", 403, planted(NEW_COURSE, "_token", "x")),
    PageState("sign-in-refused", "", 401, signed_in_wrongly),
    PageState("sign-in-paused", "", 429, paused),
)  # fmt: skip
