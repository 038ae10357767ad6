"""A list of ratings as CSV for programs: UTF-8 with BOM, RFC 4180, one line a unit. Pure.

Values are spelled as in the JSON of a rating, points as texts with two decimals. A text that
begins like a formula gets an apostrophe before it; numbers never do.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal, assert_never

from contracts import moments
from services.scoring.exports.columns import COLUMNS, Instant, PointsValue, Term, Value
from services.scoring.exports.head import ExportHead
from services.scoring.exports.texts import neutralise
from services.scoring.ratings.model import Rating
from services.scoring.ratings.scores import points_text

BOM = "\ufeff"
LINE_END = "\r\n"
SEPARATORS = {
    "comma": ",", ",": ",", "semicolon": ";", ";": ";", "tab": "\t", "\t": "\t",
}  # fmt: skip
"""By its name or as itself, what separates the values of a line."""
_CODES = tuple(column for column in COLUMNS if not column.for_people)
Decimals = Literal["point", "comma"]


def write_csv(
    head: ExportHead, ratings: Iterable[Rating], separator: str = ",", decimals: Decimals = "point"
) -> bytes:
    """The ratings as CSV, in their order.

    After the columns of a rating come `scores.<indicator>` and `empty.<indicator>` for every
    indicator of the year's rubrics, so that the columns do not depend on which units are listed.
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=LINE_END)
    writer.writerow(_names(head))
    writer.writerows(
        [_text(value, decimals) for value in _values(head, rating)] for rating in ratings
    )
    return (BOM + out.getvalue()).encode()


def _names(head: ExportHead) -> list[str]:
    names = [column.name for column in _CODES]
    for indicator in head.indicators:
        names += [f"scores.{indicator}", f"empty.{indicator}"]
    return [*names, "reasons_vi", "reasons_en"]


def _values(head: ExportHead, rating: Rating) -> Iterator[Value]:
    reasons: Value = None
    for column in _CODES:
        value = column.value(rating)
        yield value
        if column.name == "reasons":
            reasons = value
    for indicator in head.indicators:
        score = rating.scores.get(indicator)
        yield None if score is None else PointsValue(score)
        yield rating.empty.get(indicator)
    label = reasons.label if isinstance(reasons, Term) else None
    yield label and label.vi
    yield label and label.en


def _text(value: Value, decimals: Decimals) -> str:
    match value:
        case None:
            return ""
        case PointsValue():
            text = points_text(value.hundredths)
            return text if decimals == "point" else text.replace(".", ",")
        case Instant():
            return moments.rfc3339(value.us)
        case Term():
            return neutralise(value.word)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case date():
            return value.isoformat()
        case str():
            return neutralise(value)
        case _:
            assert_never(value)
