"""The pages of training, and who may open which: one table.

What a page shows and does is decided by the interface that it calls.
"""

from services.chassis.web.site import PageAccess
from services.records.pages.journals import add_journal
from services.records.pages.site import PageSet
from services.records.pages.steps import add_steps
from services.records.routes import READERS
from services.training.pages.course import add_course
from services.training.pages.course_steps import CLERK, COURSES
from services.training.pages.courses import add_courses
from services.training.pages.messages import message

READS, CLERKS = PageAccess(frozenset(READERS)), PageAccess(frozenset(CLERK))
PAGES = {
    "GET /courses": READS,
    "GET /courses/new": CLERKS,
    "POST /courses": CLERKS,
    "GET /courses/{id}": READS,
    **COURSES.rows(),
}
TRAINING_PAGES = PageSet(
    __package__, message, PAGES,
    (
        add_courses, add_course, lambda pages, site, api: add_steps(pages, site, api, COURSES),
        lambda pages, site, api: add_journal(pages, site, api, COURSES),
    ),
)  # fmt: skip
