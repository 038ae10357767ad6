"""What the world has to be told of persons and courses, as the records now stand. Pure.

Not what a step adds, but all of it, by names that last: the handlers announce what was not yet
announced and retract what no longer holds, so that a correction, a new year, a merger and a
second attempt all take the same road. docs/decisions/0003 gives the reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from contracts import moments
from services.records.state_machine import Fact
from services.training.domain.course import CANCELLED, HELD, Course
from services.training.domain.roster import Stint

Wanted = dict[str, Fact]
"""Facts by a name that lasts, `<what>:<id of the record>:<more>`."""


class Completion(NamedTuple):
    """A person met the rule of a course at an instant; `origin` is the unit that planned it."""

    person: str
    course: str
    origin: str
    at: int
    topic: str
    hours: str
    provider: str | None = None


class Link(NamedTuple):
    """Members moved from a unit to the one that succeeds it, at an instant."""

    predecessor: str
    successor: str
    at: int


class _Told(NamedTuple):
    """Where and when a completion is told, and the unit that told it first."""

    unit: str
    at: int
    first: str | None


def of_person(
    person: str, stints: Sequence[Stint], completions: Iterable[Completion],
    links: Sequence[Link], now: int,
) -> Wanted:  # fmt: skip
    """Everything to be told of one person up to `now`; all arguments are of this person."""
    spent = [one for one in stints if one.end is None or one.start < one.end]
    names = _Names(spent, links)
    return (
        dict(_roster(person, spent, names, now))
        | dict(_cleared(person, spent, names))
        | {
            f"completed:{one.course}:{person}:{told.unit}": _completed(one, told, places, names)
            for one in completions
            for places in [_places(one, spent)]
            for told in places
        }
    )


class _Names:
    """How units call what their predecessors spoke of (SCORING section 6).

    Where a succession takes effect in a year, the facts of both are put together in it: there,
    and only there, a predecessor's key is `<predecessor>/<key>`.
    """

    def __init__(self, stints: Sequence[Stint], links: Sequence[Link]) -> None:
        self.stints, self.links = stints, links

    def before(self, unit: str, year: int) -> frozenset[str]:
        """The units that are put together with this one in a year."""
        found, asked = set[str](), [unit]
        while asked:
            successor = asked.pop()
            for link in self.links:
                new = link.predecessor not in found and link.predecessor != unit
                if link.successor == successor and new and moments.local_year(link.at) == year:
                    found.add(link.predecessor)
                    asked.append(link.predecessor)
        return frozenset(found)

    def person(self, person: str, unit: str, year: int) -> str:
        """The person's key in events of a unit and year: one key for one person.

        It names a predecessor on whose roster the person was in the end; whoever was released
        there before is not spoken of by that key, which the release would clear.
        """
        before = self.before(unit, year)
        held = [
            (one.start, one.unit)
            for link in self.links
            if link.predecessor in before and moments.local_year(link.at) == year
            for one in self.stints
            if _held(one, link)
        ]
        return f"{min(held)[1]}/{person}" if held else person

    def course(self, told: _Told, one: Completion, places: Sequence[_Told]) -> str:
        """The course's key in the event of a completion."""
        before = self.before(told.unit, moments.local_year(one.at))
        if one.origin in before:
            return f"{one.origin}/{one.course}"
        spoke = [(place.at, place.unit) for place in places if place.unit in before]
        return f"{min(spoke)[1]}/{one.course}" if spoke else one.course


def _roster(
    person: str, stints: Sequence[Stint], names: _Names, now: int
) -> Iterator[tuple[str, Fact]]:
    """One announcement for each year of a stint, and its release.

    A release clears every role of the person in the unit. So where the person stays on that
    roster in another role, the ended role is not released but taken back for the year.
    """
    for one in stints:
        last = moments.local_year(now if one.end is None else one.end)
        for year in range(moments.local_year(one.start), last + 1):
            begins = moments.year_start(year)
            time = max(one.start, begins)
            if one.end is not None and one.end <= time:
                continue
            released = not one.moved and one.end is not None and year == last
            if released and any(_stays(one, other) for other in stints):
                continue
            said = {"person": names.person(person, one.unit, year)}
            assigned = Fact("roster.assigned", one.unit, time, {**said, "role": one.role})
            yield f"assigned:{one.membership}:{one.unit}:{year}", assigned
            if released and one.end is not None:
                gone = Fact("roster.released", one.unit, one.end, said)
                yield f"released:{one.membership}:{one.unit}", gone


def _stays(ended: Stint, other: Stint) -> bool:
    """Whether the person is on the same roster by another role when one ends."""
    same = other is not ended and other.unit == ended.unit
    return same and ended.end is not None and other.holds(ended.end)


def _cleared(person: str, stints: Sequence[Stint], names: _Names) -> Iterator[tuple[str, Fact]]:
    """What a successor inherits of a person and has to clear.

    That is an obligation of somebody who did not come along, or who is known to the successor
    by the key of another predecessor already.
    """
    for link in names.links:
        if not any(_held(one, link) for one in stints):
            continue
        year = moments.local_year(link.at)
        name = names.person(person, link.predecessor, year)
        name = name if name != person else f"{link.predecessor}/{person}"
        here = any(one.unit == link.successor and one.holds(link.at) for one in stints)
        if not here or name != names.person(person, link.successor, year):
            fact = Fact("roster.released", link.successor, link.at, {"person": name})
            yield f"cleared:{link.predecessor}:{link.successor}:{person}:{link.at}", fact


def _held(one: Stint, link: Link) -> bool:
    """Whether the person was on the roster of a predecessor in the end."""
    there = one.unit == link.predecessor and one.start < link.at
    return there and (one.end is None or one.end >= link.at)


def _places(one: Completion, stints: Sequence[Stint]) -> list[_Told]:
    """The units that a completion is told in: where the person is, then where it follows to.

    It follows to the units of the same year; each unit hears of it once.
    """
    there = sorted((s.start, s.unit) for s in stints if s.holds(one.at))
    told = {unit: _Told(unit, one.at, None) for _, unit in there}
    first = there[0][1] if there else None
    year = moments.local_year(one.at)
    for start, unit in sorted((s.start, s.unit) for s in stints if s.start > one.at):
        if unit not in told and moments.local_year(start) == year:
            told[unit] = _Told(unit, start, first)
            first = first or unit
    return list(told.values())


def _completed(one: Completion, told: _Told, places: Sequence[_Told], names: _Names) -> Fact:
    data: dict[str, Any] = {
        "person": names.person(one.person, told.unit, moments.local_year(one.at)),
        "course": names.course(told, one, places), "topic": one.topic, "hours": one.hours,
        "provider": one.provider, "carried_from": told.first,
    }  # fmt: skip
    return Fact("training.completed", told.unit, told.at, _given(data))


def of_course(id_: str, course: Course | None) -> Wanted:
    """Everything to be told of a course; None was taken back."""
    if course is None:
        return {}
    told: Wanted = {}
    key, before = id_, ""
    for unit, since in course.places:
        if before:
            key = _course_key(id_, key, before, moments.local_year(since), course.year)
        planned = {"course": key, "due": course.due, "topic": course.topic}
        told[f"planned:{id_}:{unit}:{since}"] = _of_year(
            course, "course.planned", unit, since, planned
        )
        before = unit
    if course.ended is not None:
        short = {HELD: "course.held", CANCELLED: "course.cancelled"}[course.stage]
        told[f"ended:{id_}"] = _of_year(course, short, course.unit, course.ended, {"course": key})
    return told


def _course_key(id_: str, key: str, before: str, moved: int, year: int) -> str:
    """The key after a move: it names a predecessor in the year in which the move takes effect."""
    if moved != year:
        return id_
    return key if key != id_ else f"{before}/{id_}"


def _of_year(course: Course, short: str, unit: str, time: int, data: Mapping[str, Any]) -> Fact:
    year = {} if moments.local_year(time) == course.year else {"year": course.year}
    return Fact(short, unit, time, {**_given(data), **year})


def _given(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}
