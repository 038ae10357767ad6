"""Rosters: who is charged with carrying out the law in which unit, from when to when. Pure.

A membership is one role of a person in a unit. A person may have several roles in a unit, and be
on the rosters of several units, each from a moment of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from services.records.state_machine import OutOfOrder, Step, StepImpossible, next_state
from services.training.domain.labels import MEMBERSHIP, PERSON, role
from services.training.messages import message

Role = Literal["official", "board_member", "neighbourhood", "other"]
ON_ROSTER, RELEASED = "on_roster", "released"
MOVES: dict[str, dict[str, str]] = {
    ON_ROSTER: {"release": RELEASED, "transfer": ON_ROSTER, "close": RELEASED},
    RELEASED: {},
}
PERSON_MOVES: dict[str, dict[str, str]] = {
    "known": {"rename": "known", "erase": "erased"},
    "erased": {},
}


class Place(NamedTuple):
    """The unit that has something from an instant on."""

    unit: str
    since: int


class Stint(NamedTuple):
    """The time of a person on one unit's roster in one role; `end` is None while it goes on.

    `moved`: it ended with the unit, which another one succeeds, and not by a release.
    """

    membership: str
    person: str
    unit: str
    role: str
    start: int
    end: int | None
    moved: bool = False

    def holds(self, at: int) -> bool:
        """Whether the person is on the roster at an instant."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True)
class Membership:
    """A person's role in a unit; more than one place after a merger. `end` is its release.

    `closed`: it ended with its unit, since the person has the role in the successor already.
    """

    person: str
    role: Role
    places: tuple[Place, ...]
    end: int | None = None
    closed: bool = False

    @property
    def unit(self) -> str:
        """The unit on whose roster the person is, or last was."""
        return self.places[-1].unit

    def stints(self, id_: str) -> list[Stint]:
        """The time in each of its units."""
        ends = [place.since for place in self.places[1:]] + [self.end]
        last = len(self.places) - 1
        return [
            Stint(
                id_, self.person, place.unit, self.role, place.since, end, i < last or self.closed
            )
            for i, (place, end) in enumerate(zip(self.places, ends, strict=True))
        ]

    @property
    def stage(self) -> str:
        """Whether it goes on."""
        return ON_ROSTER if self.end is None else RELEASED


def evolve(state: Membership | None, step: Step) -> Membership:
    """The membership after a step; StepImpossible or OutOfOrder say why not."""
    data = step.data
    if state is None:
        return Membership(data["person"], data["role"], (Place(data["unit"], step.at),))
    next_state(MEMBERSHIP, state.stage, MOVES[state.stage], step.name)
    if step.name == "transfer":
        if data["unit"] == state.unit:
            why = message("unit-has-it", unit=state.unit)
            raise StepImpossible(MEMBERSHIP, state.stage, step.name, possible(state.stage), why)
        return replace(state, places=moved(state.places, step))
    if step.at < state.places[-1].since:
        raise OutOfOrder(step.name)
    return replace(state, end=step.at, closed=step.name == "close")


def possible(stage: str) -> list[str]:
    """What can be done with a membership; `close` is a part of a succession alone."""
    return sorted(step for step in MOVES[stage] if step != "close")


def evolve_person(state: str | None, step: Step) -> str:
    """Whether a person is known or erased; the name stands in no step."""
    if state is None:
        return "known"
    return next_state(PERSON, state, PERSON_MOVES[state], step.name)


def moved(places: tuple[Place, ...], step: Step) -> tuple[Place, ...]:
    """The places after a transfer; OutOfOrder where it lies before the last."""
    if step.at <= places[-1].since:
        raise OutOfOrder(step.name)
    return (*places, Place(step.data["unit"], step.at))


def check_apart(stints: Collection[Stint], id_: str, stage: str | None, step: str) -> None:
    """StepImpossible where a person would have one role in one unit twice at the same time.

    `id_` is the membership of the step, at this stage before it. Where it is only made (None),
    what is possible is so with the one that is in its way.
    """
    known: dict[tuple[str, str, str], list[Stint]] = {}
    for one in sorted(stints, key=lambda stint: stint.start):
        before = known.setdefault((one.person, one.unit, one.role), [])
        for other in before:
            if other.holds(one.start):
                held = (other if one.membership == id_ else one).membership
                why = message("role-held", membership=held, role=role(one.role), unit=one.unit)
                at = stage or _stage(stints, held)
                about = {"membership": held}
                raise StepImpossible(MEMBERSHIP, at, step, possible(at), why, about)
        before.append(one)


def _stage(stints: Iterable[Stint], membership: str) -> str:
    mine = (one for one in stints if one.membership == membership)
    return ON_ROSTER if any(one.end is None for one in mine) else RELEASED


def evolve_batch(state: bool | None, step: Step) -> bool:
    """What concerns many records at once, the beginning of a year or a succession, is one step."""
    return True
