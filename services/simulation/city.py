"""A city of any size and its year of events, as lines of NDJSON; the same for the same seed.

Registrations come first, then the year, mostly in order of time: stories begin, and their later
steps wait in a heap for their day.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import islice
from random import Random

from services.simulation import registry
from services.simulation.faults import broken, conflicting
from services.simulation.persons import person_key
from services.simulation.registry import Change, Unit
from services.simulation.stories import Step, Story, tables
from services.simulation.wire import DAY, HOUR, SOURCE, Year, line, quoted, respelled, uuid7

RECENT = 4096  # lines among which duplicates are chosen
AFTER_DAYS, AFTER_SHARE = 12, 200  # one event of 200 is of the days after the year
LATE_SHARE, CORRECTED_SHARE, FORETOLD_SHARE = 0.02, 0.01, 0.001
_REASON = quoted("Nhập nhầm, gửi lại bản đúng")


def simulate(
    units: int, events: int, year: int, seed: int, faults: float = 0, duplicates: float = 0.02
) -> Iterator[bytes]:
    """Exactly `events` lines, each a CloudEvent with its end of line.

    `faults` and `duplicates` are the shares of lines that the door refuses and that repeat an
    earlier one, exactly or in another spelling.
    """
    if units < 1 or events < 0:
        raise ValueError("a city has at least one unit, and a year no fewer than 0 events")
    if min(faults, duplicates) < 0 or faults + duplicates > 1:
        raise ValueError("faults and duplicates are shares of the lines, together at most 1")
    return islice(City(units, year, seed).lines(events, faults, duplicates), events)


class City:
    """The state of one simulation: units, scheduled steps, and the lines sent last."""

    def __init__(self, units: int, year: int, seed: int) -> None:
        self.rng = Random(f"{seed}/{units}/{year}")
        self.year = Year(year)
        self.units = registry.settle(units, self.rng)
        self.waiting: list[tuple[int, int, Unit, Story, Step, str]] = []
        self.prepared: list[tuple[int, int, bytes]] = []
        self.recent: list[bytes] = []
        self.number = 0
        self.tables = {True: tables(True), False: tables(False)}

    def lines(self, events: int, faults: float, duplicates: float) -> Iterator[bytes]:
        """Registrations, then one line for each moment of the year."""
        changes = registry.reorganise(self.units, self.year)
        for change in registry.register(self.units, self.year):
            yield self._announce(change)
        changes += registry.administer(self.units, self.rng, self.year)
        for change in changes:
            self._prepare(change.at, self._announce(change))
        early = self._drawable(0)
        late = self._drawable(self.year.half)
        random, sent = self.rng.random, 0
        for at in self._moments(max(0, events - len(self.units))):
            chance = random()
            if chance < duplicates and self.recent:
                yield self._again()
            elif chance < duplicates + faults and chance >= duplicates:
                yield self._fault(at, late if at >= self.year.half else early)
            else:
                units = late if at >= self.year.half else early
                event_line = self._due(at) or self._begin(at, units)
                self._remember(event_line, sent)
                sent += 1
                yield event_line

    def _moments(self, count: int) -> Iterator[int]:
        """So many working moments, in order: the year's, then a few of the days after it."""
        after = count // AFTER_SHARE
        spans = ((0, self.year.days, count - after), (self.year.days, AFTER_DAYS, after))
        for first, days, share in spans:
            for n in range(share):
                day, part = divmod(n * days, share)
                yield (first + day) * DAY + 7 * HOUR + part * 10 * HOUR // share

    def _drawable(self, at: int) -> list[Unit]:
        """The units of a part of the year, the large ones several times."""
        alive = [unit for unit in self.units if unit.begin <= at < unit.end]
        return [unit for unit in alive for _ in range(unit.size)]

    def _announce(self, change: Change) -> bytes:
        return self._line("registry", change.short, change.unit, change.at, change.data)[1]

    def _line(self, source: str, short: str, subject: str, at: int, data: str) -> tuple[str, bytes]:
        year, bits = self.year, self.rng.getrandbits(74)
        id_ = uuid7(year.unix + at, bits)
        time = year.utc(at) if source == "portal" else year.local(at)
        return id_, line(id_, source, short, subject, time, data)

    def _due(self, at: int) -> bytes | None:
        """The line that is scheduled for this moment; None where there is none."""
        if self.prepared and self.prepared[0][0] <= at:
            return heappop(self.prepared)[2]
        if self.waiting and self.waiting[0][0] <= at:
            then, _, unit, story, step, key = heappop(self.waiting)
            return self._tell(unit, story, step, key, then)
        return None

    def _begin(self, at: int, units: list[Unit]) -> bytes:
        """A new story; a few reach us days after they began."""
        rng, days = self.rng, self.year.days
        unit = units[int(rng.random() * len(units))]
        day = at // DAY
        season = 0 if day < 90 else 1 if day < days else 2
        table = self.tables[unit.kind == "commune"][season]
        story = table[int(rng.random() * len(table))]
        if rng.random() < LATE_SHARE and unit.begin < at < self.year.end:
            at = max(unit.begin, at - int(rng.random() * 20 * DAY))
        key = self._key(story)
        for step in story.then:
            self._foresee(unit, story, step, key, at)
        return self._tell(unit, story, story.first, key, at)

    def _key(self, story: Story) -> str:
        if story.values:
            return story.values[int(self.rng.random() * len(story.values))]
        if story.opaque:
            return person_key(self.rng.getrandbits(64))
        self.number += 1
        return f"{story.key[:3]}-{self.number}"

    def _foresee(self, unit: Unit, story: Story, step: Step, key: str, at: int) -> None:
        """Whether and when a step will follow: careless units leave things out or are late."""
        chance, span = step.chance, step.days[1] - step.days[0]
        if step.zealous:
            chance, span = chance * unit.zeal, int(span * (1.9 - unit.zeal))
        if self.rng.random() < chance:
            then = at + int((step.days[0] + self.rng.random() * span) * DAY)
            self.number += 1
            heappush(self.waiting, (then, self.number, unit, story, step, key))

    def _tell(self, unit: Unit, story: Story, step: Step, key: str, at: int) -> bytes:
        """A step as its event; a step after the end of its unit is sent by the successor."""
        rng = self.rng
        if at >= unit.end and unit.successor is not None:
            key = key if story.values else f"{unit.key}/{key}"
            unit = unit.successor
        tail = step.tails[int(rng.random() * len(step.tails))]
        if story.due_days and step is story.first:
            tail = f',"due":"{self.year.date(at + story.due_days * DAY)}"{tail}'
        if at >= self.year.end:
            tail += f',"year":{self.year.year}'
        data = f'{{"{story.key}":"{key}"{tail}}}'
        subject = unit.code if at >= unit.coded and rng.random() < 0.5 else unit.key
        source = step.source or story.source
        id_, sent = self._line(source, step.short, subject, at, data)
        if rng.random() < CORRECTED_SHARE:
            return self._correct(id_, sent, source, step.short, subject, at, data)
        return sent

    def _correct(
        self, id_: str, original: bytes, source: str, short: str, subject: str, at: int, data: str
    ) -> bytes:
        """The event is retracted and sent again; a few retractions arrive before their event."""
        later = at + int((0.1 + self.rng.random() * 15) * DAY)
        reason = f'{{"source":"{SOURCE}:{source}","id":"{id_}","reason":{_REASON}}}'
        retraction = self._line(source, "event.retracted", subject, later, reason)[1]
        first, second = original, retraction
        if self.rng.random() < FORETOLD_SHARE / CORRECTED_SHARE:
            first, second = retraction, original
        self._prepare(later, second)
        self._prepare(later + 1, self._line(source, short, subject, at + 1, data)[1])
        return first

    def _prepare(self, at: int, event_line: bytes) -> None:
        self.number += 1
        heappush(self.prepared, (at, self.number, event_line))

    def _remember(self, event_line: bytes, sent: int) -> None:
        if len(self.recent) < RECENT:
            self.recent.append(event_line)
        else:
            self.recent[sent % RECENT] = event_line

    def _again(self) -> bytes:
        """An earlier line, as it was or in another spelling."""
        old = self.recent[int(self.rng.random() * len(self.recent))]
        return old if self.rng.random() < 0.5 else respelled(old)

    def _fault(self, at: int, units: list[Unit]) -> bytes:
        """A line that the door refuses."""
        self.number += 1
        if self.number % 16 == 0 and self.recent:
            return conflicting(self.recent[-1])
        return broken(self._begin(at, units), self.rng.getrandbits(16))
