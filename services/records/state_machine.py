"""The state machine of records: steps, facts, and the refusals of a step. Pure.

The state of a record is computed from the steps in its journal (`replay`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from contracts.messages import Message, join_messages
from services.chassis.errors import DanchuError
from services.records.messages import message

S = TypeVar("S")
RETRACTION = "event.retracted"
"""The short name of the event that takes another one back."""


class Step(NamedTuple):
    """One step in the life of a record: `at` in microseconds, `data` in JSON types.

    `day` means that only the day is known; `at` is then the beginning of that day.
    """

    name: str
    at: int
    data: Mapping[str, Any]
    day: bool = False


class Fact(NamedTuple):
    """What a step announces: short name, subject, time and data of the event to be emitted."""

    short: str
    subject: str
    time: int
    data: Mapping[str, Any]


class Vocabulary(NamedTuple):
    """The labels of a kind of record, of its states and of its steps, in both languages."""

    record: Message
    state: Callable[[str], Message]
    step: Callable[[str], Message]


class StepImpossible(DanchuError):
    """A step that the state of the record does not allow; `possible` lists the allowed steps.

    `words` are the labels of the kind of record, or just its name. `why` is a sentence for the
    cases that the stage alone does not explain; `about` are extra members of the answer, such as
    the id of the conflicting record.
    """

    def __init__(
        self, words: Vocabulary | str, state: str, step: str, possible: Iterable[str],
        why: str = "", about: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.words, self.state, self.step, self.why = words, state, step, why
        self.possible, self.about = sorted(possible), dict(about or {})
        super().__init__(self._sentence())

    def _sentence(self) -> Message:
        words = self.words if isinstance(self.words, Vocabulary) else _plain(self.words)
        steps = [words.step(name) for name in self.possible]
        possible = join_messages(steps, ", ") if steps else message("nothing-more")
        places = {"record": words.record, "state": words.state(self.state), "possible": possible}
        if self.why:
            return message("step-hindered", why=self.why, **places)
        return message("step-impossible", step=words.step(self.step), **places)

    def restrict_to(self, may: Callable[[str], bool]) -> StepImpossible:
        """The same refusal with only the possible steps that `may` accepts."""
        possible = [step for step in self.possible if may(step)]
        return StepImpossible(self.words, self.state, self.step, possible, self.why, self.about)


def plain_term(name: str) -> Message:
    """A term as it is, where a kind of record has no label for it."""
    words = name.replace("_", " ")
    return Message("term", words, words)


def _plain(record: str) -> Vocabulary:
    term = record if isinstance(record, Message) else Message("record", record, record)
    return Vocabulary(term, plain_term, plain_term)


class StepRefused(DanchuError):
    """A step with invalid data, whatever the state of its record; `field` names the member.

    Examples are a date out of order and a reference to something that does not exist.
    """

    def __init__(self, sentence: Message, field: str = "") -> None:
        self.field = field
        super().__init__(sentence)


class OutOfOrder(StepRefused):
    """A step dated before the step that it follows."""

    def __init__(self, step: str) -> None:
        self.step = step
        super().__init__(message("step-out-of-order"), "at")


def check_order(last: int | None, step: Step, strictly: bool = False) -> None:
    """OutOfOrder if the step is before `last`, the instant of the last step (microseconds).

    `strictly` also refuses the same instant: of two facts about one key the later one decides.
    """
    if last is not None and (step.at < last or (strictly and step.at == last)):
        raise OutOfOrder(step.name)


def next_state(
    words: Vocabulary | str, state: str, moves: Mapping[str, str], step: str, why: str = ""
) -> str:
    """The state that a possible step leads to; otherwise StepImpossible with the reason `why`."""
    if step not in moves:
        raise StepImpossible(words, state, step, moves, why)
    return moves[step]


def replay(evolve: Callable[[S | None, Step], S], steps: Iterable[Step]) -> S | None:
    """The state after all steps; None if there are no steps."""
    state: S | None = None
    for step in steps:
        state = evolve(state, step)
    return state
