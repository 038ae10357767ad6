"""The sheet: one rating explained so that a clerk can check it and a person can contest it. Pure.

Every number on it is of the same commit as the rating, and adds up to it (SCORING.md section 4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from msgspec.structs import replace

from contracts.envelope import Recorded
from services.scoring.fold.postings import order_of
from services.scoring.ratings.appeals import FILED, OUTCOMES, AppealState, appeals
from services.scoring.ratings.assessment import Assessment
from services.scoring.ratings.labels import class_label
from services.scoring.ratings.model import Rating
from services.scoring.ratings.sheet.cuts import adjustment_cut, total_cut
from services.scoring.ratings.sheet.duties import doing
from services.scoring.ratings.sheet.keys import DutyKeys
from services.scoring.ratings.sheet.lines import indicator_line
from services.scoring.ratings.sheet.model import Decision, GroupScore, Rebase, Sheet
from services.scoring.ratings.sheet.model_next_class import ClassBand
from services.scoring.ratings.sheet.next_class import next_class
from services.scoring.ratings.sheet.self_scores import self_score
from services.scoring.ratings.sheet.trials import UnitYear
from services.scoring.ratings.standings import Rivals, Standing
from services.scoring.rubrics.model import Rubric

DECISION_FIELDS = ("indicator", "decision", "points", "reason", "note", "appeal", "outcome")


@dataclass(frozen=True)
class SheetContext:
    """What a sheet shows beside the rating, or needs from other units.

    `decisions` are the unit's decisions and declarations that are not retracted, `other_rating`
    is its rating in the view that is not shown, `rivals` stand with it before the top class,
    `reply_until` is the end of the period in which appeals are in time.
    """

    decisions: Sequence[Recorded] = ()
    other_rating: Rating | None = None
    rivals: Rivals | None = None
    reply_until: int | None = None


def sheet_of(
    rating: Rating, standing: Standing, unit_year: UnitYear, context: SheetContext
) -> Sheet:
    """The sheet of a rating."""
    assessed, rubric, keys = standing.assessment, unit_year.rubric, DutyKeys(unit_year)
    decisions = sheet_decisions(context.decisions, context.reply_until)
    self_scores = _of_types(decisions, "selfscore.submitted")
    return Sheet(
        rating=rating,
        view=unit_year.view,
        groups=_groups(rubric, assessed),
        lines=tuple(
            replace(indicator_line(unit_year, line, keys), self_score=self_score(self_scores, line))
            for line in assessed.lines
        ),
        rebase=_rebase(assessed, rubric),
        adjustments=_of_types(decisions, "adjustment.decided"),
        adjustment_limit=rubric.adjustment_limit,
        adjustment_cut=adjustment_cut(assessed),
        total_cut=total_cut(assessed),
        exemptions=_of_types(decisions, "exemption.approved", "exemption.revoked"),
        declarations=_of_types(decisions, "declaration.nil"),
        self_scores=self_scores,
        appeals=_of_types(decisions, "appeal.filed", "appeal.decided"),
        bands=tuple(ClassBand(band, class_label(rubric, band.name)) for band in rubric.bands),
        doing=doing(unit_year),
        next_class=next_class(unit_year, assessed.class_name, context.rivals),
        other_rating=context.other_rating,
    )


def moved_among_others(
    sheet: Sheet, rating: Rating, unit_year: UnitYear, before: SheetContext, context: SheetContext
) -> Sheet:
    """The sheet of a unit whose own facts are the same, while other units have moved.

    It was made with the context `before`.
    """
    between, class_name = sheet.next_class, rating.class_name
    if (class_name, context.rivals) != (sheet.rating.class_name, before.rivals):
        between = next_class(unit_year, class_name, context.rivals)
    return replace(
        sheet, rating=rating, next_class=between, other_rating=context.other_rating
    )  # fmt: skip


def _groups(rubric: Rubric, assessed: Assessment) -> tuple[GroupScore, ...]:
    scores = []
    for group in rubric.groups:
        lines = [line for line in assessed.lines if line.indicator.group == group.id]
        counting = [line for line in lines if line.indicator.kind.basic and line.counts]
        points = sum((line.indicator.points for line in counting), Fraction(0))
        scores.append(GroupScore(group, sum(line.score for line in counting), points))
    return tuple(scores)


def _rebase(assessed: Assessment, rubric: Rubric) -> Rebase | None:
    """How the basic score is re-based; None where no indicator is left out."""
    every = sum((indicator.points for indicator in rubric.basic), Fraction(0))
    lines = [line for line in assessed.lines if line.indicator.kind.basic and line.counts]
    counting = sum((line.indicator.points for line in lines), Fraction(0))
    return None if counting == every else Rebase(counting, every)


def sheet_decisions(
    events: Sequence[Recorded], reply_until: int | None = None
) -> tuple[Decision, ...]:
    """The decisions and declarations of one unit in their order, linked by decision number."""
    own = appeals(events, lambda _: "", reply_until)
    states = {each.appeal: each.state for each in own}
    answered: dict[str, list[str]] = {}
    for each in own:
        if each.state.decision is not None:
            answered.setdefault(each.state.decision, []).append(each.appeal)
    return tuple(_decision(event, states, answered) for event in sorted(events, key=order_of))


def _of_types(decisions: Sequence[Decision], *types: str) -> tuple[Decision, ...]:
    return tuple(decision for decision in decisions if decision.type in types)


def _decision(
    event: Recorded, states: Mapping[str, AppealState], answered: Mapping[str, Sequence[str]]
) -> Decision:
    """What was decided or declared, when, and by which document."""
    short, data = event.kind.short, event.event.data
    values = ((name, getattr(data, name, None)) for name in DECISION_FIELDS)
    present = {name: value for name, value in values if isinstance(value, str | int)}
    number = present.get("decision") if short in OUTCOMES else None
    return Decision(
        short, event.time, event.event.source, present, event.event.id, event.recorded,
        states[data.appeal] if short == FILED else None,
        tuple(answered.get(str(number), ())),
    )  # fmt: skip
