"""The rows of a what-if: the units that match a filter, and what changes each of them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, Field

from contracts.messages import Message
from services.chassis.web.parameters import EMPTY
from services.chassis.word_search import closeness, terms
from services.scoring.access.parameters import Kind
from services.scoring.ratings.class_reasons import sentence
from services.scoring.ratings.labels import class_label, label
from services.scoring.ratings.standings import Standing
from services.scoring.ratings.what_if import PointsChange, UnitChange, WhatIf
from services.scoring.rubrics.errors import ProposalFault
from services.scoring.web.pages.year import tone

MOVES = ("rises", "falls", "stays", "enters")
ROWS = 50
CAUSES_MAX = 4
"""So many of the greatest changes of a unit are named."""
AROUND = 2
"""So many lines around a faulty one are shown."""
LETTERS_MAX = 200


class WhatIfFilters(BaseModel):
    """Which units of a what-if are listed."""

    q: Annotated[str | None, EMPTY] = Field(None, max_length=200)
    kind: Annotated[Kind | None, EMPTY] = None
    move: Annotated[Literal["rises", "falls", "stays", "enters"] | None, EMPTY] = None
    class_changes: Annotated[bool | None, EMPTY] = None
    cursor: Annotated[int | None, EMPTY] = Field(None, ge=0, le=1_000_000)

    @property
    def narrowed(self) -> bool:
        """Whether not all units are listed."""
        return bool(self.q or self.kind or self.move or self.class_changes)


class ClassName(NamedTuple):
    """A class with its colour and its name in words."""

    name: str
    tone: str
    label: Message


class Cause(NamedTuple):
    """An indicator, or another part of a total, and what it brings more or less."""

    name: str | Message
    points: PointsChange


class WhatIfRow(NamedTuple):
    """A unit now and then; `now` is None where no rubric rates it today."""

    change: UnitChange
    move: Message
    now: ClassName | None
    then: ClassName
    causes: Sequence[Cause]
    more: int
    reasons: Sequence[Message]

    @property
    def difference(self) -> int | None:
        """By how many hundredths the total rises."""
        now = self.change.now
        return None if now is None else self.change.then.assessment.total - now.assessment.total


def changes_class(change: UnitChange) -> bool:
    """Whether the unit is in another class then."""
    now = change.now
    return now is None or now.assessment.class_name != change.then.assessment.class_name


def matching(answer: WhatIf, filters: WhatIfFilters) -> list[UnitChange]:
    """The units that match, the closest names first; those that move before those that stay, then
    by kind and the best first."""
    sought = terms(filters.q or "")
    matches = [
        (close, change) for change in answer.units
        if filters.kind in (None, change.unit.kind) and filters.move in (None, change.move)
        and (not filters.class_changes or changes_class(change))
        and (close := closeness(sought, _words(change)) if sought else 0) is not None
    ]  # fmt: skip
    return [change for _, change in sorted(matches, key=_order)]


def _order(match: tuple[int, UnitChange]) -> tuple[int, bool]:
    return match[0], match[1].move == "stays"


def _words(change: UnitChange) -> list[str]:
    return [change.name, *change.unit.search_texts()]


def what_if_row(change: UnitChange) -> WhatIfRow:
    """The row of a unit: its greatest changes, and why its class is not that of its points."""
    causes = [Cause(each.indicator.vi, each.points) for each in change.indicators]
    causes += [Cause(label("part", each.part), each.points) for each in change.parts]
    reasons = change.then.assessment.reasons if changes_class(change) else ()
    return WhatIfRow(
        change, label("move", change.move), None if change.now is None else _class(change.now),
        _class(change.then), causes[:CAUSES_MAX], max(0, len(causes) - CAUSES_MAX),
        [sentence(reason) for reason in reasons],
    )  # fmt: skip


def _class(standing: Standing) -> ClassName:
    rubric, name = standing.assessment.rubric, standing.assessment.class_name
    return ClassName(name, tone(rubric.classes, name), class_label(rubric, name))


class MoveCount(NamedTuple):
    """How many units move in a way."""

    move: str
    label: Message
    number: int


def move_counts(answer: WhatIf) -> list[MoveCount]:
    """Of each way to move; those that enter only where there are any."""
    counts = Counter[str](change.move for change in answer.units)
    return [
        MoveCount(move, label("move", move), counts[move])
        for move in MOVES
        if move != "enters" or counts[move]
    ]


class FaultExcerpt(NamedTuple):
    """A fault of a text with the lines around it: number, text, and whether it is the one."""

    line: int
    reason: Message
    lines: Sequence[tuple[int, str, bool]]


def fault_excerpts(
    texts: Sequence[str], faults: Sequence[ProposalFault], most: int
) -> dict[int, list[FaultExcerpt]]:
    """The first faults of each text, by its number."""
    excerpts: dict[int, list[FaultExcerpt]] = {}
    for fault in faults:
        of_text = excerpts.setdefault(fault.text, [])
        if len(of_text) < most:
            of_text.append(_fault(texts[fault.text].split("\n"), fault))
    return excerpts


def _fault(lines: Sequence[str], fault: ProposalFault) -> FaultExcerpt:
    first, last = max(1, fault.line - AROUND), min(len(lines), fault.line + AROUND)
    around = [
        (number, lines[number - 1][:LETTERS_MAX], number == fault.line)
        for number in range(first, last + 1)
    ]
    return FaultExcerpt(fault.line, fault.reason, around)
