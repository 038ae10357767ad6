"""Which tallies of a unit are the same under another rubric, and which must be counted anew. Pure.

The tallies of an indicator depend on its kind, its rules and little else (`Kind.weight_fields`);
points, bands, gates, caps, shares and targets only turn them into points and classes. So another
rubric takes the tallies of every indicator whose rules it leaves as they are, also where it gives
the indicator another id, and counts only the others from events of their types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.scoring.fold.cells import ADJUSTMENT, EXEMPT, NIL, OWN, POOLED, Tally
from services.scoring.fold.postings import DECISIONS
from services.scoring.rubrics.model import Rubric


@dataclass(frozen=True, slots=True)
class TallyReuse:
    """How the tallies of one kind of unit under `rubric` come about.

    `sources` has for each indicator whose tallies exist the id under which they do. `counted` is
    the rubric with the other indicators alone; `types` are the event types that they need.
    """

    rubric: Rubric
    sources: Mapping[str, str]
    counted: Rubric
    types: frozenset[str]

    @property
    def complete(self) -> bool:
        """Whether no event has to be read."""
        return not self.types


def plan_reuse(kind: str, present: Rubric | None, rubric: Rubric) -> TallyReuse:
    """The plan for units of this kind, whose tallies are those of the `present` rubric.

    Where no rubric governs them, they have no tallies, of decisions neither.
    """
    by_rules = {} if present is None else {i.weight_rules: i.id for i in present.indicators}
    by_id = {} if present is None else {i.id: i.weight_rules for i in present.indicators}
    sources = {
        i.id: i.id if by_id.get(i.id) == i.weight_rules else by_rules[i.weight_rules]
        for i in rubric.indicators
        if i.weight_rules in by_rules
    }
    others = tuple(i for i in rubric.indicators if i.id not in sources)
    counted = replace(rubric, kinds=(kind,), gates=(), indicators=others)
    decisions = DECISIONS if present is None else frozenset[str]()
    return TallyReuse(rubric, sources, counted, counted.event_types | decisions)


def reuse_tally(reuse: TallyReuse, present: Tally, counted: Tally) -> Tally:
    """The tallies of a unit under the other rubric, from its present and its counted ones."""
    sums = dict(counted.sums)
    for indicator, source in reuse.sources.items():
        for view in (OWN, POOLED):
            numbers = present.of(view, source)
            if numbers:
                sums[f"{view}|{indicator}|"] = numbers
    for name, numbers in present.sums.items():
        head, _, part = name.rpartition("|")
        if part in (EXEMPT, NIL) or head == f"{OWN}|{ADJUSTMENT}":
            sums[name] = numbers
    return Tally(sums)
