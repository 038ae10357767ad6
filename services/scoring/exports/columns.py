"""The columns of a list of ratings: a stable English name, a heading, and a value. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple, TypeAlias

from contracts.messages import Message, join_messages
from services.scoring.exports.messages import message
from services.scoring.ratings.class_reasons import sentence
from services.scoring.ratings.json import reason_kind
from services.scoring.ratings.model import Rating, Result
from services.scoring.ratings.sheet.numbers import figure

BETWEEN = "; "
"""What separates several values in one cell."""


class PointsValue(NamedTuple):
    """Points in hundredths."""

    hundredths: int


class Instant(NamedTuple):
    """Microseconds since 1970 UTC."""

    us: int


class Term(NamedTuple):
    """A word of the interface, and the term for people."""

    word: str
    label: Message


Value: TypeAlias = str | int | bool | date | PointsValue | Instant | Term | None


class Column(NamedTuple):
    """A column; `value` is None where a rating has none.

    `width` is in characters; a column `for_people` says in words what another one says as a code.
    """

    name: str
    heading: Message
    value: Callable[[Rating], Value]
    width: int = 12
    for_people: bool = False


def _points(name: str, heading: Message) -> Column:
    return Column(name, heading, lambda rating: PointsValue(getattr(rating, name)))


def _class_label(rating: Rating) -> Term:
    return Term(rating.class_name, rating.labels.class_name)


def _heads(rating: Rating) -> str:
    return BETWEEN.join(f"{head} ({since})" for head, since in rating.heads)


def result_label(result: Result) -> Message:
    """What was reported, in words, with its score."""
    name = message(f"result-{result.result.replace('_', '-')}")
    score = figure(f"{result.score}/{result.maximum}")
    return Message(name.code, f"{name.vi}: {score.vi}", f"{name.en}: {score.en}")


def _results(rating: Rating) -> Value:
    if not rating.results:
        return None
    words = (f"{each.result} {each.score}/{each.maximum}" for each in rating.results)
    return Term(BETWEEN.join(words), join_messages([*map(result_label, rating.results)], BETWEEN))


def _reasons(rating: Rating) -> Value:
    if not rating.reasons:
        return None
    words = BETWEEN.join(reason_kind(reason) for reason in rating.reasons)
    return Term(words, join_messages([sentence(reason) for reason in rating.reasons], BETWEEN))


COLUMNS: tuple[Column, ...] = (
    Column("unit", message("column-unit"), lambda r: r.unit, 14),
    Column("name", message("column-name"), lambda r: r.name, 36),
    Column("kind", message("column-kind"), lambda r: Term(r.kind, r.labels.kind), 24),
    Column("year", message("column-year"), lambda r: r.year, 8),
    Column("rubric", message("column-rubric"), lambda r: r.rubric, 24),
    Column("stage", message("column-stage"), lambda r: Term(r.stage, r.labels.stage), 14),
    Column("version", message("column-version"), lambda r: r.version, 10),
    _points("basic", message("column-basic")),
    _points("bonus", message("column-bonus")),
    _points("deduction", message("column-deduction")),
    _points("adjustment", message("column-adjustment")),
    _points("total", message("column-total")),
    Column("class", message("column-class"), lambda r: r.class_name),
    Column("class_label", message("column-class-label"), _class_label, 20, for_people=True),
    Column("rank", message("column-rank"), lambda r: r.rank, 10),
    Column("part_year", message("column-part-year"), lambda r: r.part_year),
    Column("until", message("column-until"), lambda r: r.until, 14),
    Column("head_ceiling", message("column-head-ceiling"), lambda r: r.head_ceiling, 14),
    Column("heads", message("column-heads"), _heads, 32),
    Column("results", message("column-results"), _results, 26),
    Column("successors", message("column-successors"), lambda r: BETWEEN.join(r.successors), 18),
    Column(
        "predecessors", message("column-predecessors"), lambda r: BETWEEN.join(r.predecessors), 18
    ),
    Column("reasons", message("column-reasons"), _reasons, 60),
    Column("as_of", message("column-as-of"), lambda r: r.as_of and Instant(r.as_of), 20),
)
"""The columns of a list, in the order of a rating's members (DESIGN section 4)."""
