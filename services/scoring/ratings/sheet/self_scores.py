"""The score that a unit gives itself, beside the computed one and never mixed in. Pure.

Source: YEAR.md section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from services.scoring.ratings.scores import Line, hundredths
from services.scoring.ratings.sheet.model import Decision, SelfScore
from services.scoring.rubrics.kinds import Section


def self_score(decisions: Sequence[Decision], line: Line) -> SelfScore | None:
    """The last self-score of an indicator, of `decisions` in their order; None without one.

    A unit gives points without a sign, and those of a deduction are taken away. A line that is left
    out has no score, and so no difference.
    """
    own = [each for each in decisions if each.values.get("indicator") == line.indicator.id]
    if not own:
        return None
    points = hundredths(Fraction(str(own[-1].values["points"])))
    if line.indicator.kind.section is Section.DEDUCTION:
        points = -points
    return SelfScore(points, line.score - points if line.counts else None, own[-1])
