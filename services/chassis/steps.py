"""Steps of a record and its state machine: what happened, and what may happen next. Pure.

A record of a system of record is the steps in its journal; its state is what they come to.
"""

from collections.abc import Callable, Iterable, Mapping
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
    """A step that the state of a record does not allow; `possible` names those that it does.

    `why` is a sentence, where the stage alone does not tell; `about` names what is in the way.
    """

    def __init__(
        self, what: str, state: str, step: str, possible: Iterable[str], why: str = "",
        about: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.state, self.step, self.possible = state, step, sorted(possible)
        self.about = dict(about or {})
        can = ", ".join(self.possible) or "nothing more"
        stands = f"{what} is {state.replace('_', ' ')}"
        reason = f"{why} {stands}" if why else f"{stands}, so {step} is not possible"
        super().__init__(f"{reason}; possible: {can}.")


class StepRefused(DanchuError):
    """A step that says something wrong, whatever the state of its record; said in a sentence.

    A date out of order is among it, and a name of what does not exist.
    """

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


def next_state(what: str, state: str, moves: Mapping[str, str], step: str, why: str = "") -> str:
    """The state after a step, of those that are possible; StepImpossible says `why` not."""
    if step not in moves:
        raise StepImpossible(what, state, step, moves, why)
    return moves[step]


def replay(evolve: Callable[[S | None, Step], S], steps: Iterable[Step]) -> S | None:
    """The state that the steps come to; None without any."""
    state: S | None = None
    for step in steps:
        state = evolve(state, step)
    return state
