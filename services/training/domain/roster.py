"""Rosters: who is responsible for carrying out the law in which unit, from when to when. Pure.

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


class Placement(NamedTuple):
    """The unit to which a membership or a course belongs from an instant on."""

    unit: str
    since: int


class Stint(NamedTuple):
    """The time of a person on one unit's roster in one role; `end` is None while it goes on.

    `transferred`: it ended when another unit succeeded this one, and not by a release.
    """

    membership: str
    person: str
    unit: str
    role: str
    start: int
    end: int | None
    transferred: bool = False

    def holds(self, at: int) -> bool:
        """Whether the person is on the roster at an instant."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True)
class MembershipState:
    """A person's role in a unit; more than one place after a merger. `end` is its release.

    `closed`: it ended with its unit, since the person has the role in the successor already.
    """

    person: str
    role: Role
    places: tuple[Placement, ...]
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


def evolve(state: MembershipState | None, step: Step) -> MembershipState:
    """The membership after a step; StepImpossible or OutOfOrder say why not."""
    data = step.data
    if state is None:
        return MembershipState(data["person"], data["role"], (Placement(data["unit"], step.at),))
    next_state(MEMBERSHIP, state.stage, MOVES[state.stage], step.name)
    if step.name == "transfer":
        if data["unit"] == state.unit:
            why = message("unit-has-it", unit=state.unit)
            raise StepImpossible(MEMBERSHIP, state.stage, step.name, possible(state.stage), why)
        return replace(state, places=transfer_places(state.places, step))
    if step.at < state.places[-1].since:
        raise OutOfOrder(step.name)
    return replace(state, end=step.at, closed=step.name == "close")


def possible(stage: str) -> list[str]:
    """The steps that are possible at a stage; `close` is a part of a succession alone."""
    return sorted(step for step in MOVES[stage] if step != "close")


def evolve_person(state: str | None, step: Step) -> str:
    """Whether a person is known or erased; no step contains the name."""
    if state is None:
        return "known"
    return next_state(PERSON, state, PERSON_MOVES[state], step.name)


def transfer_places(places: tuple[Placement, ...], step: Step) -> tuple[Placement, ...]:
    """The places after a transfer; OutOfOrder where it lies before the last."""
    if step.at <= places[-1].since:
        raise OutOfOrder(step.name)
    return (*places, Placement(step.data["unit"], step.at))


def check_apart(stints: Collection[Stint], id_: str, stage: str | None, step: str) -> None:
    """StepImpossible where a person would have one role in one unit twice at the same time.

    `id_` is the membership of the step, and `stage` its stage before it. For a new membership
    (None) the possible steps are those of the membership that is in its way.
    """
    earlier: dict[tuple[str, str, str], list[Stint]] = {}
    for stint in sorted(stints, key=lambda stint: stint.start):
        before = earlier.setdefault((stint.person, stint.unit, stint.role), [])
        for other in before:
            if other.holds(stint.start):
                holder = (other if stint.membership == id_ else stint).membership
                raise _role_twice(stint, holder, stage or _stage(stints, holder), step)
        before.append(stint)


def _role_twice(stint: Stint, holder: str, stage: str, step: str) -> StepImpossible:
    """The refusal of a role that another membership, the holder, has at that time."""
    why = message("role-held", membership=holder, role=role(stint.role), unit=stint.unit)
    about = {"membership": holder}
    return StepImpossible(MEMBERSHIP, stage, step, possible(stage), why, about)


def has_role(stints: Iterable[Stint], unit: str, role: str, at: int) -> bool:
    """Whether one of the stints is in this role and unit at an instant, or later."""
    return any(
        (stint.unit, stint.role) == (unit, role) and (stint.holds(at) or stint.start > at)
        for stint in stints
    )


def _stage(stints: Iterable[Stint], membership: str) -> str:
    ends = [stint.end for stint in stints if stint.membership == membership]
    return ON_ROSTER if None in ends else RELEASED


def evolve_batch(state: bool | None, step: Step) -> bool:
    """The record of a batch (the beginning of a year, a succession) has a single step."""
    return True
