"""A sheet as what a page shows: texts in their order, in one language. Pure.

The template `sheet.typ` lays it out. A text is data there and never markup.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any

from contracts.messages import Language
from services.scoring.exports.columns import result_label
from services.scoring.exports.decision_texts import (
    decision_contents,
    decision_number,
    decision_title,
)
from services.scoring.exports.head import ExportHead
from services.scoring.exports.messages import message
from services.scoring.exports.wording import Wording
from services.scoring.ratings.class_reasons import sentence
from services.scoring.ratings.labels import class_label, label
from services.scoring.ratings.model import CeilingReason, GateReason, Rating, Reason
from services.scoring.ratings.sheet.model import Decision, Sheet, SheetLine
from services.scoring.ratings.sheet.numbers import percent
from services.scoring.ratings.sheet.self_scores import self_score
from services.scoring.rubrics.kinds import Kind
from services.scoring.rubrics.model import Rubric

Members = dict[str, Any]
ROOT_LETTERS = 16
WORDS = (
    "motto-state", "motto", "column-number", "column-line", "column-state",
    "column-most", "column-score-short", "section-lines", "section-reasons",
    "section-decisions", "column-date", "column-decision", "column-content",
    "column-points", "place-and-date", "signature-author", "signature-author-how",
    "signature-head", "signature-head-how", "page-of", "qr-caption", "no-decision",
)  # fmt: skip
"""The texts that are the same on every sheet."""


def page_members(head: ExportHead, sheet: Sheet, language: Language) -> Members:
    """All texts that the template shows."""
    return _Page(head, sheet, language).members()


class _Page(Wording):
    """The texts of one sheet in one language."""

    def __init__(self, head: ExportHead, sheet: Sheet, language: Language) -> None:
        super().__init__(language, message)
        self.head, self.sheet = head, sheet
        self.rating: Rating = sheet.rating
        self.rubric: Rubric = head.by_id[sheet.rating.rubric]

    def members(self) -> Members:
        rating = self.rating
        title = self.text("sheet-title", year=rating.year)
        return {
            "language": self.language,
            "title": title,
            "document": f"{title} - {rating.name} ({rating.unit})",
            "words": {code: self.text(code) for code in WORDS},
            "unit": {"name": rating.name, "key": rating.unit, "kind": self.say(rating.labels.kind)},
            "subtitle": self.text("subtitle", name=rating.name, unit=rating.unit),
            "stage_note": self._stage_note(),
            "about": list(self._about()),
            "total": self.number(rating.total),
            "class": self.say(class_label(self.rubric, rating.class_name)),
            "rank": self._rank(),
            "sums": list(self._sums()),
            "groups": list(self._groups()),
            "notes": list(self._notes()),
            "reasons": [self._reason(reason) for reason in rating.reasons],
            "decisions": [self._decision(entry) for entry in self._decisions()],
            "foot": self.text("page-foot", unit=rating.unit, year=rating.year,
                              version=rating.version, at=self.instant(self.head.at)),
            "address": self.head.address or "",
        }  # fmt: skip

    def _stage(self) -> str:
        stage = self.say(label("stage", self.head.stage))
        return self.text("stage-line", stage=stage, version=self.head.version)

    def _stage_note(self) -> str:
        """Whether the result is final; nothing where it is sealed."""
        return "" if self.head.stage == "sealed" else self.text(f"note-{self.head.stage}")

    def _about(self) -> Iterator[list[str]]:
        rating, rubric = self.rating, self.rubric
        yield [self.text("about-rubric"), f"{rubric.vi} ({rubric.id})"]
        yield [self.text("about-rubric-reference"), rubric.reference]
        yield [self.text("about-stage"), self._stage()]
        if self.head.as_of is not None:
            yield [self.text("about-until-instant"), self.instant(self.head.as_of)]
        yield [self.text("about-printed-at"), self.instant(self.head.at)]
        if self.head.root is not None:
            yield [self.text("about-root-letters"), self.head.root[:ROOT_LETTERS]]
            yield [self.text("about-address"), self.head.address or ""]
        if self.sheet.other_rating is not None:
            yield [self.text("about-view"), self.say(label("view", self.sheet.view))]
        if rating.until is not None:
            yield [self.text("column-until"), self.day(rating.until)]
        if rating.predecessors:
            yield [self.text("column-predecessors"), ", ".join(rating.predecessors)]
        if rating.successors:
            yield [self.text("column-successors"), ", ".join(rating.successors)]
        if rating.heads:
            heads = (self.text("head-since", head=key, since=self.day(date.fromisoformat(since)))
                     for key, since in rating.heads)  # fmt: skip
            yield [self.text("about-heads"), "; ".join(heads)]
        if rating.results:
            results = (self.say(result_label(each)) for each in rating.results)
            yield [self.text("about-result"), "; ".join(results)]

    def _rank(self) -> str:
        if self.rating.rank is not None:
            return self.text("rank", rank=self.rating.rank)
        return self.text("rank-part-year" if self.rating.part_year else "rank-none")

    def _sums(self) -> Iterator[list[str]]:
        rating = self.rating
        yield [self.text("column-basic"), self.number(rating.basic)]
        yield [self.text("column-bonus"), self.number(rating.bonus)]
        yield [self.text("column-deduction"), self.number(-rating.deduction)]
        yield [self.text("column-adjustment"), self.number(rating.adjustment)]
        yield [self.text("column-total"), self.number(rating.total)]

    def _groups(self) -> Iterator[Members]:
        """The lines by group, then those that are added and taken away."""
        number, lines = 0, self.sheet.lines
        for group in self.sheet.groups:
            own = [line for line in lines if _group_of(line) == group.group.id]
            if not own:
                continue
            yield {
                "name": group.group.vi, "clause": group.group.clause,
                "points": self.fraction(group.points), "score": self.number(group.score),
                "lines": [self._line(number + n, line) for n, line in enumerate(own, start=1)],
            }  # fmt: skip
            number += len(own)
        for kind, code in ((Kind.BONUS, "group-bonus"), (Kind.DEDUCTION, "group-deduction")):
            own = [line for line in lines if line.line.indicator.kind is kind]
            if own:
                score = sum(line.line.score for line in own)
                yield {
                    "name": self.text(code), "clause": "", "points": "",
                    "score": self.number(score),
                    "lines": [self._line(number + n, line) for n, line in enumerate(own, start=1)],
                }  # fmt: skip
                number += len(own)

    def _line(self, number: int, sheet_line: SheetLine) -> Members:
        line, indicator = sheet_line.line, sheet_line.line.indicator
        return {
            "number": str(number), "name": indicator.vi, "clause": indicator.clause,
            "state": _sentence("; ".join(self._state(sheet_line))),
            "points": self.fraction(indicator.points_max),
            "score": self.number(line.score) if line.counts else "–",
        }  # fmt: skip

    def _state(self, sheet_line: SheetLine) -> Iterator[str]:
        line, scale = sheet_line.line, sheet_line.scale
        yield self.say(sheet_line.text)
        if scale is not None and line.empty is None:
            reached = scale.reached
            yield (
                self.text("step-none") if reached is None
                else self.text("step-reached", at_least=percent(reached.at_least))
            )  # fmt: skip
        if sheet_line.cut is not None:
            yield self.say(sheet_line.cut.text)
        own = self_score(self.sheet.self_scores, line)
        if own is not None and own.difference is not None:
            yield self.text(
                "self-score", points=self.fraction(Fraction(own.points, 100)),
                difference=self.fraction(Fraction(own.difference, 100)),
            )  # fmt: skip

    def _notes(self) -> Iterator[str]:
        sheet = self.sheet
        if sheet.rebase is not None:
            yield self.text("rebased", counting=self.fraction(sheet.rebase.counting),
                            all=self.fraction(sheet.rebase.all))  # fmt: skip
        for cut in (sheet.adjustment_cut, sheet.total_cut):
            if cut is not None:
                yield _sentence(f"{self.say(cut.text)}.")

    def _reason(self, reason: Reason) -> Members:
        clause = ""
        if isinstance(reason, CeilingReason):
            clause = reason.indicator.clause
        elif isinstance(reason, GateReason):
            clause = reason.misses[0].subject.clause
        lowered = self.text("lowered", before=reason.from_class, after=reason.to_class)
        return {"lowered": lowered, "text": self.say(sentence(reason)), "clause": clause}

    def _decisions(self) -> list[Decision]:
        sheet = self.sheet
        entries = (*sheet.adjustments, *sheet.exemptions, *sheet.declarations, *sheet.appeals)
        return sorted(entries, key=lambda entry: entry.time)

    def _decision(self, entry: Decision) -> Members:
        amount = entry.values.get("points")
        return {
            "date": self.instant(entry.time),
            "kind": self.say(decision_title(entry)),
            "number": decision_number(entry),
            "contents": [self.say(each) for each in decision_contents(self.rubric, entry)],
            "source": entry.source,
            "points": "" if amount is None else self.fraction(Fraction(str(amount))),
        }


def _group_of(line: SheetLine) -> str | None:
    indicator = line.line.indicator
    return indicator.group if indicator.kind.basic else None


def _sentence(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]
