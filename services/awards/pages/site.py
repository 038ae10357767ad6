"""The pages of awards, and who may open which: one table.

What a page shows and does is decided by the interface that it calls.
"""

from services.awards.pages.achievement import READS_NAMES, add_achievement
from services.awards.pages.achievement_steps import ACHIEVEMENTS, CLERK, COUNCIL, NOMINATE
from services.awards.pages.achievements import add_achievements
from services.awards.pages.register import add_register
from services.awards.pages.replications import add_replications
from services.chassis.web.site import PageAccess
from services.records.pages.creations import add_creation
from services.records.pages.journals import add_journal
from services.records.pages.retractions import add_retraction
from services.records.pages.site import PageSet
from services.records.pages.steps import add_steps
from services.records.routes import READERS

READS, CLERKS, COUNCILS = (PageAccess(frozenset(roles)) for roles in (READERS, CLERK, COUNCIL))
PAGES = {
    "GET /achievements": READS,
    "GET /achievements.csv": READS,
    "GET /achievements/new": CLERKS,
    "POST /achievements": CLERKS,
    "GET /achievements/{id}": READS,
    "GET /achievements/{id}/honoree": PageAccess(frozenset(READS_NAMES)),
    "GET /achievements/{id}/erase": COUNCILS,
    "POST /achievements/{id}/erase": COUNCILS,
    "GET /register": READS,
    "GET /register.csv": READS,
    "GET /register/{year}/{id}": READS,
    "GET /register/{year}/{id}/replicate": CLERKS,
    "POST /register/{year}/{id}/replicate": CLERKS,
    "GET /register/{year}/{id}/retract/{version}": CLERKS,
    "POST /register/{year}/{id}/retract/{version}": CLERKS,
    **ACHIEVEMENTS.rows(),
}
AWARDS_PAGES = PageSet(
    __package__, PAGES,
    (
        add_achievements,
        lambda pages, site, api: add_creation(pages, site, api, ACHIEVEMENTS, NOMINATE),
        add_achievement, lambda pages, site, api: add_steps(pages, site, api, ACHIEVEMENTS),
        lambda pages, site, api: add_journal(pages, site, api, ACHIEVEMENTS),
        lambda pages, site, api: add_retraction(pages, site, api, ACHIEVEMENTS),
        add_register, add_replications,
    ),
)  # fmt: skip
