"""Whether what was measured is right: a figure is printed only after this has been asked.

The fold is compared with the recount (its own rules in one piece) over every event and unit, and
with the naive oracle, which shares no code with it, over as many events as the oracle can bear.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML

from contracts.envelope import decode
from services.scoring.ratings import recount
from services.scoring.ratings.json import rating_members
from services.scoring.rubrics import loader
from tests.bench.city import YEAR
from tests.oracle import rate

ORACLE_EVENTS_MAX = 10_000
Ratings = dict[str, dict[str, Any]]
OF_ITS_OWN = (
    "name", "kind", "basic", "bonus", "deduction", "adjustment", "total", "part_year", "scores",
    "empty", "heads", "results",
)  # fmt: skip
"""What of a rating rests on the unit alone; class and rank rest on the other units too."""
OF_ALL = (*OF_ITS_OWN, "class", "rank")


class NotExact(Exception):
    """A result differs from its recomputation: no figure is worth printing."""


@dataclass(frozen=True)
class Expected:
    """What the events of a run have to come to, and what that was checked against."""

    ratings: Ratings
    events: int
    checked: str


def expected(bodies: Sequence[bytes]) -> Expected:
    """The ratings by recount; NotExact where the oracle disagrees with it."""
    accepted = recount.Accepted(decode(body) for body in bodies)
    ratings = recount.ratings(accepted, loader.load_directory(loader.SHIPPED), YEAR)
    ours = {unit: rating_members(rating) for unit, rating in ratings.items()}
    events = [json.loads(body) for body in bodies]
    if len(events) <= ORACLE_EVENTS_MAX:
        _agree("the recount", ours, _oracle(events), OF_ALL)
        said = f"all {len(ours)} units by the oracle"
    else:
        some = sample(events, ORACLE_EVENTS_MAX)
        units = ours.keys() & some.keys()
        by_oracle = _oracle([event for events in some.values() for event in events])
        _agree(
            "the recount",
            {unit: held for unit, held in ours.items() if unit in units},
            {unit: held for unit, held in by_oracle.items() if unit in units},
            OF_ITS_OWN,
        )
        said = f"{len(units)} units with {sum(map(len, some.values()))} events by the oracle too"
    return Expected(ours, len(accepted.events), f"{len(ours)} units by the recount, {said}")


def _oracle(events: list[dict[str, Any]]) -> Ratings:
    yaml = YAML(typ="safe", pure=True)
    rubrics = [yaml.load(path.read_text("utf-8")) for path in sorted(loader.SHIPPED.glob("*.yaml"))]
    return rate(events, rubrics, YEAR)


def sample(events: Iterable[dict[str, Any]], limit: int) -> dict[str, list[dict[str, Any]]]:
    """The events of some units by their subjects: those with other codes, predecessors or
    successors first, then the smallest, as many as stay below the limit.

    What belongs together, by succession or code, is taken together or not at all.
    """
    groups = _groups(events)
    chosen: dict[str, list[dict[str, Any]]] = {}
    taken = 0
    for members in sorted(groups, key=lambda group: (-len(group), _size(group), min(group))):
        if taken + _size(members) <= limit:
            taken += _size(members)
            chosen |= members
    return chosen


def _groups(events: Iterable[dict[str, Any]]) -> list[dict[str, list[dict[str, Any]]]]:
    of_subject: dict[str, list[dict[str, Any]]] = {}
    together: dict[str, str] = {}

    def root(name: str) -> str:
        while name in together:
            name = together[name]
        return name

    for event in events:
        of_subject.setdefault(event["subject"], []).append(event)
        data = event["data"]
        for other in (data.get("successor"), data.get("code")):
            if other is not None and root(other) != root(event["subject"]):
                together[root(other)] = root(event["subject"])
    groups: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for subject, said in of_subject.items():
        groups.setdefault(root(subject), {})[subject] = said
    return list(groups.values())


def _size(group: dict[str, list[dict[str, Any]]]) -> int:
    return sum(map(len, group.values()))


def compare(what: str, found: Ratings, wanted: Ratings) -> None:
    """NotExact where two sets of ratings differ in anything at all."""
    names = {name for held in wanted.values() for name in held}
    _agree(what, found, wanted, sorted(names))


def _agree(what: str, found: Ratings, wanted: Ratings, names: Iterable[str]) -> None:
    if found.keys() != wanted.keys():
        odd = sorted(found.keys() ^ wanted.keys())
        raise NotExact(f"{what} rates other units than it must: {', '.join(odd[:5])}")
    names = tuple(names)
    for unit, held in wanted.items():
        for name in names:
            if found[unit][name] != held[name]:
                detail = f"{found[unit][name]!r} instead of {held[name]!r}"
                raise NotExact(f"{what} gives {unit} for {name} {detail}")


def compare_counts(what: str, found: dict[str, int], wanted: dict[str, int]) -> None:
    """NotExact where one of the counts differs."""
    wrong = Counter(wanted)
    wrong.subtract(found)
    for name, difference in wrong.items():
        if difference:
            raise NotExact(f"{what}: {name} is {found.get(name, 0)}, and must be {wanted[name]}")
