"""The ratings of a bundle, computed again from its events and rubrics by the pure core. Pure.

Unlike `year/verify`, which checks what was signed, this checks that the ratings follow from the
events by SCORING.md. Every field that an entry has is compared, except the texts of reasons.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from contracts import envelope
from contracts.envelope import ContractBroken, Recorded
from contracts.messages import Message
from contracts.moments import instant
from contracts.texts import normalise
from services.scoring.ratings import recount
from services.scoring.ratings.json import rating_members
from services.scoring.ratings.labels import label
from services.scoring.ratings.model import Rating
from services.scoring.rubrics import loader
from services.scoring.rubrics.errors import RubricRefused
from services.scoring.rubrics.model import Rubrics
from services.scoring.year.stages import SEALED
from services.scoring.year.verify.archive import Content
from services.scoring.year.verify.bundle import ENTRIES, BundleContent, content_of
from services.scoring.year.verify.discrepancies import Discrepancy, require
from services.scoring.year.verify.files import check
from services.scoring.year.verify.results import Proved

TEXTS = frozenset(("text", "text_vi", "text_en"))
"""The members of a reason that are its sentence."""
STEP = 1000
Step = Callable[[int, int], None]
"""Called with the number of entries that were read, and of all."""


ROOTS = frozenset(("root", "events-root"))
"""A root that differs names no line."""


def prove(data: Content, outside: Sequence[str], step: Step, draft: bool = False) -> Proved:
    """What a file proves by these keys from outside, or else by its own.

    The ratings of a bundle, which may be that of a draft, are computed again. Raises
    Discrepancy and UnreadableFile.
    """
    try:
        result = check(data, outside, step, draft)
    except Discrepancy as difference:
        if difference.code in ROOTS:
            difference.second = _moved_unit(data, step)
        raise
    if result.kind == "bundle":
        recompute(data, step)
    return result


def _moved_unit(data: Content, step: Step) -> Discrepancy | None:
    """The first unit whose rating does not follow from the events, in a bundle of any root."""
    try:
        recompute(data, step)
    except Discrepancy as difference:
        return difference
    return None


def recompute(data: Content, step: Step) -> int:
    """Computes every rating of a checked bundle again; the number of ratings.

    Raises Discrepancy with the first unit, or line, that differs.
    """
    content = content_of(data)
    computed = _computed(content, step)
    ratings = dict(_ratings(content))
    for unit in sorted(computed.keys() | ratings.keys()):
        require(unit in ratings, "rating-absent", unit)
        require(unit in computed, "rating-foreign", unit)
        _compare(unit, ratings[unit], sealed_rating(computed[unit], content.head.version))
    step(content.head.size, content.head.size)
    return len(ratings)


def _computed(content: BundleContent, step: Step) -> dict[str, Rating]:
    rubrics = _rubrics(content)
    accepted = recount.Accepted(_events(content, step))
    try:
        return recount.ratings(accepted, rubrics, content.head.year)
    except Exception as error:  # events that no door took: whoever made the file chose them
        raise Discrepancy("computation", ENTRIES, fault=type(error).__name__) from error


def sealed_rating(rating: Rating, version: int) -> Rating:
    """The rating as it is answered when its year is sealed."""
    labels = rating.labels._replace(stage=label("stage", SEALED))
    return msgspec.structs.replace(rating, stage=SEALED, version=version, labels=labels)


def _rubrics(content: BundleContent) -> Rubrics:
    """The rubrics of the bundle, each of which governs the year under its own id."""
    try:
        rubrics = loader.load_texts(dict(content.rubrics))
    except RubricRefused as refused:
        raise _with_fault("rubric-refused", "rubrics/", refused.faults[0]) from None
    for rubric in rubrics.items:
        name = f"rubrics/{rubric.id}.yaml"
        require(name in content.rubrics, "rubric-id", name, id=rubric.id)
        governs = any(rubric.governs(kind, content.head.year) for kind in rubric.kinds)
        require(governs, "rubric-year", name, year=content.head.year)
    return rubrics


def _events(content: BundleContent, step: Step) -> Iterator[Recorded]:
    for number, line in enumerate(content.events, start=1):
        event = json.loads(line)["event"]
        recorded = instant(event["recordedtime"])
        body = envelope.body(event, recorded, envelope.content_of(event))
        try:
            yield envelope.decode(body)
        except ContractBroken as broken:
            place = f"{ENTRIES}:{number}"
            raise _with_fault("contract", place, broken.detail, field=broken.field) from None
        if number % STEP == 0:
            step(number, content.head.size)


def _with_fault(code: str, place: str, fault: Message, **values: str) -> Discrepancy:
    """A discrepancy with a sentence of another catalogue, in both languages."""
    difference = Discrepancy(code, place, **values)
    difference.values["fault"] = fault
    return difference


def _ratings(content: BundleContent) -> Iterator[tuple[str, dict[str, Any]]]:
    for line in content.ratings:
        rating = json.loads(line)["rating"]
        yield rating["unit"], rating


def _compare(unit: str, sealed: Mapping[str, Any], rating: Rating) -> None:
    """Every field that the sealed rating has is as it was computed."""
    computed = normalise(json.loads(msgspec.json.encode(rating_members(rating))))
    for name, value in sealed.items():
        require(name in computed, "rating-field", unit, field=name,
                sealed=value, computed="")  # fmt: skip
        difference = _difference(name, value, computed[name])
        if difference is not None:
            field, value, expected = difference
            raise Discrepancy(
                "rating-field", unit, field=field, sealed=_spelled(value),
                computed=_spelled(expected),
            )  # fmt: skip


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _difference(field: str, value: Any, expected: Any) -> tuple[str, Any, Any] | None:
    """The first difference within a field: where, what is sealed, and what was computed."""
    if isinstance(value, dict) and isinstance(expected, dict):
        names = [name for name in sorted(value.keys() | expected.keys()) if not _text(field, name)]
        inner = (
            _difference(f"{field}.{name}", value.get(name), expected.get(name)) for name in names
        )
        return next((each for each in inner if each is not None), None)
    if isinstance(value, list) and isinstance(expected, list) and len(value) == len(expected):
        pairs = zip(value, expected, strict=True)
        rows = (_difference(f"{field}.{n}", *pair) for n, pair in enumerate(pairs))
        return next((each for each in rows if each is not None), None)
    return None if _same(value, expected) else (field, value, expected)


def _text(field: str, name: str) -> bool:
    return name in TEXTS and field.startswith("reasons.") and field.count(".") == 1


def _same(value: Any, expected: Any) -> bool:
    """Equal, and of the same type: true is not 1."""
    return type(value) is type(expected) and bool(value == expected)
