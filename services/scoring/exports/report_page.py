"""The council's report as what a document shows: sections of tables, in one language. Pure.

The template `report.typ` lays it out. A text is data there and never markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from contracts.messages import Language, Message
from services.scoring.exports.decision_texts import decision_number, decision_title
from services.scoring.exports.event_labels import short_event_label
from services.scoring.exports.head import ExportHead
from services.scoring.exports.messages import message
from services.scoring.exports.wording import NONE, Wording
from services.scoring.ratings.class_reasons import sentence
from services.scoring.ratings.labels import class_label, label
from services.scoring.ratings.report.model import (
    LineDuties,
    Movement,
    Report,
    UnitAppeal,
    UnitDecision,
    UnitDuties,
)
from services.scoring.ratings.scores import hundredths
from services.scoring.ratings.sheet.numbers import figure

Members = dict[str, Any]
Columns = Sequence[tuple[str, int]]
"""The codes of the headings, and the widths in millimetres; 0 takes what is left."""
WORDS = ("motto-state", "motto", "place-and-date", "page-of", "report-council", "report-city")
UNIT, NUMBER = ("report-unit", 0), 17


def report_members(head: ExportHead, report: Report, language: Language) -> Members:
    """All texts that the template shows."""
    return _Document(head, report, language).members()


def reason_label(reason: str) -> Message:
    """Why the quarantine has an event."""
    return message(f"report-reason-{reason}")


def state_label(state: str) -> Message:
    """What became of an event of the quarantine."""
    return message(f"report-state-{state}")


class _Document(Wording):
    """The texts of one report in one language."""

    def __init__(self, head: ExportHead, report: Report, language: Language) -> None:
        super().__init__(language, message)
        self.head, self.report = head, report

    def members(self) -> Members:
        report = self.report
        title = self.text("report-title", year=report.year)
        return {
            "language": self.language,
            "title": title,
            "document": title,
            "words": {code: self.text(code) for code in WORDS},
            "subtitle": self.text("report-subtitle"),
            "notes": list(self._notes()),
            "about": list(self._about()),
            "sections": [
                self._targets(), self._classes(), self._movements(), self._decided(),
                self._events(), self._duties(),
            ],
            "foot": self.text("report-foot", year=report.year, version=report.version,
                              at=self.instant(self.head.at)),
        }  # fmt: skip

    def _notes(self) -> Iterator[str]:
        if not self.report.ended:
            yield self.text("report-running")
        if self.report.stage != "sealed":
            yield self.text("report-unsealed")

    def _about(self) -> Iterator[list[str]]:
        stage = self.say(label("stage", self.report.stage))
        yield [self.text("about-stage"),
               self.text("stage-line", stage=stage, version=self.report.version)]  # fmt: skip
        if self.report.until is not None:
            yield [self.text("about-until-instant"), self.instant(self.report.until)]
        yield [self.text("about-printed-at"), self.instant(self.head.at)]
        units = self.text("report-units", units=self.report.units,
                          before=self.report.units_before, year=self.report.year - 1)  # fmt: skip
        yield [self.text("report-rated"), units]
        for rubric in self.head.rubrics:
            yield [self.text("about-rubric"), f"{rubric.vi} ({rubric.id})"]

    def _section(self, code: str, *tables: Members, **values: Any) -> Members:
        return {"heading": self.text(code, **values), "tables": list(tables), "lines": []}

    def _table(self, columns: Columns, rows: Iterable[Sequence[str]], caption: str = "") -> Members:
        """A table; a cell may have a second line after a line feed."""
        return {
            "caption": caption,
            "columns": [
                {"title": self._heading(code), "width": width, "number": width == NUMBER}
                for code, width in columns
            ],
            "rows": [[cell.split("\n", 1) for cell in row] for row in rows],
            "none": self.text("no-decision"),
        }  # fmt: skip

    def _heading(self, code: str) -> str:
        """The heading of a column; a number is a year."""
        return self.text("report-year-column", year=code) if code.isdecimal() else self.text(code)

    def _years(self) -> Columns:
        """The columns of this year and of the one before."""
        return [(str(year), NUMBER) for year in (self.report.year, self.report.year - 1)]

    def _targets(self) -> Members:
        rows = [
            [f"{self.text('report-target', number=target.clause.number)}\n{target.clause.text}",
             f"{target.fulfilled}/{target.units}", self.share(target.share)]
            for target in self.report.targets
        ]  # fmt: skip
        columns = (("report-targets-column", 0), ("report-units-whole", NUMBER),
                   ("report-share", NUMBER))  # fmt: skip
        section = self._section("report-targets", self._table(columns, rows))
        for target in self.report.targets:
            if target.below:
                names = "; ".join(f"{x.name} ({self.share(x.share)})" for x in target.below)
                section["lines"].append(
                    self.text("report-below", number=target.clause.number, names=names)
                )
        return section

    def _classes(self) -> Members:
        rows = [
            [self.say(label("kind", counts.kind)) if first == 0 else "",
             self.say(class_label(counts.rubric, each.name))
             if each.name in counts.rubric.classes else each.name,
             self.count(each.number), self.count(each.before)]
            for counts in self.report.classes
            for first, each in enumerate(counts.classes)
        ]  # fmt: skip
        columns = (("column-kind", 55), ("column-class", 0), *self._years())  # fmt: skip
        return self._section("report-classes", self._table(columns, rows))

    def _movements(self) -> Members:
        moved, year = self.report.movements, self.report.year - 1
        section = self._section("report-movements", year=year)
        if not self.report.units_before:
            section["lines"].append(self.text("report-no-before", year=year))
            return section
        columns = (UNIT, ("report-change", NUMBER), ("report-totals", 26), ("column-class", 16),
                   ("report-why", 62))  # fmt: skip
        section["tables"] = [
            self._table(columns, map(self._movement, rows), self.text(code, number=len(rows)))
            for code, rows in (("report-fell", moved.fell), ("report-rose", moved.rose))
        ]
        section["lines"].append(self.text("report-stayed", number=moved.stayed))
        for code, units in (("report-entered", moved.entered), ("report-left", moved.left)):
            if units:
                names = "; ".join(each.name for each in units)
                section["lines"].append(self.text(code, number=len(units), names=names))
        return section

    def _movement(self, row: Movement) -> list[str]:
        classes = (
            row.class_name if row.class_name == row.class_before
            else f"{row.class_before} → {row.class_name}"
        )  # fmt: skip
        why = [
            f"{cause.indicator.vi if cause.indicator else self.say(label('part', cause.part))}: "
            f"{self.change(cause.change)}"
            for cause in row.causes
        ]
        why += [f"{r.from_class} → {r.to_class}: {self.say(sentence(r))}" for r in row.reasons]
        why += [self.text("report-method")] if row.method_differs else []
        totals = f"{self.number(row.before)} → {self.number(row.total)}"
        return [
            self._unit(row.name, row.unit),
            self.change(row.change),
            totals,
            classes,
            "; ".join(why),
        ]

    def _unit(self, name: str, key: str) -> str:
        return f"{' '.join(name.split())}\n{key}"

    def _decided(self) -> Members:
        report = self.report
        steps = [
            [self.say(label("stage", step.stage)), self.count(step.version), step.decision or NONE,
             NONE if step.date is None else self.day(date.fromisoformat(step.date))]
            for step in report.steps
        ]  # fmt: skip
        return self._section(
            "report-decided",
            self._table((("column-stage", 0), ("column-version", NUMBER), ("report-decision", 45),
                         ("report-date", 24)), steps, self.text("report-steps")),
            self._table((UNIT, ("report-what", 55), ("column-points", NUMBER),
                         ("report-decision", 32), ("report-date", 24)),
                        map(self._decision, report.decisions),
                        self.text("report-decisions", number=len(report.decisions))),
            self._table((UNIT, ("report-appeal", 32), ("report-state", 40), ("report-decision", 32),
                         ("report-date", 24)), map(self._appeal, report.appeals),
                        self.text("report-appeals", number=len(report.appeals))),
        )  # fmt: skip

    def _decision(self, row: UnitDecision) -> list[str]:
        amount = row.decision.values.get("points")
        what = self.say(decision_title(row.decision))
        appeals = row.decision.appeals
        if row.indicator is not None:
            what = f"{what}\n{row.indicator.vi}"
        number = decision_number(row.decision) or NONE
        if appeals:
            number = f"{number}\n{self.text('answers-appeals', appeals=', '.join(appeals))}"
        return [
            self._unit(row.name, row.unit), what,
            NONE if amount is None else self.change(hundredths(Fraction(str(amount)))), number,
            self.day_of(row.decision.time),
        ]  # fmt: skip

    def _appeal(self, row: UnitAppeal) -> list[str]:
        appeal, state = row.appeal, self.say(label("appeal", row.appeal.state.state)).capitalize()
        if not appeal.state.in_time:
            state = f"{state}\n{self.text('appeal-late')}"
        return [
            self._unit(row.name, appeal.unit),
            f"{appeal.appeal}\n{self.day_of(appeal.recorded)}", state,
            appeal.state.decision or NONE, self.day_of(appeal.state.decided),
        ]  # fmt: skip

    def _events(self) -> Members:
        report, unknown = self.report, self.text("report-door-unknown")
        late = [
            [self.say(short_event_label(each.type)), each.door or unknown, self.count(each.number)]
            for each in report.late or ()
        ]
        quarantined = [
            [self.say(reason_label(each.reason)), each.door or unknown,
             self.say(state_label(each.state)), self.count(each.number)]
            for each in report.quarantined
        ]  # fmt: skip
        section = self._section(
            "report-events",
            self._table((("report-type", 0), ("report-door", 50), ("report-number", NUMBER)), late,
                        self.text("report-late" if report.late is not None else "report-open")),
            self._table((("report-reason", 0), ("report-door", 40), ("report-state", 40),
                         ("report-number", NUMBER)), quarantined,
                        self.text("report-refused", year=report.year)),
        )  # fmt: skip
        section["lines"].append(self.text("report-refused-note"))
        return section

    def _duties(self) -> Members:
        columns = (UNIT, *self._years(),
                   ("report-median", NUMBER), ("report-fulfilled", NUMBER),
                   ("report-ask", 55))  # fmt: skip
        rows = map(self._unit_duties, self.report.duties)
        section = self._section("report-duties", self._table(columns, rows))
        section["lines"].append(self.text("report-duties-note"))
        return section

    def _unit_duties(self, row: UnitDuties) -> list[str]:
        ask: list[str] = []
        if row.striking:
            ask += [self.text("report-shrank")] if row.comparison.shrank else []
            ask += [self.text("report-below-peers")] if row.comparison.below_peers else []
            ask += map(self._line, row.lines)
        return [
            self._unit(row.name, row.unit), self.count(row.duties.obliged),
            self.count(row.comparison.before), self.median(row.comparison.median),
            self.count(row.duties.fulfilled), "; ".join(ask) or NONE,
        ]  # fmt: skip

    def _line(self, line: LineDuties) -> str:
        return self.text(
            "report-line", name=line.indicator.vi, obliged=line.comparison.obliged,
            before=self.count(line.comparison.before), median=self.median(line.comparison.median),
            year=self.report.year - 1,
        )  # fmt: skip

    def median(self, value: Fraction | None) -> str:
        """A median, which may lie half way between two numbers."""
        if value is None or value.denominator == 1:
            return self.count(None if value is None else value.numerator)
        return self.say(figure(f"{float(value):.1f}"))
