"""Steps of a record and its state machine: what happened, and what may happen next. Pure.

A record of a system of record is the steps in its journal; its state is what they come to.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from services.chassis.errors import DanchuError

S = TypeVar("S")


class Step(NamedTuple):
    """One thing that happened to a record: `at` in microseconds, `data` as JSON has it."""

    name: str
    at: int
    data: Mapping[str, Any]


class Fact(NamedTuple):
    """What a step says to the world: an event's short name, its subject, its instant, its data."""

    short: str
    subject: str
    time: int
    data: Mapping[str, Any]


class StepImpossible(DanchuError):
    """A step that the state of a record does not allow; `possible` names those that it does."""

    def __init__(self, what: str, state: str, step: str, possible: Sequence[str]) -> None:
        self.state, self.step, self.possible = state, step, sorted(possible)
        can = ", ".join(self.possible) or "nothing more"
        super().__init__(f"{what} is {state}, so {step} is not possible; possible: {can}.")


class StepRefused(DanchuError):
    """A step that breaks a rule of the law or of good order, said in a sentence."""

    def __init__(self, sentence: str, field: str = "") -> None:
        self.field = field
        super().__init__(sentence)


class OutOfOrder(StepRefused):
    """A step that would lie before the one that it follows."""

    def __init__(self, step: str) -> None:
        super().__init__(f"{step} cannot have happened before the step that it follows.", "at")


def check_order(last: int | None, step: Step, strictly: bool = False) -> None:
    """OutOfOrder where the step lies before the last one (both in microseconds).

    `strictly` refuses the same instant too: of two facts about one key the later one decides.
    """
    if last is not None and (step.at < last or (strictly and step.at == last)):
        raise OutOfOrder(step.name)


def next_state(what: str, moves: Mapping[str, Mapping[str, str]], state: str, step: str) -> str:
    """The state after a step, of a table state -> step -> state; StepImpossible otherwise."""
    possible = moves.get(state, {})
    if step not in possible:
        raise StepImpossible(what, state, step, tuple(possible))
    return possible[step]


def replay(evolve: Callable[[S | None, Step], S], steps: Iterable[Step]) -> S | None:
    """The state that the steps come to; None without any."""
    state: S | None = None
    for step in steps:
        state = evolve(state, step)
    return state
