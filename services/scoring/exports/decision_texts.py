"""A decision, declaration or appeal of a sheet in words, for files and pages. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.messages import Message
from services.scoring.exports.messages import message
from services.scoring.ratings.labels import label
from services.scoring.ratings.sheet.model import Decision
from services.scoring.rubrics.model import Rubric


def decision_title(entry: Decision) -> Message:
    """What kind of decision it is."""
    return message(f"decision-{entry.type.replace('.', '-')}")


def decision_number(entry: Decision) -> str:
    """The number of the decision, or the key of the appeal; empty without one."""
    return str(entry.values.get("decision") or entry.values.get("appeal") or "")


def decision_contents(rubric: Rubric, entry: Decision) -> Iterator[Message]:
    """What it is about, where an appeal stands, which appeals it answers, and why."""
    values = entry.values
    indicator = rubric.by_id.get(str(values.get("indicator", "")))
    if indicator is not None:
        yield _same(indicator.vi)
    if "outcome" in values:
        yield message(f"outcome-{values['outcome']}")
    yield from (_same(str(values[name])) for name in ("reason", "note") if values.get(name))
    if entry.appeal is not None:
        yield _capital(label("appeal", entry.appeal.state))
        if not entry.appeal.in_time:
            yield message("appeal-late")
    elif entry.appeals and "appeal" not in values:
        yield message("answers-appeals", appeals=", ".join(entry.appeals))


def _same(text: str) -> Message:
    """A text that was written by people, in the language in which they wrote it."""
    return Message("text", text, text)


def _capital(text: Message) -> Message:
    return Message(text.code, *(f"{each[:1].upper()}{each[1:]}" for each in (text.vi, text.en)))
