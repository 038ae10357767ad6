"""Reconciliation: which events lead from what is announced to what is to be announced. Pure.

The handlers save the plan with the command that caused it. docs/decisions/0003 gives the reasons.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from contracts import moments
from services.records.digests import digest
from services.records.state_machine import RETRACTION, Fact

Desired = Mapping[str, Fact]
"""Facts to be announced, by a lasting name, `<kind>:<id of the record>:<more>`."""


class Announcement(NamedTuple):
    """A fact that is announced and not retracted; `event` is the id of its event.

    `about` is the person or the course, `content` a digest of the fact: another content under the
    same name is another announcement.
    """

    name: str
    about: str
    record: str
    short: str
    unit: str
    year: int
    event: str
    content: bytes


class AnnouncementPlan(NamedTuple):
    """Announcements to retract, and facts to announce with their rows, whose ids come later."""

    retractions: tuple[Announcement, ...]
    additions: tuple[tuple[Announcement, Fact], ...]

    def facts(self, source: str, now: int, reason: str) -> list[Fact]:
        """The events of the plan in order: retractions first."""
        retractions = [
            Fact(RETRACTION, row.unit, now, {"source": source, "id": row.event, "reason": reason})
            for row in self.retractions
        ]
        return retractions + [fact for _, fact in self.additions]

    def removed_names(self) -> list[str]:
        """The names of the announcements that are retracted."""
        return [row.name for row in self.retractions]

    def added_rows(self, events: Sequence[str]) -> list[Announcement]:
        """The new announcements, by the ids of the events of `facts`, in their order."""
        ids = events[len(self.retractions) :]
        pairs = zip(self.additions, ids, strict=True)
        return [row._replace(event=event) for (row, _), event in pairs]


def reconcile(
    announced: Iterable[Announcement], desired: Mapping[str, Desired]
) -> AnnouncementPlan:
    """How to get from these announcements to the desired facts, by person or course.

    `announced` are all announcements about these persons and courses. A fact whose content has
    changed is retracted and announced anew; one that is announced already is in no plan.
    """
    obsolete = {row.name: row for row in announced}
    additions: list[tuple[Announcement, Fact]] = []
    for row, fact in _rows(desired):
        before = obsolete.get(row.name)
        if before is not None and before.content == row.content:
            del obsolete[row.name]
        else:
            additions.append((row, fact))
    additions.sort(key=lambda pair: (pair[1].time, pair[0].name))
    return AnnouncementPlan(tuple(sorted(obsolete.values())), tuple(additions))


def _rows(desired: Mapping[str, Desired]) -> Iterator[tuple[Announcement, Fact]]:
    for about, facts in desired.items():
        for name, fact in facts.items():
            yield _row(name, about, fact), fact


def _row(name: str, about: str, fact: Fact) -> Announcement:
    data = json.dumps(dict(fact.data), sort_keys=True, ensure_ascii=False)
    content = digest(fact.short, fact.subject, str(fact.time), data)
    year = int(fact.data.get("year") or moments.local_year(fact.time))
    record = name.split(":")[1]
    return Announcement(name, about, record, fact.short, fact.subject, year, "", content)
