"""Which accepted events count, and why the others do not (SCORING sections 2, 3 and 6).

Self-scores and appeals change no points; they count where the unit's year is rated by a rubric.
A retraction counts when it is of its target's source and subject and names no other retraction,
whether its target has arrived or not.
"""

from typing import Any

from .facts import Voice, posted
from .ledger import Event, Identity, accepted, retracted, standing
from .points import BASIC
from .rating import Raw, governing, is_practice
from .registry import Registry

Verdict = tuple[bool, str | None]
COUNTS: Verdict = (True, None)


def counted(events: list[Raw], rubrics: list[Raw], year: int) -> dict[Identity, Verdict]:
    """For each event of the year whether it counts; registry and ledger events always appear."""
    every = accepted(events)
    gone = retracted(every)
    registry = Registry(standing(every))
    answers: dict[Identity, Verdict] = {}
    for identity, event in every.items():
        if event.year != year and not event.short.startswith(("unit.", "event.")):
            continue
        answers[identity] = (
            (False, "retracted") if identity in gone else verdict(event, every, registry, rubrics)
        )
    return answers


def verdict(
    event: Event, every: dict[Identity, Event], registry: Registry, rubrics: list[Raw]
) -> Verdict:
    """One event that is not retracted."""
    if event.short.startswith(("year.", "rating.")):
        return COUNTS
    if event.short == "event.retracted":
        return retraction(event, every)
    unit = registry.unit_of(event)
    if unit is None:
        return (False, "unit not registered")
    if event.short.startswith("unit."):
        return COUNTS
    if is_practice(event) and not unit.start <= event.at < unit.end:
        return (False, "outside the unit's span")
    rubric = governing(rubrics, unit.kind, event.year)
    if rubric is None:
        return (False, "no rubric")
    if not speaks(event, unit.key, rubric):
        return (False, "matches no rule")
    return COUNTS


def retraction(event: Event, every: dict[Identity, Event]) -> Verdict:
    """A retraction has effect on its own source and subject alone, and on no other retraction."""
    if event.source != event.data["source"]:
        return (False, "of another source")
    target = every.get((event.data["source"], event.data["id"]))
    if target is not None and target.short == "event.retracted":
        return (False, "a retraction cannot be retracted")
    if target is not None and target.subject != event.subject:
        return (False, "of another subject")
    return COUNTS


def speaks(event: Event, unit: str, rubric: dict[str, Any]) -> bool:
    """Whether the unit's rubric reads the event."""
    if event.short.startswith(("declaration.", "exemption.")):
        basic = [i["id"] for i in rubric["indicators"] if i["kind"] in BASIC]
        return event.data["indicator"] in basic
    if not is_practice(event) or event.short == "result.reported":
        return True
    for indicator in rubric["indicators"]:
        for side in ("obliged", "fulfilled", "done"):
            if posted(indicator.get(side) or [], Voice(unit, event), unit, {unit}):
                return True
    return False
