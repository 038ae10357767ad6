"""The pages of training, and who may open which: one table.

What a page shows and does is decided by the interface that it calls.
"""

from services.chassis.web.site import PageAccess
from services.records.pages.site import PageSet
from services.records.routes import READERS
from services.training.pages import courses
from services.training.pages.messages import message

READS = PageAccess(frozenset(READERS))
CLERK = PageAccess(frozenset(("clerk",)))
PAGES = {
    "GET /courses": READS,
    "GET /courses/new": CLERK,
    "POST /courses": CLERK,
}
TRAINING_PAGES = PageSet(__package__, message, PAGES, (courses.add_courses,))
