"""The sheet: one rating explained so that a clerk can check it and a person can contest it. Pure.

Every number on it is of the same commit as the rating, and adds up to it (SCORING.md section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from contracts.envelope import Recorded
from services.scoring.fold.postings import order_of
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
from services.scoring.ratings.sheet.trials import UnitYear
from services.scoring.ratings.standings import Rivals, Standing
from services.scoring.rubrics.model import Rubric

DECISION_FIELDS = ("indicator", "decision", "points", "reason", "note", "appeal", "outcome")


@dataclass(frozen=True)
class SheetContext:
    """What a sheet shows beside the rating, or needs from other units.

    `decisions` are the unit's decisions and declarations that are not retracted, `other_rating`
    is its rating in the view that is not shown, `rivals` stand with it before the top class.
    """

    decisions: Sequence[Recorded] = ()
    other_rating: Rating | None = None
    rivals: Rivals | None = None


def sheet_of(
    rating: Rating, standing: Standing, unit_year: UnitYear, context: SheetContext
) -> Sheet:
    """The sheet of a rating."""
    assessed, rubric, keys = standing.assessment, unit_year.rubric, DutyKeys(unit_year)
    ordered = sorted(context.decisions, key=order_of)
    return Sheet(
        rating=rating,
        view=unit_year.view,
        groups=_groups(rubric, assessed),
        lines=tuple(indicator_line(unit_year, line, keys) for line in assessed.lines),
        rebase=_rebase(assessed, rubric),
        adjustments=_decisions(ordered, "adjustment.decided"),
        adjustment_limit=rubric.adjustment_limit,
        adjustment_cut=adjustment_cut(assessed),
        total_cut=total_cut(assessed),
        exemptions=_decisions(ordered, "exemption.approved", "exemption.revoked"),
        declarations=_decisions(ordered, "declaration.nil"),
        self_scores=_decisions(ordered, "selfscore.submitted"),
        appeals=_decisions(ordered, "appeal.filed", "appeal.decided"),
        bands=tuple(ClassBand(band, class_label(rubric, band.name)) for band in rubric.bands),
        doing=doing(unit_year),
        next_class=next_class(unit_year, assessed.class_name, context.rivals),
        other_rating=context.other_rating,
    )


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


def _decisions(events: Sequence[Recorded], *types: str) -> tuple[Decision, ...]:
    return tuple(_decision(event) for event in events if event.kind.short in types)


def _decision(event: Recorded) -> Decision:
    """What was decided or declared, when, and by which document."""
    data = event.event.data
    values = ((name, getattr(data, name, None)) for name in DECISION_FIELDS)
    present = {name: value for name, value in values if isinstance(value, str | int)}
    return Decision(event.kind.short, event.time, event.event.source, present)
