"""The entries of the log: form and fields of events, ratings and the year (SEAL.md section 1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

from services.scoring.year.verify.discrepancies import Discrepancy, require
from services.scoring.year.verify.texts import (
    hash_of,
    instant,
    is_count,
    is_hex,
    is_text,
    members,
    utc_instant,
)

FORMAT = 1
SALT_DIGITS = 32
JSON = "application/json"
VIETNAM = timezone(timedelta(hours=7))
_TYPE = re.compile(r"vn\.danchu\.([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)\.v[1-9][0-9]{0,3}", re.ASCII)
_POINTS = re.compile(r"-?[0-9]{1,20}\.[0-9]{2}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EVENT = frozenset(("entry", "event", "salt"))
_RATING = frozenset(("entry", "rating", "salt"))
_ATTRIBUTES = frozenset(
    ("data", "id", "recordedtime", "source", "specversion", "subject", "time", "type")
)
_OPTIONAL = frozenset(("datacontenttype", "dataschema"))
_POINT_FIELDS = ("basic", "bonus", "deduction", "adjustment", "total")
_RATING_FIELDS = frozenset((
    "unit", "name", "kind", "year", "rubric", "stage", "version", *_POINT_FIELDS, "class", "rank",
    "part_year", "scores", "empty", "reasons", "as_of",
))  # fmt: skip
"""What every rating has; further fields are checked by the recomputation."""
_YEAR = frozenset((
    "cut", "date", "decision", "entry", "events", "events_root", "format", "previous", "ratings",
    "reason", "reopened", "rubrics", "version", "year",
))  # fmt: skip


class EventOrder(NamedTuple):
    """The order of events: by instant of `recordedtime`, source and id."""

    recorded: datetime
    source: str
    id: str


class ClosingEntry(NamedTuple):
    """The last entry: what was sealed, and when."""

    year: int
    version: int
    cut: datetime
    cut_text: str
    events: int
    events_root: bytes
    ratings: int
    rubrics: dict[str, str]

    @property
    def size(self) -> int:
        """The number of entries of the log."""
        return self.events + self.ratings + 1


def closing_entry(entry: Any, place: str) -> ClosingEntry:
    """The entry of the year; Discrepancy where a member has another form."""
    members(entry, _YEAR, place)
    cut = utc_instant(entry["cut"])
    forms = {
        "entry": entry["entry"] == "year",
        "format": type(entry["format"]) is int and entry["format"] == FORMAT,
        "year": is_count(entry["year"]),
        "version": is_count(entry["version"]) and entry["version"] > 0,
        "events": is_count(entry["events"]),
        "ratings": is_count(entry["ratings"]),
        "cut": cut is not None,
        "date": _is_date(entry["date"]),
        "decision": is_text(entry["decision"]),
        "reason": is_text(entry["reason"]),
    }
    for member, holds in forms.items():
        require(holds, "member-form", place, member=member, value=entry[member])
    _check_versions(entry, place)
    assert cut is not None
    return ClosingEntry(
        entry["year"], entry["version"], cut, entry["cut"], entry["events"],
        hash_of(entry["events_root"], place, "events_root"), entry["ratings"],
        _rubrics(entry["rubrics"], place),
    )  # fmt: skip


def _check_versions(entry: dict[str, Any], place: str) -> None:
    """A first version has nothing before it; a later one has a root, and the reopening."""
    later = entry["version"] > 1
    for member in ("previous", "reopened"):
        require((entry[member] is not None) == later, "version-before", place, member=member)
    if later:
        hash_of(entry["previous"], place, "previous")
        reopened = members(entry["reopened"], ("date", "decision", "reason"), f"{place} reopened")
        holds = _is_date(reopened["date"]) and is_text(reopened["decision"])
        require(
            holds and is_text(reopened["reason"]), "member-form", place,
            member="reopened", value=reopened,
        )  # fmt: skip


def _rubrics(value: Any, place: str) -> dict[str, str]:
    """The digests of the rubrics by id, in the order of the ids."""
    require(isinstance(value, list) and len(value) > 0, "member-form", place, member="rubrics",
            value=value)  # fmt: skip
    digests: dict[str, str] = {}
    for each in value:
        members(each, ("id", "sha256"), f"{place} rubrics")
        holds = is_text(each["id"]) and is_hex(each["sha256"], 64)
        require(holds, "member-form", place, member="rubrics", value=each)
        require(not digests or max(digests) < each["id"], "rubric-order", place, id=each["id"])
        digests[each["id"]] = each["sha256"]
    return digests


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return False
    return instant(f"{value}T00:00:00Z") is not None


def event_order(entry: Any, year: int, cut: datetime, place: str) -> EventOrder:
    """The order of an entry that is an event of the year, recorded up to the cut."""
    if not isinstance(entry, dict) or entry.keys() != _EVENT:
        members(entry, _EVENT, place)
    event = entry["event"]
    if not isinstance(event, dict) or event.keys() != _ATTRIBUTES:
        names = _ATTRIBUTES | (_OPTIONAL & event.keys() if isinstance(event, dict) else set())
        members(event, names, f"{place} event")
    recorded, time = utc_instant(event["recordedtime"]), instant(event["time"])
    kind = _TYPE.fullmatch(event["type"]) if isinstance(event["type"], str) else None
    if recorded is None or time is None or kind is None or not _has_form(entry, event):
        raise _first_fault(entry, event, place)
    require(recorded <= cut, "after-cut", place, time=event["recordedtime"])
    if not _is_of_year(kind[1], kind[2], event["data"], time, year):
        raise Discrepancy("not-of-year", place, type=event["type"], year=year)
    return EventOrder(recorded, event["source"], event["id"])


def _has_form(entry: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether the members have their form, but the instants and the type; for the common case."""
    texts = is_text(event["id"]) and is_text(event["source"]) and is_text(event["subject"])
    return (
        texts
        and is_hex(entry["salt"], SALT_DIGITS)
        and event["specversion"] == "1.0"
        and isinstance(event["data"], dict)
        and event.get("datacontenttype", JSON) == JSON
        and isinstance(event.get("dataschema", ""), str)
    )


def _first_fault(entry: dict[str, Any], event: dict[str, Any], place: str) -> Discrepancy:
    """The first member of an event's entry that has another form."""
    kind = isinstance(event["type"], str) and _TYPE.fullmatch(event["type"])
    forms = {
        **{name: is_text(event[name]) for name in ("id", "source", "subject")},
        "specversion": event["specversion"] == "1.0",
        "datacontenttype": event.get("datacontenttype", JSON) == JSON,
        "dataschema": isinstance(event.get("dataschema", ""), str),
        "data": isinstance(event["data"], dict),
        "type": bool(kind),
        "time": instant(event["time"]) is not None,
        "recordedtime": utc_instant(event["recordedtime"]) is not None,
        "salt": False,
    }
    member = next(name for name, holds in forms.items() if not holds)
    return Discrepancy("member-form", place, member=member, value={**event, **entry}[member])


def _is_of_year(domain: str, name: str, data: dict[str, Any], time: datetime, year: int) -> bool:
    """Whether it is an event of this year, of the registry, or a retraction."""
    if domain in ("year", "rating"):
        return False
    if domain == "unit" or (domain == "event" and name == "retracted"):
        return True
    of_year = data["year"] if "year" in data else _local_year(time)
    return type(of_year) is int and of_year == year


def _local_year(time: datetime) -> int:
    """The calendar year in Asia/Ho_Chi_Minh; also of the first and the last hours there are."""
    try:
        return time.astimezone(VIETNAM).year
    except OverflowError:
        return time.astimezone(UTC).year + 1


def rating_unit(entry: Any, head: ClosingEntry, place: str) -> str:
    """The unit of an entry that is a rating of this seal."""
    members(entry, _RATING, place)
    salt, rating = entry["salt"], entry["rating"]
    require(is_hex(salt, SALT_DIGITS), "member-form", place, member="salt", value=salt)
    require(isinstance(rating, dict), "object", place)
    for name in sorted(_RATING_FIELDS - rating.keys()):
        raise Discrepancy("member-missing", place, member=name)
    forms = {
        "unit": is_text(rating["unit"]),
        "year": type(rating["year"]) is int and rating["year"] == head.year,
        "version": type(rating["version"]) is int and rating["version"] == head.version,
        "stage": rating["stage"] == "sealed",
        "as_of": rating["as_of"] is None,
        "rubric": isinstance(rating["rubric"], str) and rating["rubric"] in head.rubrics,
        "rank": rating["rank"] is None or (is_count(rating["rank"]) and rating["rank"] > 0),
        "part_year": isinstance(rating["part_year"], bool),
        "scores": isinstance(rating["scores"], dict)
        and all(is_points(score) for score in rating["scores"].values()),
        "empty": isinstance(rating["empty"], dict),
        "reasons": isinstance(rating["reasons"], list),
        **{name: is_text(rating[name]) for name in ("name", "kind", "class")},
        **{name: is_points(rating[name]) for name in _POINT_FIELDS},
    }
    for member, holds in forms.items():
        require(holds, "member-form", place, member=member, value=rating[member])
    unit: str = rating["unit"]
    return unit


def is_points(value: Any) -> bool:
    """Whether it is a text of points with two decimals."""
    return isinstance(value, str) and bool(_POINTS.fullmatch(value))
