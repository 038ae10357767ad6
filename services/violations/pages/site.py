"""The pages of violations, and who may open which: one table.

What a page shows and does is decided by the interface that it calls.
"""

from services.chassis.web.site import PageAccess
from services.records.pages.creations import add_creation
from services.records.pages.journals import add_journal
from services.records.pages.retractions import add_retraction
from services.records.pages.site import PageSet
from services.records.pages.steps import add_steps
from services.violations.lists import READS_COUNTS
from services.violations.pages.case import READS_TEXTS, add_case
from services.violations.pages.case_steps import BOTH, CASES, COUNCIL, READS_CASES, REPORT
from services.violations.pages.cases import add_cases

PAGES = {
    "GET /cases": PageAccess(frozenset(READS_CASES)),
    "GET /cases.csv": PageAccess(frozenset(READS_CASES)),
    "GET /cases/new": PageAccess(frozenset(BOTH)),
    "POST /cases": PageAccess(frozenset(BOTH)),
    "GET /counts": PageAccess(frozenset(READS_COUNTS)),
    "GET /counts.csv": PageAccess(frozenset(READS_COUNTS)),
    "GET /cases/{id}": PageAccess(frozenset(READS_CASES)),
    "GET /cases/{id}/words": PageAccess(frozenset(READS_TEXTS)),
    "GET /cases/{id}/reporter": PageAccess(frozenset(COUNCIL)),
    "GET /cases/{id}/erase": PageAccess(frozenset(COUNCIL)),
    "POST /cases/{id}/erase": PageAccess(frozenset(COUNCIL)),
    **CASES.rows(),
}
VIOLATIONS_PAGES = PageSet(
    __package__, PAGES,
    (
        add_cases, lambda pages, site, api: add_creation(pages, site, api, CASES, REPORT),
        add_case, lambda pages, site, api: add_steps(pages, site, api, CASES),
        lambda pages, site, api: add_journal(pages, site, api, CASES),
        lambda pages, site, api: add_retraction(pages, site, api, CASES),
    ),
)  # fmt: skip
