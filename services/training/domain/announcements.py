"""The facts to be announced of persons and courses, derived from their records. Pure.

Not the facts that a step adds, but all of them, by lasting names: `reconciliation` announces those
that are not announced yet and retracts those that no longer hold. So a correction, a new year, a
merger and a second attempt all take the same road. docs/decisions/0003 gives the reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from contracts import moments
from services.records.state_machine import Fact
from services.training.domain.course import CANCELLED, HELD, CourseState
from services.training.domain.reconciliation import Desired
from services.training.domain.roster import Stint


class CompletedCourse(NamedTuple):
    """A person met the rule of a course at an instant; `origin` is the unit that planned it."""

    person: str
    course: str
    origin: str
    at: int
    topic: str
    hours: str
    provider: str | None = None


class Link(NamedTuple):
    """Members transferred from a unit to its successor, at an instant."""

    predecessor: str
    successor: str
    at: int


class _Venue(NamedTuple):
    """A unit in which a completion is announced, and when; `first` announced it before."""

    unit: str
    at: int
    first: str | None


def completions_of(id_: str, course: CourseState | None) -> list[CompletedCourse]:
    """Who completed a course; nobody where it was withdrawn (None)."""
    if course is None:
        return []
    origin, topic, provider = course.places[0].unit, course.topic, course.provider
    return [
        CompletedCourse(person, id_, origin, at, topic, hours, provider)
        for person, (at, hours) in sorted(course.completed().items())
    ]


def desired_of_person(
    person: str, stints: Sequence[Stint], completions: Iterable[CompletedCourse],
    links: Sequence[Link], now: int,
) -> Desired:  # fmt: skip
    """All facts to be announced of one person up to `now`; all arguments are of this person."""
    spent = [stint for stint in stints if stint.end is None or stint.start < stint.end]
    keys = _Keys(spent, links)
    return (
        dict(_roster(person, spent, keys, now))
        | dict(_cleared(person, spent, keys))
        | {
            f"completed:{completion.course}:{person}:{venue.unit}": _completed(
                completion, venue, venues, keys
            )
            for completion in completions
            for venues in [_venues(completion, spent)]
            for venue in venues
        }
    )


class _Keys:
    """The keys under which units know what their predecessors announced (SCORING section 6).

    Where a succession takes effect in a year, the facts of both units are put together in it:
    there, and only there, a predecessor's key is `<predecessor>/<key>`.
    """

    def __init__(self, stints: Sequence[Stint], links: Sequence[Link]) -> None:
        self.stints, self.links = stints, links

    def predecessors(self, unit: str, year: int) -> frozenset[str]:
        """The units that are put together with this one in a year."""
        predecessors, successors = set[str](), [unit]
        while successors:
            successor = successors.pop()
            for link in self.links:
                new = link.predecessor not in predecessors and link.predecessor != unit
                if link.successor == successor and new and moments.local_year(link.at) == year:
                    predecessors.add(link.predecessor)
                    successors.append(link.predecessor)
        return frozenset(predecessors)

    def person(self, person: str, unit: str, year: int) -> str:
        """The person's key in events of a unit and year: one key for one person.

        It names a predecessor on whose roster the person was at its end; whoever was released
        before has the plain key, since the release would clear the other one.
        """
        predecessors = self.predecessors(unit, year)
        last = [
            (stint.start, stint.unit)
            for link in self.links
            if link.predecessor in predecessors and moments.local_year(link.at) == year
            for stint in self.stints
            if _ends_with(stint, link)
        ]
        return f"{min(last)[1]}/{person}" if last else person

    def course(self, venue: _Venue, completion: CompletedCourse, venues: Sequence[_Venue]) -> str:
        """The course's key in the event of a completion."""
        predecessors = self.predecessors(venue.unit, moments.local_year(completion.at))
        if completion.origin in predecessors:
            return f"{completion.origin}/{completion.course}"
        before = [(other.at, other.unit) for other in venues if other.unit in predecessors]
        return f"{min(before)[1]}/{completion.course}" if before else completion.course


def _roster(
    person: str, stints: Sequence[Stint], keys: _Keys, now: int
) -> Iterator[tuple[str, Fact]]:
    """One announcement for each year of a stint, and its release.

    A release clears every role of the person in the unit. So where the person stays on that
    roster in another role, the role that ends is not released: its announcement is retracted.
    """
    for stint in stints:
        last = moments.local_year(now if stint.end is None else stint.end)
        for year in range(moments.local_year(stint.start), last + 1):
            time = max(stint.start, moments.year_start(year))
            if stint.end is not None and stint.end <= time:
                continue
            released = not stint.transferred and stint.end is not None and year == last
            if released and any(_stays(stint, other) for other in stints):
                continue
            data = {"person": keys.person(person, stint.unit, year)}
            assigned = Fact("roster.assigned", stint.unit, time, {**data, "role": stint.role})
            yield f"assigned:{stint.membership}:{stint.unit}:{year}", assigned
            if released and stint.end is not None:
                fact = Fact("roster.released", stint.unit, stint.end, data)
                yield f"released:{stint.membership}:{stint.unit}", fact


def _stays(ended: Stint, other: Stint) -> bool:
    """Whether the person is on the same roster by another role when one ends."""
    same = other is not ended and other.unit == ended.unit
    return same and ended.end is not None and other.holds(ended.end)


def _cleared(person: str, stints: Sequence[Stint], keys: _Keys) -> Iterator[tuple[str, Fact]]:
    """The releases by which a successor clears obligations that it inherits without the person.

    These are of somebody who did not come along, or whom the successor knows already by the key
    of another predecessor.
    """
    for link in keys.links:
        if not any(_ends_with(stint, link) for stint in stints):
            continue
        year = moments.local_year(link.at)
        key = keys.person(person, link.predecessor, year)
        key = key if key != person else f"{link.predecessor}/{person}"
        here = any(stint.unit == link.successor and stint.holds(link.at) for stint in stints)
        if not here or key != keys.person(person, link.successor, year):
            fact = Fact("roster.released", link.successor, link.at, {"person": key})
            yield f"cleared:{link.predecessor}:{link.successor}:{person}:{link.at}", fact


def _ends_with(stint: Stint, link: Link) -> bool:
    """Whether the person was on the roster of a predecessor when it ended."""
    begun = stint.unit == link.predecessor and stint.start < link.at
    return begun and (stint.end is None or stint.end >= link.at)


def _venues(completion: CompletedCourse, stints: Sequence[Stint]) -> list[_Venue]:
    """The units that announce a completion: those of the person, then those that follow.

    These are the units to which the person comes in the same year; each announces it once.
    """
    current = sorted((s.start, s.unit) for s in stints if s.holds(completion.at))
    venues = {unit: _Venue(unit, completion.at, None) for _, unit in current}
    first = current[0][1] if current else None
    year = moments.local_year(completion.at)
    for start, unit in sorted((s.start, s.unit) for s in stints if s.start > completion.at):
        if unit not in venues and moments.local_year(start) == year:
            venues[unit] = _Venue(unit, start, first)
            first = first or unit
    return list(venues.values())


def _completed(
    completion: CompletedCourse, venue: _Venue, venues: Sequence[_Venue], keys: _Keys
) -> Fact:
    data: dict[str, Any] = {
        "person": keys.person(completion.person, venue.unit, moments.local_year(completion.at)),
        "course": keys.course(venue, completion, venues), "topic": completion.topic,
        "hours": completion.hours, "provider": completion.provider, "carried_from": venue.first,
    }  # fmt: skip
    return Fact("training.completed", venue.unit, venue.at, _without_blanks(data))


def desired_of_course(id_: str, course: CourseState | None) -> Desired:
    """All facts to be announced of a course; none where it was withdrawn (None)."""
    if course is None:
        return {}
    facts: dict[str, Fact] = {}
    key, predecessor = id_, ""
    for unit, since in course.places:
        if predecessor:
            key = _course_key(id_, key, predecessor, moments.local_year(since), course.year)
        data = {"course": key, "due": course.due, "topic": course.topic}
        fact = _of_year(course, "course.planned", unit, since, data)
        facts[f"planned:{id_}:{unit}:{since}"] = fact
        predecessor = unit
    if course.ended is not None:
        short = {HELD: "course.held", CANCELLED: "course.cancelled"}[course.stage]
        fact = _of_year(course, short, course.unit, course.ended, {"course": key})
        facts[f"ended:{id_}"] = fact
    return facts


def _course_key(id_: str, key: str, predecessor: str, transferred: int, year: int) -> str:
    """The key after a transfer: it names a predecessor in the year of the transfer."""
    if transferred != year:
        return id_
    return key if key != id_ else f"{predecessor}/{id_}"


def _of_year(
    course: CourseState, short: str, unit: str, time: int, data: Mapping[str, Any]
) -> Fact:
    """A fact that names the year of the plan where that is not the year of its time."""
    year = {} if moments.local_year(time) == course.year else {"year": course.year}
    return Fact(short, unit, time, {**_without_blanks(data), **year})


def _without_blanks(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}
