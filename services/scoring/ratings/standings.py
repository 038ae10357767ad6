"""Over all units of a kind and year: the share of the top class, and ranks. Pure.

Source: SCORING.md section 5, 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, assert_never

from services.scoring.fold.cells import Tally
from services.scoring.fold.registry import Registry, Unit
from services.scoring.ratings.assessment import Assessment, assess, with_cases
from services.scoring.ratings.model import Cases, ShareReason
from services.scoring.ratings.views import views_of
from services.scoring.rubrics.model import Rubric

Merit = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit among the units of its kind and year."""

    unit: str
    kind: str
    assessment: Assessment
    part_year: bool
    rank: int | None = None


def unit_standing(
    unit: Unit,
    rubric: Rubric,
    registry: Registry,
    year: int,
    sums: Tally,
    view: str | None = None,
    cases: Cases | None = None,
) -> Standing:
    """The standing by the unit's own tally, before shares and ranks."""
    answering = views_of(rubric, registry, unit.key, year).answering(view)
    assessment = with_cases(assess(rubric, sums, answering), cases or {})
    return Standing(unit.key, unit.kind, assessment, unit.ends_inside(year))


def rank_units(standings: Iterable[Standing]) -> dict[str, Standing]:
    """Shares and ranks over the units of each kind; one rubric governs a kind in a year."""
    groups: dict[str, list[Standing]] = {}
    for standing in standings:
        groups.setdefault(standing.kind, []).append(standing)
    return {
        standing.unit: standing
        for group in groups.values()
        for standing in rank_kind(group[0].assessment.rubric, group)
    }


def rank_kind(rubric: Rubric, standings: Sequence[Standing]) -> list[Standing]:
    """Top-class share and ranks over all units of one kind and year (SCORING.md section 5)."""
    whole_year = [s for s in standings if not s.part_year]
    losers = _losers(rubric, whole_year)
    totals = sorted((s.assessment.total for s in whole_year), reverse=True)
    places: dict[int, int] = {}
    for place, total in enumerate(totals, start=1):
        places.setdefault(total, place)
    ranked = []
    for standing in standings:
        rank = None if standing.part_year else places[standing.assessment.total]
        assessment = standing.assessment
        if standing.unit in losers:
            assessment = _dropped(assessment, losers[standing.unit])
        ranked.append(replace(standing, rank=rank, assessment=assessment))
    return ranked


def _dropped(assessment: Assessment, reason: ShareReason) -> Assessment:
    reasons = (*assessment.reasons, reason)
    return replace(assessment, class_name=reason.to_class, reasons=reasons)


def share_limit(rubric: Rubric, classes: Sequence[str]) -> int | None:
    """How many units may keep the top class, given the class of every ranked unit."""
    best = sum(1 for name in classes if name in rubric.classes[:2])
    return _limit(rubric, len(classes), best)


def _limit(rubric: Rubric, ranked: int, best: int) -> int | None:
    share = rubric.top_class_share
    if share is None or len(rubric.classes) < 2:
        return None
    match share.of:
        case "rated":
            return (share.at_most * ranked).__floor__()
        case "top_two":
            return (share.at_most * best).__floor__()
        case "next":
            return (share.at_most * best / (1 + share.at_most)).__floor__()
        case base:
            assert_never(base)


class Rivals(NamedTuple):
    """The other ranked units of a kind before the share: merits of those in the top class, the
    best first; how many are in the two best classes; how many there are."""

    merits: tuple[Merit, ...]
    best: int
    ranked: int

    def places(self, rubric: Rubric) -> int | None:
        """The number of places, counting this unit in the top class; None without a share."""
        return _limit(rubric, self.ranked + 1, self.best + 1)

    def last(self, rubric: Rubric) -> Merit | None:
        """The merit that this unit must exceed for a place; None where all have one."""
        places = self.places(rubric)
        free = places is None or len(self.merits) < places
        return None if free or not places else self.merits[places - 1]

    def admit(self, assessment: Assessment) -> bool:
        """Whether the unit keeps the top class with this assessment."""
        if self.places(assessment.rubric) == 0:
            return False
        last = self.last(assessment.rubric)
        return last is None or assessment.merit > last


ANY_RIVALS = Rivals((), 0, 0)
"""That a unit has rivals, where nothing depends on who they are."""


def rivals(unit: str, standings: Iterable[Standing]) -> Rivals:
    """The rivals of a unit among all standings of its kind, before the share."""
    others = [s.assessment for s in standings if s.unit != unit and not s.part_year]
    merits = sorted((other.merit for other in others if other.class_index == 0), reverse=True)
    best = sum(other.class_index < 2 for other in others)
    return Rivals(tuple(merits), best, len(others))


def _losers(rubric: Rubric, ranked: Sequence[Standing]) -> dict[str, ShareReason]:
    """The units beyond the share; units that are equal on both sides of its limit all lose."""
    limit = share_limit(rubric, [s.assessment.class_name for s in ranked])
    top = [s for s in ranked if s.assessment.class_name == rubric.classes[0]]
    share = rubric.top_class_share
    if share is None or limit is None or len(top) <= limit:
        return {}
    merits = sorted((s.assessment.merit for s in top), reverse=True)
    first_out = merits[limit]
    last_in = next((merit for merit in reversed(merits[:limit]) if merit > first_out), first_out)
    place = {merit: number for number, merit in reversed(list(enumerate(merits, start=1)))}
    return {
        s.unit: ShareReason(
            rubric.classes[0], rubric.classes[1], share, places=limit,
            place=place[s.assessment.merit], candidates=len(top),
            behind=last_in[0] - s.assessment.total,
        )
        for s in top
        if s.assessment.merit <= first_out
    }  # fmt: skip
