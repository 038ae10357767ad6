"""A list of ratings as XLSX for people: typed cells, indicators, and what the list is. Pure.

Points are numbers with two decimals, days are dates, instants are in Vietnamese time. A text is
always a text: none becomes a formula or an error, and one that looks like a formula begins with an
apostrophe, so that it stays a text when somebody edits or copies it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from textwrap import wrap
from typing import Any, NamedTuple, assert_never

from contracts.messages import Language, Message
from services.scoring.exports.columns import BETWEEN, COLUMNS, Instant, PointsValue, Term, Value
from services.scoring.exports.head import ExportHead
from services.scoring.exports.messages import message
from services.scoring.exports.texts import neutralise, spell_out
from services.scoring.ratings.labels import label
from services.scoring.ratings.model import Rating
from services.scoring.ratings.sheet.numbers import points_of
from services.scoring.rubrics.model import Indicator

CELL_MAX = 32_767
"""Characters of a cell, by the limits of spreadsheets."""
HEADING_FILL = "#DDE6F0"
A4 = 9
"""The number of the paper in the file format."""
LINE_POINTS = 15.0
LINES_MAX = 20
"""The height of a line, and the most lines of a row: some programs do not fit rows to texts."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a spreadsheet has no time zones
_VIETNAM = 7 * 3_600_000_000
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML cannot have."""


class Heading(NamedTuple):
    """The heading of a column, and its width in characters."""

    text: Message
    width: int


INDICATOR_COLUMNS = (
    Heading(message("column-unit"), 14), Heading(message("column-name"), 28),
    Heading(message("column-indicator"), 22), Heading(message("column-indicator-name"), 46),
    Heading(message("column-clause"), 26), Heading(message("column-group"), 26),
    Heading(message("column-kind-of-indicator"), 18), Heading(message("column-points-max"), 10),
    Heading(message("column-score"), 10), Heading(message("column-empty"), 26),
)  # fmt: skip


def write_xlsx(
    head: ExportHead, ratings: Sequence[Rating], language: Language = "vi",
    filters: Mapping[str, str] | None = None,
) -> bytes:  # fmt: skip
    """The ratings as a workbook of three sheets, in their order."""
    import xlsxwriter  # as late as this: loading it takes time at the start of every process

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    title = message("list-title", year=head.year).text(language)
    book.set_properties({"title": title, "author": "danchu", "created": _date_time(head.at, 0)})
    headings = [Heading(column.heading, column.width) for column in COLUMNS]
    lines = ([column.value(rating) for column in COLUMNS] for rating in ratings)
    page = _Page(book, message("sheet-ratings"), language)
    page.write(headings, lines, pages_wide=3)
    page = _Page(book, message("sheet-indicators"), language)
    page.write(INDICATOR_COLUMNS, _indicator_rows(head, ratings))
    page = _Page(book, message("sheet-about"), language)
    page.describe(_about(head, len(ratings), filters or {}))
    book.close()
    return out.getvalue()


def _date_time(us: int, offset: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us + offset)


def _indicator_rows(head: ExportHead, ratings: Iterable[Rating]) -> Iterator[list[Value]]:
    """A row for each unit and indicator; no score where the indicator is left out."""
    groups = {(rubric.id, group.id): group.vi for rubric in head.rubrics for group in rubric.groups}
    for rating in ratings:
        for indicator in head.by_id[rating.rubric].indicators:
            word = rating.empty.get(indicator.id)
            score = rating.scores.get(indicator.id)
            yield [
                rating.unit, rating.name, *_rules(indicator),
                groups.get((rating.rubric, indicator.group or "")),
                Term(indicator.kind.value, label("indicator", indicator.kind.value)),
                _number(indicator), None if score is None else PointsValue(score),
                None if word is None else Term(word, rating.labels.empty[word]),
            ]  # fmt: skip


def _rules(indicator: Indicator) -> tuple[str, str, str]:
    return indicator.id, indicator.vi, indicator.clause


def _number(indicator: Indicator) -> Value:
    """The most points, as a number where two decimals hold them, else as the exact fraction."""
    hundredths = indicator.points_max * 100
    if hundredths.denominator == 1:
        return PointsValue(int(hundredths))
    return f"{points_of(indicator.points_max)} ({indicator.points_max})"


def _about(
    head: ExportHead, units: int, filters: Mapping[str, str]
) -> Iterator[tuple[Message, Value]]:
    yield message("about-year"), head.year
    yield message("about-stage"), Term(head.stage, label("stage", head.stage))
    yield message("about-version"), head.version
    yield message("about-as-of"), None if head.as_of is None else Instant(head.as_of)
    yield message("about-at"), Instant(head.at)
    yield message("about-units"), units
    yield message("about-filters"), BETWEEN.join(f"{name}={text}" for name, text in filters.items())
    if head.root is not None:
        yield message("about-root"), head.root
    for rubric in head.rubrics:
        yield message("about-rubric"), rubric.id
        yield message("about-rubric-name"), rubric.vi
        yield message("about-rubric-reference"), rubric.reference
        yield message("about-rubric-digest"), rubric.digest


@lru_cache(maxsize=4096)
def _line_count(text: str, width: int) -> int:
    """The lines that a text takes; the names of indicators recur for each unit."""
    return min(LINES_MAX, len(wrap(text, width)))


class _Page:
    """One sheet of the workbook, which is written row by row."""

    def __init__(self, book: Any, title: Message, language: Language) -> None:
        self.sheet, self.language = book.add_worksheet(title.text(language)), language
        self._title = book.add_format(
            {
                "bold": True,
                "bg_color": HEADING_FILL,
                "text_wrap": True,
                "valign": "top",
                "indent": 1,
            }
        )
        self._points, self._count, self._text, self._day, self._instant = (
            book.add_format({"num_format": number_format, "valign": "top", "text_wrap": True})
            for number_format in ("0.00", "0", "@", "dd/mm/yyyy", "dd/mm/yyyy hh:mm:ss")
        )
        self._text.set_indent(1)  # so that a text does not touch the number before it
        self.sheet.set_landscape()
        self.sheet.set_paper(A4)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_footer("&C&P / &N")
        self._lines: dict[int, int] = {}

    def write(
        self, headings: Sequence[Heading], rows: Iterable[Sequence[Value]], pages_wide: int = 1
    ) -> None:
        """A table whose heading and first two columns stay in sight, and repeat on each page."""
        self._widths = [heading.width for heading in headings]
        for column, heading in enumerate(headings):
            self.sheet.set_column(column, column, heading.width)
            self._head(0, column, heading.text)
        self.sheet.freeze_panes(1, 2)
        self.sheet.fit_to_pages(pages_wide, 0)
        self.sheet.repeat_rows(0)
        self.sheet.repeat_columns(0, 1)
        last = 0
        for last, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                self._put(last, column, value)
        self._fit_rows()
        self.sheet.autofilter(0, 0, last, len(headings) - 1)

    def describe(self, entries: Iterable[tuple[Message, Value]]) -> None:
        """Names on the left, values on the right."""
        self._widths = [40, 80]
        for column, width in enumerate(self._widths):
            self.sheet.set_column(column, column, width)
        for row, (name, value) in enumerate(entries):
            self._head(row, 0, name)
            self._put(row, 1, value)
        self._fit_rows()

    def _fit_rows(self) -> None:
        """Makes each row as high as its longest text needs."""
        for row, lines in self._lines.items():
            self.sheet.set_row(row, LINE_POINTS * lines)

    def _note_lines(self, row: int, column: int, text: str) -> None:
        lines = _line_count(text, self._widths[column])
        if lines > self._lines.get(row, 1):
            self._lines[row] = lines

    def _head(self, row: int, column: int, text: Message) -> None:
        words = text.text(self.language)
        self._note_lines(row, column, f"{words} ▾")  # the button of the filter takes room as well
        self.sheet.write_string(row, column, words, self._title)

    def _put(self, row: int, column: int, value: Value) -> None:
        sheet = self.sheet
        match value:
            case None | "":
                return
            case PointsValue():
                sheet.write_number(row, column, value.hundredths / 100, self._points)
            case Instant():
                local = _date_time(value.us, _VIETNAM)
                sheet.write_datetime(row, column, local, self._instant)
            case Term():
                self._write(row, column, value.label.text(self.language))
            case bool():
                self._write(row, column, message("yes" if value else "no").text(self.language))
            case int():
                sheet.write_number(row, column, value, self._count)
            case date():
                sheet.write_datetime(row, column, value, self._day)
            case str():
                self._write(row, column, value)
            case _:
                assert_never(value)

    def _write(self, row: int, column: int, text: str) -> None:
        """A cell that is a text whatever it looks like; also `#N/A`, which is no error here."""
        clean = _FORBIDDEN.sub(lambda match: spell_out(match[0]), neutralise(text))
        if len(clean) > CELL_MAX:
            clean = f"{clean[: CELL_MAX - 1]}…"
        if len(clean) > self._widths[column]:
            self._note_lines(row, column, clean)
        self.sheet.write_string(row, column, clean, self._text)
