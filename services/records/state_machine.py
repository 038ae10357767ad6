"""Steps of a record and its state machine: what happened, and what may happen next. Pure.

A record of a system of record is the steps in its journal; its state is what they come to.
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
    """One thing that happened to a record: `at` in microseconds, `data` as JSON has it.

    `day`: the day alone is known, of which `at` is the beginning.
    """

    name: str
    at: int
    data: Mapping[str, Any]
    day: bool = False


class Fact(NamedTuple):
    """What a step says to the world: an event's short name, its subject, its instant, its data."""

    short: str
    subject: str
    time: int
    data: Mapping[str, Any]


class Vocabulary(NamedTuple):
    """What people call a kind of record, and its states and steps by name, in both languages."""

    record: Message
    state: Callable[[str], Message]
    step: Callable[[str], Message]


class StepImpossible(DanchuError):
    """A step that the state of a record does not allow; `possible` names those that it does.

    `words` are those of its kind of record, or what people call it. `why` is a sentence, where
    the stage alone does not tell; `about` names what is in the way.
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
        """The same, with those steps alone that somebody may take."""
        possible = [step for step in self.possible if may(step)]
        return StepImpossible(self.words, self.state, self.step, possible, self.why, self.about)


def _plain(record: str) -> Vocabulary:
    def as_it_is(name: str) -> Message:
        words = name.replace("_", " ")
        return Message("term", words, words)

    term = record if isinstance(record, Message) else Message("record", record, record)
    return Vocabulary(term, as_it_is, as_it_is)


class StepRefused(DanchuError):
    """A step that says something wrong, whatever the state of its record; said in a sentence.

    A date out of order is among it, and a name of what does not exist.
    """

    def __init__(self, sentence: Message, field: str = "") -> None:
        self.field = field
        super().__init__(sentence)


class OutOfOrder(StepRefused):
    """A step that would lie before the one that it follows."""

    def __init__(self, step: str) -> None:
        self.step = step
        super().__init__(message("step-out-of-order"), "at")


def check_order(last: int | None, step: Step, strictly: bool = False) -> None:
    """OutOfOrder where the step lies before the last one (both in microseconds).

    `strictly` refuses the same instant too: of two facts about one key the later one decides.
    """
    if last is not None and (step.at < last or (strictly and step.at == last)):
        raise OutOfOrder(step.name)


def next_state(
    words: Vocabulary | str, state: str, moves: Mapping[str, str], step: str, why: str = ""
) -> str:
    """The state after a step, of those that are possible; StepImpossible says `why` not."""
    if step not in moves:
        raise StepImpossible(words, state, step, moves, why)
    return moves[step]


def replay(evolve: Callable[[S | None, Step], S], steps: Iterable[Step]) -> S | None:
    """The state that the steps come to; None without any."""
    state: S | None = None
    for step in steps:
        state = evolve(state, step)
    return state
