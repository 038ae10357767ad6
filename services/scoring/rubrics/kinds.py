"""The kinds of indicator and their traits; fold and ratings have the formula of each. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Section(StrEnum):
    """Which sum of a rating an indicator's score goes into (SCORING.md section 5)."""

    BASIC = "basic"
    BONUS = "bonus"
    DEDUCTION = "deduction"


class KindTraits(NamedTuple):
    """What a kind of indicator is, beside its formula.

    `weight_fields` are the members of an indicator that decide the weights of its cells; all others
    only turn the sums of weights into points. `counts_points`: its rules give points to each key.
    `has_duties`: its facts have the sides obliged and fulfilled instead of done alone.
    `counts_things`: one thing more is one step towards its target, whatever the thing is.
    """

    section: Section
    weight_fields: tuple[str, ...]
    counts_points: bool = False
    has_duties: bool = False
    counts_things: bool = False


class Kind(StrEnum):
    """The seven kinds of indicator (SCORING.md section 4)."""

    COVERAGE = "coverage"
    QUOTA = "quota"
    MEAN = "mean"
    SHARE = "share"
    MERIT = "merit"
    BONUS = "bonus"
    DEDUCTION = "deduction"

    @property
    def basic(self) -> bool:
        """Whether the indicator's points are part of the basic score."""
        return _TRAITS[self].section is Section.BASIC

    @property
    def section(self) -> Section:
        """Which sum of the rating its score goes into."""
        return _TRAITS[self].section

    @property
    def weight_fields(self) -> tuple[str, ...]:
        """The members of an indicator that decide the weights of its cells."""
        return _TRAITS[self].weight_fields

    @property
    def counts_points(self) -> bool:
        """Whether its rules give points to each key."""
        return _TRAITS[self].counts_points

    @property
    def has_duties(self) -> bool:
        """Whether its facts are duties and what fulfils them."""
        return _TRAITS[self].has_duties

    @property
    def counts_things(self) -> bool:
        """Whether things are counted up to a target."""
        return _TRAITS[self].counts_things


_RULES = ("rules",)
_PRICED = ("rules", "pick_highest")
_TRAITS = {
    Kind.COVERAGE: KindTraits(
        Section.BASIC, ("obliged", "fulfilled", "grace_days"), has_duties=True
    ),
    Kind.QUOTA: KindTraits(Section.BASIC, _RULES, counts_things=True),
    Kind.MEAN: KindTraits(Section.BASIC, _RULES),
    Kind.SHARE: KindTraits(Section.BASIC, _RULES),
    Kind.MERIT: KindTraits(Section.BASIC, _PRICED, counts_points=True),
    Kind.BONUS: KindTraits(Section.BONUS, _PRICED, counts_points=True),
    Kind.DEDUCTION: KindTraits(
        Section.DEDUCTION, (*_PRICED, "ceiling_conditions"), counts_points=True
    ),
}
