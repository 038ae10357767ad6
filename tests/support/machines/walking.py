"""Random walks over a state machine beside a model, and what the fold makes of what was said."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from random import Random
from typing import Any, NamedTuple, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from contracts import moments
from services.records.state_machine import Fact, Step, StepImpossible, StepRefused

S = TypeVar("S")
HOUR, DAY = 3_600_000_000, 86_400_000_000
START = moments.instant("2024-11-01T08:00:00+07:00")
WAITS = (-HOUR, 0, 0, HOUR, HOUR, DAY, 20 * DAY, 40 * DAY, 100 * DAY, 330 * DAY)


def chosen(
    random: Random, possible: Collection[str], names: Sequence[str], rare: Collection[str] = ()
) -> str:
    """A step, mostly one that is possible; those that end a record come rarely."""
    if not possible or not random.randrange(8):
        return random.choice(names)
    weighted = [name for name in sorted(possible) for _ in range(1 if name in rare else 6)]
    return random.choice(weighted)


class On(NamedTuple):
    """Something that is on: what, its key, and the rating year."""

    what: str
    key: str
    year: int


def on(facts: Iterable[Fact], sets: dict[str, str], clears: dict[str, set[str]]) -> set[On]:
    """What the facts come to by SCORING.md section 3: the latest about a key and year decides.

    `sets` names the field of the key by short name, `clears` what a clearing event ends. A key
    is one thing, whether its unit or the successor of it speaks.
    """
    latest: dict[On, tuple[int, bool]] = {}
    for fact in facts:
        year = fact.data.get("year", moments.local_year(fact.time))
        field = sets.get(fact.short)
        if field is not None:
            _say(latest, On(fact.short, _key(fact, field), year), fact.time, True)
        for ended in clears.get(fact.short, ()):
            _say(latest, On(ended, _key(fact, sets[ended]), year), fact.time, False)
    return {key for key, (_, holds) in latest.items() if holds}


def _say(latest: dict[On, tuple[int, bool]], key: On, time: int, holds: bool) -> None:
    if key in latest and latest[key][0] == time:
        assert latest[key][1] == holds, f"{key} is set and cleared at one instant"
    latest[key] = max(latest.get(key, (time, holds)), (time, holds), key=lambda said: said[0])


def _key(fact: Fact, field: str) -> str:
    """The key with its unit: a successor names the predecessor's."""
    key = str(fact.data[field])
    return key if "/" in key else f"{fact.subject}/{key}"


def walk(machine: type[RuleBasedStateMachine], runs: int, steps: int) -> None:
    """Runs a machine a bounded number of times, always in the same ways."""
    bounded = settings(
        max_examples=runs, stateful_step_count=steps, deadline=None, derandomize=True,
        suppress_health_check=list(HealthCheck), print_blob=False, database=None,
        phases=(Phase.generate,),
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=bounded)


def caught(
    machine: type[RuleBasedStateMachine], monkeypatch: pytest.MonkeyPatch,
    where: Any, name: str, fault: Any, runs: int = 3000, steps: int = 40,
) -> None:  # fmt: skip
    """The walk fails when this fault is planted; it ends at the first run that sees it."""
    with monkeypatch.context() as patch:
        if isinstance(where, dict):
            patch.setitem(where, name, fault)
        else:
            patch.setattr(where, name, fault)
        with pytest.raises(AssertionError):
            walk(machine, runs, steps)


def stepped(
    evolve: Callable[[S | None, Step], S], state: S, step: Step, expected: type[Exception] | None,
    possible: list[str],
) -> S | None:  # fmt: skip
    """The state after a step that the model expects; None where it is refused as expected."""
    try:
        after = evolve(state, step)
    except StepRefused as refused:
        assert type(refused) is expected, f"{step.name}: {refused}"
        return None
    except StepImpossible as refused:
        assert expected is StepImpossible, f"{step.name}: {refused}"
        assert refused.possible == possible
        return None
    assert expected is None, f"{step.name} was taken"
    return after
