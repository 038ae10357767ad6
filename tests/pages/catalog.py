"""Every page: its address in the sample city, and the role that opens it.

`{course}` in an address is the id of a record of `records`.

The checks of all pages (`tasks/every_page.py`) and the screenshots go through this table. Add a row
for each page, and one for each state of it that looks different, such as an empty list.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.pages.city import OWN_CLERK

UNIT = "H44.2.5"
"""The commune with the richest sheet of the sample city: a merger of several."""
LOWERED, EXEMPT = "H44.2.2", "H44.4.3"
"""A commune with a gate that it does not pass, and a school with an exemption."""
YEAR = 2025
SITTING = "/training/pages/courses/{course-scheduled}/sessions/s1/attendance"


class CatalogPage(NamedTuple):
    """A page by a short name; the role is empty for a visitor without a session."""

    name: str
    path: str
    role: str = ""
    status: int = 200
    later: int = 0
    """Its status once a task has done what it is for; 0 where none does."""


PAGES = (
    # signing in
    CatalogPage("home", "/"),
    CatalogPage("sign-in", "/sign-in"),
    CatalogPage("sign-in-lost", "/sign-in?next=/training/pages/rosters/H44.1/import&lost=1"),
    CatalogPage("signed-out-partly", "/?notice=signed-out-partly"),
    CatalogPage("signed-in-elsewhere", "/signed-in"),
    CatalogPage("not-found", "/nowhere", status=404),
    CatalogPage("wrong-parameter", f"/years/{YEAR}?kind=x", "hr", 422),
    # the public view, whose years and units `tasks/public.py` has
    CatalogPage("public-years", "/public/years"),
    CatalogPage("public-unknown", f"/public/years/{YEAR}", status=404),
    CatalogPage("forbidden", "/training/pages/courses", "registrar", 403),
    # the overview of a year
    CatalogPage("year", f"/years/{YEAR}", "hr"),
    CatalogPage("year-search", f"/years/{YEAR}?q=hy+cuong", "hr"),
    CatalogPage("year-no-match", f"/years/{YEAR}?q=khong-co", "hr"),
    CatalogPage("year-own-units", f"/years/{YEAR}", "reader"),
    CatalogPage("year-machinery", f"/years/{YEAR}", "operator"),
    CatalogPage("year-activity", f"/years/{YEAR}/activity", "hr"),
    # what-if
    CatalogPage("what-if", f"/years/{YEAR}/what-if", "hr"),
    CatalogPage("what-if-text", f"/years/{YEAR}/what-if?rubric=viet-tri-2025-commune", "council"),
    CatalogPage("what-if-gone", f"/years/{YEAR}/what-if/x", "auditor", 404),
    # the resolution
    CatalogPage("resolution", f"/years/{YEAR}/resolution", "council"),
    CatalogPage("resolution-target", f"/years/{YEAR}/resolution?target=2", "hr"),
    # the council's report
    CatalogPage("report", f"/years/{YEAR + 1}/report", "council"),
    CatalogPage("report-first-year", f"/years/{YEAR}/report", "auditor"),
    CatalogPage("report-duties", f"/years/{YEAR + 1}/report?part=duties", "hr"),
    # the year's desk
    CatalogPage("desk", f"/desk/{YEAR}", "council"),
    CatalogPage("desk-unit", f"/desk/{YEAR}", "reader"),
    CatalogPage("desk-publish", f"/desk/{YEAR}/publish", "council"),
    CatalogPage("desk-draft-not-now", f"/desk/{YEAR}/draft", "operator", 409),
    CatalogPage("desk-appeals", f"/desk/{YEAR}/appeals", "hr"),
    CatalogPage("desk-self-scores", f"/desk/{YEAR}/self-scores", "hr"),
    CatalogPage("desk-decisions", f"/desk/{YEAR}/decisions", "council"),
    CatalogPage("desk-verify", f"/desk/{YEAR}/verify", "auditor"),
    CatalogPage(
        "event-adjustment",
        f"/intake/pages/events/adjustment?year={YEAR}&unit={UNIT}",
        "council",
    ),
    CatalogPage(
        "event-answer-unknown",
        f"/intake/pages/events/answer?year={YEAR}&unit={UNIT}&appeal=KN-1",
        "council",
        409,
    ),
    # the quarantine
    CatalogPage("quarantine", "/quarantine", "operator"),
    CatalogPage("quarantine-dropped", "/quarantine?state=dropped", "auditor"),
    CatalogPage("quarantine-unknown", "/quarantine/00", "auditor", 404),
    # the audit
    CatalogPage("audit", f"/audit?year={YEAR}", "operator"),
    CatalogPage("audit-no-rubric", "/audit?year=1999", "auditor"),
    CatalogPage("audit-reads", "/audit/reads", "auditor"),
    CatalogPage("audit-signs", f"/audit/signs/{YEAR}", "auditor"),
    CatalogPage("audit-reads-none", "/audit/reads?who=nobody", "auditor"),
    # a unit
    CatalogPage("unit", f"/years/{YEAR}/units/{UNIT}", "hr"),
    CatalogPage("unit-lowered", f"/years/{YEAR}/units/{LOWERED}", "hr"),
    CatalogPage("unit-exempt", f"/years/{YEAR}/units/{EXEMPT}", "council"),
    CatalogPage("unit-own-view", f"/years/{YEAR}/units/{UNIT}?view=own", "reader"),
    CatalogPage("unit-events", f"/years/{YEAR}/units/{UNIT}/events", "hr"),
    CatalogPage(
        "unit-events-of-line", f"/years/{YEAR}/units/{LOWERED}/events?indicator=disclosure", "hr"
    ),
    CatalogPage("unit-history", f"/years/{YEAR}/units/{UNIT}/history", "hr"),
    CatalogPage("unit-compare", f"/years/{YEAR}/units/{UNIT}/compare", "reader"),
    CatalogPage(
        "unit-compare-year", f"/years/{YEAR}/units/{UNIT}/compare?with_year={YEAR + 1}", "hr"
    ),
    CatalogPage(
        "unit-compare-unit", f"/years/{YEAR}/units/{UNIT}/compare?with_unit={LOWERED}", "hr"
    ),
    CatalogPage("unit-compare-found", f"/years/{YEAR}/units/{UNIT}/compare?with_unit=a", "hr"),
    CatalogPage(
        "unit-compare-unknown",
        f"/years/{YEAR}/units/{UNIT}/compare?with_as_of=2020-01-01T00:00",
        "council",
        404,
    ),
    CatalogPage("unit-files", f"/years/{YEAR}/units/{UNIT}/files", "hr"),
    CatalogPage("unit-missing", f"/years/{YEAR}/units/H44.9.99", "hr", 404),
    # awards and violations
    CatalogPage("achievements", "/awards/pages/achievements", "hr"),
    CatalogPage("achievements-narrowed", "/awards/pages/achievements?stage=refused", "clerk"),
    CatalogPage("achievement-new", "/awards/pages/achievements/new", "clerk"),
    CatalogPage("achievement-refused", "/awards/pages/achievements/new", "hr", 403),
    CatalogPage("achievement-nominated", "/awards/pages/achievements/{achievement}", "council"),
    CatalogPage(
        "achievement-recognised", "/awards/pages/achievements/{achievement-recognised}", "council"
    ),
    CatalogPage(
        "achievement-appraise", "/awards/pages/achievements/{achievement}/appraise", "council"
    ),
    CatalogPage(
        "achievement-journal",
        "/awards/pages/achievements/{achievement-recognised}/journal",
        "auditor",
    ),
    CatalogPage("achievement-name", "/awards/pages/achievements/{achievement}/honoree", "council"),
    CatalogPage("register", f"/awards/pages/register?year={YEAR}", "reader"),
    CatalogPage("register-empty", "/awards/pages/register?year=2024", "hr"),
    CatalogPage(
        "register-entry", f"/awards/pages/register/{YEAR}/{{achievement-recognised}}", OWN_CLERK
    ),
    CatalogPage(
        "register-replicate",
        f"/awards/pages/register/{YEAR}/{{achievement-recognised}}/replicate",
        OWN_CLERK,
        later=409,
    ),
    CatalogPage(
        "register-retract",
        f"/awards/pages/register/{YEAR}/{{achievement-recognised}}/retract/4",
        OWN_CLERK,
    ),
    CatalogPage("cases", "/violations/pages/cases", "council"),
    CatalogPage("cases-narrowed", "/violations/pages/cases?stage=upheld", "auditor"),
    CatalogPage("cases-refused", "/violations/pages/cases", "hr", 403),
    CatalogPage("case-new", "/violations/pages/cases/new", "clerk"),
    CatalogPage("case", "/violations/pages/cases/{case}", "council"),
    CatalogPage("case-overdue", "/violations/pages/cases/{case-late}", "clerk"),
    CatalogPage("case-assign", "/violations/pages/cases/{case-late}/assign", "council"),
    CatalogPage("case-overturn", "/violations/pages/cases/{case}/overturn", "council"),
    CatalogPage("case-texts", "/violations/pages/cases/{case}/words", "auditor"),
    CatalogPage("case-journal", "/violations/pages/cases/{case}/journal", "council"),
    CatalogPage("counts", f"/violations/pages/counts?year={YEAR}", "reader"),
    # training
    CatalogPage("courses", "/training/pages/courses", "clerk"),
    CatalogPage("course-new", "/training/pages/courses/new", "clerk"),
    CatalogPage("course-planned", "/training/pages/courses/{course}", "clerk"),
    CatalogPage("course-council", "/training/pages/courses/{course}", "council"),
    CatalogPage("course-scheduled", "/training/pages/courses/{course-scheduled}", "clerk"),
    CatalogPage(
        "course-move", "/training/pages/courses/{course-scheduled}/move?session=s1", "clerk"
    ),
    CatalogPage("course-not-now", "/training/pages/courses/{course}/hold", "clerk", 409),
    CatalogPage("course-journal", "/training/pages/courses/{course-scheduled}/journal", "clerk"),
    CatalogPage("course-retract", "/training/pages/courses/{course-scheduled}/retract/3", "clerk"),
    CatalogPage("attendance-form", SITTING, "clerk"),
    CatalogPage("attendance-read", SITTING, "hr"),
    CatalogPage("attendance-import", SITTING + "/import", "clerk"),
    CatalogPage("rosters", "/training/pages/rosters?year=2025", "clerk"),
    CatalogPage("roster", "/training/pages/rosters/{unit}", "clerk"),
    CatalogPage("roster-without-names", "/training/pages/rosters/{unit}", "council"),
    CatalogPage("roster-empty", f"/training/pages/rosters/{EXEMPT}", "clerk"),
    CatalogPage("roster-new", "/training/pages/rosters/{unit}/new", "clerk"),
    CatalogPage("roster-import", "/training/pages/rosters/{unit}/import", "clerk"),
    CatalogPage("untrained", "/training/pages/untrained?year=2025", "clerk"),
    CatalogPage("untrained-unit", "/training/pages/untrained/{unit}?year=2025", "clerk"),
    CatalogPage("untrained-without-names", "/training/pages/untrained/{unit}", "council"),
    CatalogPage("untrained-no-roster", f"/training/pages/untrained/{EXEMPT}", "hr"),
    CatalogPage("member", "/training/pages/memberships/{member}", "clerk"),
    CatalogPage("member-erase", "/training/pages/memberships/{member}/erase", "council"),
    CatalogPage("succession", "/training/pages/successions", "council"),
)
