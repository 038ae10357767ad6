"""The bars and lines of sheets as HTML, kept while the lines are the same.

They are the greater part of a sheet, and say nothing of other units: what was written of a sheet is
written again only when the facts of its unit have changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from markupsafe import Markup

from contracts.messages import Language
from services.chassis.http.language import page_language
from services.chassis.web.site import Site
from services.scoring.ratings.sheet.model import Sheet, SheetLine
from services.scoring.readmodel.recent import Recent
from services.scoring.rubrics.model import Rubric
from services.scoring.web import sheet_rows

SECTIONS_MAX = 256


class LineSection(NamedTuple):
    """The HTML of these very lines."""

    lines: tuple[SheetLine, ...]
    html: Markup


@dataclass
class LineSections:
    """What was written last, by the address of the events of a sheet, and the language."""

    site: Site
    _sections: Recent[tuple[str, Language], LineSection] = field(
        default_factory=lambda: Recent(SECTIONS_MAX)
    )

    def of(self, sheet: Sheet, rubric: Rubric, events: str) -> Markup:
        """The bars and lines of a sheet; `events` is the address of a line's events, without id."""
        key = (events, page_language())
        section = self._sections.get(key)
        if section is None or section.lines is not sheet.lines:
            section = LineSection(sheet.lines, self._html(sheet, rubric, events))
        return self._sections.keep(key, section).html

    def _html(self, sheet: Sheet, rubric: Rubric, events: str) -> Markup:
        groups = sheet_rows.line_groups(sheet)
        template = self.site.environment.get_template("unit_lines.html")
        return Markup(
            template.render(
                sheet=sheet, groups=groups, few=sheet_rows.FEW, events=events,
                bars=sheet_rows.sheet_bars(sheet, groups, rubric, events),
            )
        )  # fmt: skip
