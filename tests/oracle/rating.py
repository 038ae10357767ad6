"""Ratings of all units of a year (SCORING sections 5 to 7)."""

from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from .classes import capped, gated, ranked, shared
from .facts import Voice, number
from .ledger import Event, accepted, standing
from .points import BASIC, ZERO, Score, View, basic_score, basic_total, extra_score, rounded, within
from .registry import Registry, Unit

Raw = dict[str, Any]
# Practice events: the others speak of the registry, the ledger, the unit's year or its stage.
NOT_PRACTICE = ("unit.", "declaration.", "selfscore.", "exemption.", "adjustment.", "appeal.")
LEDGER = ("event.", "year.", "rating.")


class Result(NamedTuple):
    """One rating with its exact numbers."""

    unit: Unit
    rubric: Raw
    json: Raw
    order: tuple[Fraction, Fraction, Fraction]


def is_practice(event: Event) -> bool:
    return not event.short.startswith(NOT_PRACTICE + LEDGER)


def governing(rubrics: list[Raw], kind: str, year: int) -> Raw | None:
    """The one rubric whose kinds and years fit."""
    fit = []
    for rubric in rubrics:
        until = rubric["years"].get("until")
        fits_year = rubric["years"]["from"] <= year and (until is None or year <= until)
        if kind in rubric["kinds"] and fits_year:
            fit.append(rubric)
    if len(fit) > 1:
        raise ValueError(f"two rubrics govern {kind} in {year}")
    return fit[0] if fit else None


def points_text(points: Fraction) -> str:
    """Two decimals."""
    cents = int(rounded(points) * 100)
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


class City:
    """The standing events of a year, seen through the registry."""

    def __init__(self, events: list[Raw], rubrics: list[Raw], year: int) -> None:
        self.rubrics, self.year = rubrics, year
        self.events = standing(accepted(events))
        self.registry = Registry(self.events)

    def in_span(self, event: Event, unit: Unit) -> bool:
        return unit.start <= event.at < unit.end

    @cached_property
    def voices(self) -> list[Voice]:
        """Practice events of the year that count for a unit of their own."""
        found = []
        for event in self.events:
            unit = self.registry.unit_of(event)
            if unit is None or not is_practice(event) or event.year != self.year:
                continue
            if self.in_span(event, unit):
                found.append(Voice(unit.key, event))
        return found

    def said(self, unit: Unit, short: str) -> list[Event]:
        """Events of one type that speak of the unit's year, earliest first."""
        found = []
        for event in self.events:
            if event.short == short and event.year == self.year:
                of = self.registry.unit_of(event)
                if of is not None and of.key == unit.key:
                    found.append(event)
        return found

    def exempt(self, unit: Unit) -> set[str]:
        """Indicators whose latest word is an approval."""
        both = self.said(unit, "exemption.approved") + self.said(unit, "exemption.revoked")
        latest = {}
        for event in sorted(both, key=lambda event: event.order):
            latest[event.data["indicator"]] = event.short
        return {name for name, short in latest.items() if short == "exemption.approved"}

    def view(self, unit: Unit, together: set[str]) -> View:
        """What is folded together for a unit."""
        return View(
            unit.key,
            together,
            [voice for voice in self.voices if voice.unit in together],
            self.registry.window(unit, self.year)[1],
            self.registry.part_year(unit, self.year),
            self.exempt(unit),
            {event.data["indicator"] for event in self.said(unit, "declaration.nil")},
        )

    def adjustment(self, unit: Unit, rubric: Raw) -> Fraction:
        """The sum of the latest of each decision, kept within the limit."""
        latest = {}
        for event in self.said(unit, "adjustment.decided"):
            latest[event.data["decision"]] = number(event.data["points"])
        limit = number(rubric["adjustment_limit"])
        return within(-limit, sum(latest.values(), ZERO), limit)

    def results(self, unit: Unit) -> list[Raw]:
        """What is shown beside the rating and never added."""
        latest = {}
        for event in self.said(unit, "result.reported"):
            if self.in_span(event, unit):
                latest[event.data["result"]] = event.data
        fields = ("result", "score", "maximum")
        return [{field: latest[name][field] for field in fields} for name in sorted(latest)]


def unit_rating(city: City, unit: Unit, rubric: Raw, view: str) -> Result:
    """Points and class of one unit, before the share of the top class."""
    year, registry = city.year, city.registry
    own = city.view(unit, {unit.key})
    shown = city.view(unit, registry.union(unit.key, year)) if view == "pooled" else own
    basics = [i for i in rubric["indicators"] if i["kind"] in BASIC]
    scores = {i["id"]: basic_score(shown, i) for i in basics}
    extras = {
        i["id"]: extra_score(shown, i) for i in rubric["indicators"] if i["kind"] not in BASIC
    }
    sizes = {
        kind: sum((extras[i["id"]] for i in rubric["indicators"] if i["kind"] == kind), ZERO)
        for kind in ("bonus", "deduction")
    }
    basic, adjustment = basic_total(basics, scores), city.adjustment(unit, rubric)
    total = basic + sizes["bonus"] - sizes["deduction"] + adjustment
    total = within(ZERO, total, number(rubric["maximum"]))
    reasons: list[Raw] = []
    name = gated(rubric, basics, scores, total, reasons)
    name = capped(rubric, own, name, reasons)
    numbers = {"basic": basic, **sizes, "adjustment": adjustment, "total": total}
    json = {
        "unit": unit.key,
        "name": registry.name_in(unit, year),
        "kind": unit.kind,
        "year": year,
        "rubric": rubric["id"],
        **{field: points_text(worth) for field, worth in numbers.items()},
        "class": name,
        "rank": None,
        "part_year": registry.part_year(unit, year),
        **sheet(rubric, scores, extras),
        "reasons": reasons,
        "heads": registry.heads_in(unit, year),
        "results": city.results(unit),
    }
    return Result(unit, rubric, json, (total, basic, -sizes["deduction"]))


def sheet(rubric: Raw, scores: dict[str, Score], extras: dict[str, Fraction]) -> Raw:
    """The lines of the sheet: points, and the meaning of what is empty."""
    lines = {name: s.points for name, s in scores.items() if not s.left_out}
    for indicator in rubric["indicators"]:
        if indicator["id"] in extras:
            sign = -1 if indicator["kind"] == "deduction" else 1
            lines[indicator["id"]] = sign * extras[indicator["id"]]
    empty = {name: s.empty for name, s in scores.items() if s.empty is not None}
    return {"scores": {name: points_text(p) for name, p in lines.items()}, "empty": empty}


def rate(events: list[Raw], rubrics: list[Raw], year: int, view: str = "binding") -> dict[str, Raw]:
    """The rating of each unit that is rated in the year.

    A unit's other view is not compared with other units: no rank, no share of the top class.
    """
    city = City(events, rubrics, year)
    results, compared = [], []
    for unit in city.registry.units.values():
        rubric = governing(rubrics, unit.kind, year)
        if rubric is None or not city.registry.exists_in(unit, year):
            continue
        asked = rubric["succession"] if view == "binding" else view
        result = unit_rating(city, unit, rubric, asked)
        results.append(result)
        if asked == rubric["succession"] and not result.json["part_year"]:
            compared.append(result)
    for kind in sorted({result.unit.kind for result in compared}):
        of_kind = [result for result in compared if result.unit.kind == kind]
        orders = [(result.order, result.json) for result in of_kind]
        shared(of_kind[0].rubric, orders)
        ranked(orders)
    return {result.unit.key: result.json for result in results}
