"""Signs of gaming in the events of a year: questions to somebody, never a part of a rating. Pure.

Each sign has a harmless explanation as a rule, so it names the events, and nothing is concluded
from it. One pass over the events, which may come in any order; memory is linear in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from contracts import moments
from contracts.envelope import RECORDS_SOURCE

SECOND_US = 1_000_000
LAST_US = 24 * 3600 * SECOND_US
LAST_LEAST = 10
"""A unit with fewer events in the last hours of the year is not asked."""
UNITS_LEAST = 3
WINDOW_US = 60 * SECOND_US
WINDOW_LEAST = 50
SIGNS_MAX, SAMPLE_MAX = 50, 5
"""So many signs of each kind, and events of each sign, are named; the others are counted."""


class SignEvent(NamedTuple):
    """What a sign needs to know of an event; `unit` is the key, `documents` digests of evidence."""

    unit: str
    source: str
    kind: str
    time: int
    recorded: int
    identity: bytes
    documents: tuple[bytes, ...] = ()


class LastHours(NamedTuple):
    """Most events of a unit happened, or were sent, in the last hours of the year."""

    unit: str
    late: int
    all: int
    sample: tuple[SignEvent, ...]


class SharedDocument(NamedTuple):
    """One file is the evidence of events of many units."""

    digest: bytes
    units: tuple[str, ...]
    number: int
    sample: tuple[SignEvent, ...]


class MassEntry(NamedTuple):
    """Many events of one unit and one source were sent within a minute, from `since` on."""

    unit: str
    source: str
    since: int
    number: int
    sample: tuple[SignEvent, ...]


class YearSigns(NamedTuple):
    """The signs of a year, the strongest first, and how many there are of each kind.

    `events` were looked at; `complete` is false where the year has more.
    """

    last_hours: tuple[LastHours, ...] = ()
    documents: tuple[SharedDocument, ...] = ()
    mass: tuple[MassEntry, ...] = ()
    numbers: tuple[int, int, int] = (0, 0, 0)
    events: int = 0
    complete: bool = True


@dataclass
class _Hours:
    late: int = 0
    all: int = 0
    sample: list[SignEvent] = field(default_factory=list)


@dataclass
class _Document:
    number: int = 0
    units: dict[str, SignEvent] = field(default_factory=dict)


@dataclass
class SignSearch:
    """Looks for the signs of a year; `add` its events, then ask for the `signs`."""

    year: int
    _hours: dict[str, _Hours] = field(default_factory=dict)
    _documents: dict[bytes, _Document] = field(default_factory=dict)
    _entries: dict[tuple[str, str], list[SignEvent]] = field(default_factory=dict)
    events: int = 0

    def add(self, events: Iterable[SignEvent]) -> None:
        """Takes events up."""
        until = moments.year_start(self.year + 1)
        since = until - LAST_US
        for event in events:
            self.events += 1
            hours = self._hours.setdefault(event.unit, _Hours())
            hours.all += 1
            if since <= event.time < until or since <= event.recorded < until:
                hours.late += 1
                if len(hours.sample) < SAMPLE_MAX:
                    hours.sample.append(event)
            for digest in set(event.documents):
                document = self._documents.setdefault(digest, _Document())
                document.number += 1
                document.units.setdefault(event.unit, event)
            if not event.source.startswith(RECORDS_SOURCE):
                self._entries.setdefault((event.unit, event.source), []).append(event)

    def signs(self, complete: bool = True) -> YearSigns:
        """The signs of all events so far."""
        hours = sorted(self._last_hours(), key=lambda each: (-each.late, each.unit))
        documents = sorted(
            self._shared(), key=lambda each: (-len(each.units), -each.number, each.digest)
        )
        mass = sorted(self._mass(), key=lambda each: (-each.number, each.unit, each.source))
        return YearSigns(
            tuple(hours[:SIGNS_MAX]), tuple(documents[:SIGNS_MAX]), tuple(mass[:SIGNS_MAX]),
            (len(hours), len(documents), len(mass)), self.events, complete,
        )  # fmt: skip

    def _last_hours(self) -> Iterator[LastHours]:
        for unit, hours in self._hours.items():
            if hours.late >= LAST_LEAST and 2 * hours.late >= hours.all:
                yield LastHours(unit, hours.late, hours.all, tuple(hours.sample))

    def _shared(self) -> Iterator[SharedDocument]:
        for digest, document in self._documents.items():
            if len(document.units) >= UNITS_LEAST:
                sample = tuple(document.units.values())[:SAMPLE_MAX]
                yield SharedDocument(
                    digest, tuple(sorted(document.units)), document.number, sample
                )  # fmt: skip

    def _mass(self) -> Iterator[MassEntry]:
        for (unit, source), events in self._entries.items():
            if len(events) < WINDOW_LEAST:
                continue
            ordered = sorted(events, key=_recorded)
            start, length = fullest([event.recorded for event in ordered], WINDOW_US)
            if length >= WINDOW_LEAST:
                sample = tuple(ordered[start : start + SAMPLE_MAX])
                yield MassEntry(unit, source, ordered[start].recorded, length, sample)


def _recorded(event: SignEvent) -> tuple[int, bytes]:
    return event.recorded, event.identity


def fullest(instants: list[int], window: int) -> tuple[int, int]:
    """Where the fullest window begins among instants in order, and how many it has; the first one.

    A window has its first instant, and not the one at its end.
    """
    place = most = start = 0
    for end, instant in enumerate(instants):
        while instant - instants[start] >= window:
            start += 1
        if end - start + 1 > most:
            place, most = start, end - start + 1
    return place, most
