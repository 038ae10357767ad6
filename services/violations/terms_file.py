"""Loads the YAML file of legal terms; TermsRefused has the file, the line and the reason."""

from pathlib import Path
from typing import Any, get_args

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from contracts import moments
from contracts.messages import Message, at_line
from services.chassis.errors import DanchuError
from services.violations.messages import message
from services.violations.terms import COMPLEXITIES, NAMES, Status, Term, Terms

FILE = Path(__file__).parent / "terms.yaml"
FIELDS = frozenset(("name", "vi", "from", "until", "days", "clause", "reference", "status", "note"))
DAYS_MAX = 3660


class TermsRefused(DanchuError):
    """The file of terms is invalid; the message has the line and the reason."""

    def __init__(self, file: Path, line: int, reason: Message) -> None:
        self.line, self.reason = line, reason
        super().__init__(at_line(file.name, line, reason))


class _TermFault(ValueError):
    """The fault of one term, before its line is known."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


def load(file: Path = FILE) -> Terms:
    """Reads and checks the terms of a file."""
    try:
        root = YAML(typ="rt", pure=True).load(file.read_text(encoding="utf-8"))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise TermsRefused(file, mark.line + 1 if mark else 1, message("terms-yaml")) from error
    entries = root.get("terms") if isinstance(root, CommentedMap) else None
    if not isinstance(entries, CommentedSeq) or set(root) != {"terms"}:
        raise TermsRefused(file, 1, message("terms-list"))
    read = []
    for place, entry in enumerate(entries):
        line = entries.lc.item(place)[0] + 1
        try:
            read.append(_term(entry))
            _check_unjoined(read)
        except _TermFault as fault:
            raise TermsRefused(file, line, fault.reason) from fault
    missing = set(NAMES) - {term.name for term in read}
    if missing:
        raise TermsRefused(file, 1, message("terms-missing", names=", ".join(sorted(missing))))
    return Terms(tuple(read))


def _term(entry: Any) -> Term:
    if not isinstance(entry, CommentedMap) or set(entry) != FIELDS:
        raise _TermFault(message("terms-fields", fields=", ".join(sorted(FIELDS))))
    for field in FIELDS - {"days", "from", "until"}:
        if not isinstance(entry[field], str) or not entry[field].strip():
            raise _TermFault(message("terms-text", field=field))
    if entry["name"] not in NAMES:
        raise _TermFault(message("terms-one-of", field="name", choices=", ".join(NAMES)))
    if entry["status"] not in get_args(Status):
        choices = ", ".join(get_args(Status))
        raise _TermFault(message("terms-one-of", field="status", choices=choices))
    first = _day("from", entry["from"])
    last = None if entry["until"] is None else _day("until", entry["until"])
    if last is not None and last < first:
        raise _TermFault(message("terms-until"))
    return Term(
        entry["name"], entry["vi"], first, last, _days(entry["days"]), entry["clause"],
        entry["reference"], entry["status"], entry["note"],
    )  # fmt: skip


def _day(field: str, value: Any) -> int:
    if not isinstance(value, str):
        raise _TermFault(message("terms-day-quotes", field=field))
    try:
        return moments.day_ordinal(value)
    except ValueError:
        raise _TermFault(message("terms-day", field=field)) from None


def _days(value: Any) -> dict[Any, int]:
    if not isinstance(value, CommentedMap) or set(value) != set(COMPLEXITIES):
        raise _TermFault(message("terms-days-for", cases=", ".join(COMPLEXITIES)))
    numbers = [value[name] for name in COMPLEXITIES]
    if not all(type(days) is int and 0 < days <= DAYS_MAX for days in numbers):
        raise _TermFault(message("terms-days", most=DAYS_MAX))
    if numbers != sorted(numbers):
        raise _TermFault(message("terms-days-fall"))
    return dict(zip(COMPLEXITIES, numbers, strict=True))


def _check_unjoined(read: list[Term]) -> None:
    """Refuses the last term if another of the same name is in force on one of its days."""
    new = read[-1]
    for term in read[:-1]:
        ends = term.last is not None and term.last < new.first
        begins = new.last is not None and new.last < term.first
        if term.name == new.name and not (ends or begins):
            raise _TermFault(message("terms-twice", name=new.name))
