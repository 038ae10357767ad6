"""From what the world has to be told to events: what is new is announced, what is wrong retracted.

Everything happens in the transaction of a command, with the persons and the course locked.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from services.records import journal
from services.records.announcing import Announced
from services.records.record import RETRACTION
from services.records.state_machine import Fact
from services.training import queries, store
from services.training.domain import announcements
from services.training.domain.announcements import Wanted
from services.training.store import Told

CORRECTED = "Hồ sơ được đính chính / the record was corrected."


@dataclass(frozen=True)
class Difference:
    """What was told and no longer holds, and what holds and was not yet told."""

    gone: Sequence[Told]
    new: Sequence[tuple[Told, Fact]]
    source: str
    now: int
    reason: str

    def facts(self) -> list[Fact]:
        """The events that have to be emitted, in order."""
        back = [
            Fact(RETRACTION, one.unit, self.now,
                 {"source": self.source, "id": one.event, "reason": self.reason})
            for one in self.gone
        ]  # fmt: skip
        return back + [fact for _, fact in self.new]

    async def remember(self, conn: AsyncConnection, events: Sequence[Announced]) -> None:
        """Keeps what was told by these events, which are those of `facts` in their order."""
        await store.untell(conn, [one.name for one in self.gone])
        made = zip(self.new, events[len(self.gone) :], strict=True)
        await store.tell(conn, [one._replace(event=event.id) for (one, _), event in made])


async def of_persons(conn: AsyncConnection, persons: Iterable[str], now: int) -> dict[str, Wanted]:
    """Everything to be told of these persons, by person."""
    asked = sorted(set(persons))
    stints = await queries.stints(conn, asked)
    done = await queries.completions(conn, asked)
    links = await queries.links(conn) if asked else []
    return {
        one: announcements.of_person(one, stints.get(one, []), done.get(one, []), links, now)
        for one in asked
    }


async def difference(
    conn: AsyncConnection, about: Mapping[str, Wanted], source: str, now: int,
    reason: str = CORRECTED,
) -> Difference:  # fmt: skip
    """How what has to be told of these persons and courses differs from what was told."""
    gone, new = [], []
    standing = {one.name: one for one in await store.told(conn, sorted(about))}
    for whom, facts in sorted(about.items()):
        for name, fact in facts.items():
            told = _told(name, whom, fact)
            before = standing.pop(name, None)
            if before is not None and before.content == told.content:
                continue
            if before is not None:
                gone.append(before)
            new.append((told, fact))
    gone += standing.values()
    return Difference(sorted(gone), sorted(new, key=_in_time), source, now, reason)


def _in_time(one: tuple[Told, Fact]) -> tuple[int, str]:
    return one[1].time, one[0].name


def _told(name: str, about: str, fact: Fact) -> Told:
    content = json.dumps(dict(fact.data), sort_keys=True, ensure_ascii=False)
    digest = journal.digest(fact.short, fact.subject, str(fact.time), content)
    year = int(fact.data.get("year") or moments.local_year(fact.time))
    return Told(name, about, name.split(":")[1], fact.short, fact.subject, year, "", digest)
