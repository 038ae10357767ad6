"""A sheet as types: one rating explained, before any encoding. Pure.

Points are integers in hundredths, or exact fractions where rules or sums have them; quantities
are fractions, due days are ordinals of +07:00 dates, and sentences are messages in both
languages. `json` alone spells them for the interface.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, TypeAlias

from msgspec import Struct

from contracts.messages import Message
from services.scoring.ratings.appeals import AppealState
from services.scoring.ratings.model import Rating
from services.scoring.ratings.scores import Line
from services.scoring.ratings.sheet.model_next_class import ClassBand, EventTemplate, NextClass
from services.scoring.rubrics.model import Group, ScaleStep

Difference = Literal["blanks", "case", "accents", "signs", "slip"]


class Cut(Struct, frozen=True):
    """Where points are cut: their sum, how many of it count, and why."""

    sum: Fraction
    limit: Fraction
    text: Message


class EventWorth(Struct, frozen=True):
    """By how many hundredths the total moves when this event is sent."""

    event: EventTemplate
    worth: int


class Worth(Struct, frozen=True):
    """What doing a thing brings the total, at least and at most.

    `outcomes` are empty where every way brings the same; `possible` is whether anything does it.
    """

    least: int = 0
    most: int = 0
    possible: bool = False
    outcomes: tuple[EventWorth, ...] = ()


class NearKey(Struct, frozen=True):
    """A key that was perhaps meant, and the only difference."""

    key: str
    difference: Difference
    text: Message


class SuccessorKey(Struct, frozen=True):
    """A unit that can still fulfil a duty of a unit that has ended, and the key it must use."""

    unit: str
    key: str


class Duty(Struct, frozen=True):
    """A duty that is not fulfilled: what it is worth now, and after its due day.

    `successors` are None for a unit that still exists, `near` for a duty of the period of grace.
    """

    key: str
    due: int | None
    overdue: bool
    text: Message
    worth: Worth
    worth_late: int
    successors: tuple[SuccessorKey, ...] | None = None
    near: tuple[NearKey, ...] | None = None


class LateDuty(Struct, frozen=True):
    """A duty that was fulfilled late, and the points that lateness cost."""

    key: str
    due: int | None
    text: Message
    lost: int


class UnannouncedKey(Struct, frozen=True):
    """A key that was fulfilled and never announced, with the missing duties near it."""

    key: str
    near: tuple[NearKey, ...]
    text: Message


class NextStep(Struct, frozen=True):
    """How many things bring the next points of a scale, and how many points."""

    needed: int
    worth: int


class ScaleAdvance(Struct, frozen=True):
    """The next step of a scale that brings more points, and what reaches it.

    `needed` things reach it, or `lacking` points of merit; neither where nothing does.
    """

    step: ScaleStep
    needed: int | None
    lacking: Fraction | None
    score: int
    worth: int


class Scale(Struct, frozen=True):
    """The steps of an indicator from the lowest, the step that is reached, and the next."""

    steps: tuple[ScaleStep, ...]
    reached: ScaleStep | None
    next: ScaleAdvance | None
    text: Message


class NilOffer(Struct, frozen=True):
    """What a nil declaration would bring; `arose` things did arise, and make it untrue."""

    indicator: str
    worth: int
    arose: int
    text: Message


class Item(Struct, frozen=True):
    """A key that counts, with its points where points are summed."""

    key: str
    points: Fraction | None


class Items(Struct, frozen=True):
    """The first of the keys that count, and how many there are."""

    entries: tuple[Item, ...]
    total: int


class CoverageDetails(Struct, frozen=True, kw_only=True):
    """Duties by their state: numbers of all, entries of the first."""

    on_time_total: int
    late_total: int
    missing_total: int
    left_out_total: int
    missing: tuple[Duty, ...]
    left_out: tuple[Duty, ...]
    late: tuple[LateDuty, ...]
    next_step: NextStep | None
    unannounced: tuple[UnannouncedKey, ...]
    unannounced_total: int


class QuotaDetails(Struct, frozen=True):
    """Things counted up to a target; `next` is what one thing more is worth."""

    count: int
    target: Fraction
    missing_total: int
    next: Worth
    items: Items


class MeanDetails(Struct, frozen=True):
    """Marks of which a mean is taken; `missing_total` are those that it still needs."""

    count: int
    missing_total: int
    items: Items


class ShareDetails(Struct, frozen=True):
    """Reported parts of wholes; `missing_total` is how much the parts lack."""

    missing_total: int
    items: Items


class SumDetails(Struct, frozen=True):
    """Points of keys, summed before any cap."""

    count: int
    sum: Fraction
    items: Items


LineDetails: TypeAlias = CoverageDetails | QuotaDetails | MeanDetails | ShareDetails | SumDetails


class Decision(Struct, frozen=True):
    """What was decided or declared, when, and by whom: `source` is who sent it under `id`.

    `appeal` is where an appeal that was filed stands; `appeals` are the keys of those that the
    decision of the same number answered.
    """

    type: str
    time: int
    source: str
    values: Mapping[str, str | int]
    id: str = ""
    recorded: int = 0
    appeal: AppealState | None = None
    appeals: tuple[str, ...] = ()


class SelfScore(Struct, frozen=True):
    """The unit's own score of an indicator, and how much the computed score is above it."""

    points: int
    difference: int | None
    decision: Decision


class SheetLine(Struct, frozen=True):
    """One indicator: its score, its state in words, and the details of its kind.

    `self_score` stands beside the score.
    """

    line: Line
    scale: Scale | None
    cut: Cut | None
    nil: NilOffer | None
    text: Message
    details: LineDetails
    self_score: SelfScore | None = None


class GroupScore(Struct, frozen=True):
    """A group's score in hundredths, of the points of its indicators that count."""

    group: Group
    score: int
    points: Fraction


class Rebase(Struct, frozen=True):
    """The basic score is re-based from the points of the indicators that count to those of all."""

    counting: Fraction
    all: Fraction


class Doing(Struct, frozen=True):
    """Whether a thing that is done now counts, from which day, and for which year by name."""

    counts: bool
    begins: int | None
    year: int | None
    text: Message


class Sheet(Struct, frozen=True, kw_only=True):
    """One rating explained; `other_rating` is the unit's in the view that is not shown."""

    rating: Rating
    view: str
    groups: tuple[GroupScore, ...]
    lines: tuple[SheetLine, ...]
    rebase: Rebase | None
    adjustments: tuple[Decision, ...]
    adjustment_limit: Fraction
    adjustment_cut: Cut | None
    total_cut: Cut | None
    exemptions: tuple[Decision, ...]
    declarations: tuple[Decision, ...]
    self_scores: tuple[Decision, ...]
    appeals: tuple[Decision, ...]
    bands: tuple[ClassBand, ...]
    doing: Doing
    next_class: NextClass | None
    other_rating: Rating | None

    @property
    def nil_offers(self) -> tuple[NilOffer, ...]:
        """The nil declarations that would bring points, in the order of the lines."""
        return tuple(line.nil for line in self.lines if line.nil is not None)
