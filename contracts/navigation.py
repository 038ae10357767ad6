"""The sections of the pages: where each begins and who has it, whichever service serves it.

The bar at the top of every page lists them. A page of one service leads to another by these
addresses alone.
"""

from __future__ import annotations

from typing import NamedTuple

from contracts.messages import Message, message

SEES_ALL = ("hr", "council", "auditor", "operator")
RECORDS_READERS = ("clerk", "reader", *SEES_ALL)
READS_CASES = ("clerk", "council", "auditor")
DESK_READERS = ("emitter", *RECORDS_READERS)
EVERYBODY = ("registrar", *DESK_READERS)
WATCHES = ("auditor", "operator")


class Section(NamedTuple):
    """A section: the address of its first page, what else is in it, and the roles that have it."""

    code: str
    path: str
    within: tuple[str, ...]
    roles: tuple[str, ...]

    @property
    def label(self) -> Message:
        """What the bar calls it."""
        return message(f"navigation-{self.code}")

    def covers(self, path: str) -> bool:
        """Whether a page belongs to the section."""
        return any(path == each or path.startswith(f"{each}/") for each in self.within)


EVENT_FORMS = "/intake/pages/events"
"""Where a person of the council or of a unit sends an event by a form; the desk leads there."""
PAGE_SERVICES = ("intake", "training", "awards", "violations")
"""The services with pages at `/<service>/pages`, in the order in which a person is signed out."""
SECTIONS = (
    Section("ratings", "/years", ("/years",), EVERYBODY),
    Section("desk", "/desk", ("/desk", "/intake/pages"), DESK_READERS),
    Section("courses", "/training/pages/courses", ("/training/pages",), RECORDS_READERS),
    Section("awards", "/awards/pages/achievements", ("/awards/pages",), RECORDS_READERS),
    Section("violations", "/violations/pages/cases", ("/violations/pages",), READS_CASES),
    Section("violations", "/violations/pages/counts", ("/violations/pages",), ("reader", "hr")),
    Section("quarantine", "/quarantine", ("/quarantine",), WATCHES),
    Section("audit", "/audit", ("/audit",), WATCHES),
)


def sections_of(role: str) -> list[Section]:
    """The sections of a role, in their order."""
    return [section for section in SECTIONS if role in section.roles]
