"""The pages of training, and who may open which: one table.

What a page shows and does is decided by the interface that it calls.
"""

from services.chassis.web.site import PageAccess
from services.records.pages.journals import add_journal
from services.records.pages.retractions import add_retraction
from services.records.pages.site import PageSet
from services.records.pages.steps import add_steps
from services.records.routes import READERS
from services.training.pages.attendance import ATTENDED, add_attendance
from services.training.pages.course import add_course
from services.training.pages.course_steps import BOTH, CLERK, COUNCIL, COURSES
from services.training.pages.courses import add_courses
from services.training.pages.members import MEMBERS, add_members
from services.training.pages.roster_import import add_roster_import
from services.training.pages.rosters import READS_NAMES, add_rosters
from services.training.pages.successions import add_successions
from services.training.pages.untrained import add_untrained

READS, CLERKS = PageAccess(frozenset(READERS)), PageAccess(frozenset(CLERK))
COUNCILS, CLERKS_AND_COUNCIL = PageAccess(frozenset(COUNCIL)), PageAccess(frozenset(BOTH))
NAMES = PageAccess(frozenset(READS_NAMES))
PAGES = {
    "GET /courses": READS,
    "GET /courses/new": CLERKS,
    "POST /courses": CLERKS,
    "GET /courses/{id}": READS,
    f"GET {ATTENDED}": READS,
    f"POST {ATTENDED}": CLERKS,
    f"GET {ATTENDED}/file": NAMES,
    f"GET {ATTENDED}/import": CLERKS,
    f"POST {ATTENDED}/import": CLERKS,
    f"POST {ATTENDED}/import/rows": CLERKS,
    f"GET {ATTENDED}/strike": CLERKS,
    f"POST {ATTENDED}/strike": CLERKS,
    "GET /rosters": READS,
    "GET /rosters/{unit}": READS,
    "GET /rosters/{unit}/file": NAMES,
    "GET /rosters/{unit}/template": NAMES,
    "GET /rosters/{unit}/new": CLERKS,
    "POST /rosters/{unit}/new": CLERKS,
    "GET /rosters/{unit}/import": CLERKS,
    "POST /rosters/{unit}/import": CLERKS,
    "POST /rosters/{unit}/import/rows": CLERKS,
    "GET /coverage/file": READS,
    "GET /untrained": READS,
    "GET /untrained/{unit}": READS,
    "GET /untrained/{unit}/file": READS,
    "GET /memberships/{id}": READS,
    "GET /memberships/{id}/rename": CLERKS_AND_COUNCIL,
    "POST /memberships/{id}/rename": CLERKS_AND_COUNCIL,
    "GET /memberships/{id}/erase": COUNCILS,
    "POST /memberships/{id}/erase": COUNCILS,
    "GET /successions": COUNCILS,
    "POST /successions": COUNCILS,
    **COURSES.rows(),
    **MEMBERS.rows(),
}
TRAINING_PAGES = PageSet(
    __package__, PAGES,
    (
        add_courses, add_course, add_attendance, add_rosters, add_roster_import, add_members,
        add_successions, add_untrained,
        *(
            lambda pages, site, api, kind=kind: add_steps(pages, site, api, kind)
            for kind in (COURSES, MEMBERS)
        ),
        *(
            lambda pages, site, api, kind=kind, add=add: add(pages, site, api, kind)
            for kind in (COURSES, MEMBERS)
            for add in (add_journal, add_retraction)
        ),
    ),
)  # fmt: skip
