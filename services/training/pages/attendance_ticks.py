"""The form by which a session is ticked: for each person presence, hours and test. Pure.

The fields of a person have the number of the row behind their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.chassis.web import formats
from services.chassis.web.forms import Form
from services.training.pages.messages import message

MEMBERS = ("present", "hours", "test")


def begun_fields(
    persons: Iterable[Mapping[str, Any]], session_hours: str, all_ticked: bool = False
) -> dict[str, Any]:
    """What the form begins with: the attendance of each, or that of whoever stays to the end.

    `all_ticked`: whoever is not entered yet begins as present.
    """
    fields: dict[str, Any] = {}
    for row, each in enumerate(persons):
        present = is_present(each)
        hours = each["hours"] if present else session_hours
        fields[f"person-{row}"], fields[f"test-{row}"] = each["person"], each["test"]
        fields[f"hours-{row}"] = formats.decimal(hours)
        begins = present or (all_ticked and each["hours"] is None)
        fields[f"present-{row}"] = "1" if begins else None
    return fields


def sent_persons(form: Form) -> list[str]:
    """The persons of the form, by row."""
    persons: list[str] = []
    while person := form.text(f"person-{len(persons)}"):
        persons.append(person)
    return persons


def persons_of(form: Form, everybody: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The persons of the form, by row, with what is known of each."""
    by_key = {each["person"]: each for each in everybody}
    unknown = {"hours": None, "test": None}
    return [by_key.get(key, {"person": key, **unknown}) for key in sent_persons(form)]


def attended_rows(
    form: Form, listed: Iterable[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], list[int]]:
    """The rows of the command, and beside each the row of the form.

    Whoever is not ticked is absent if the form says so of all, or was listed already; of others
    nothing is written down.
    """
    earlier = {each["person"]: each for each in listed}
    rows, places = [], []
    for row, person in enumerate(sent_persons(form)):
        before = earlier.get(person)
        if form.checked(f"present-{row}"):
            hours, test = form.text(f"hours-{row}").replace(",", "."), form.text(f"test-{row}")
        elif form.checked("absent") or before is not None:
            was_absent = before is not None and not is_present(before)
            hours, test = "0", before["test"] if before is not None and was_absent else ""
        else:
            continue
        rows.append({"person": person, "hours": hours} | ({"test": test} if test else {}))
        places.append(row)
    return rows, places


def is_present(person: Mapping[str, Any]) -> bool:
    """Whether somebody is written down as present: for some hours, or for a test passed."""
    return person["hours"] not in (None, "0") or person["test"] == "passed"


def name_unticked(form: Form, persons: Sequence[Mapping[str, Any]], session_hours: str) -> None:
    """Refuses hours and tests that were written beside somebody who is not ticked.

    They would be lost: whoever is not ticked is absent, or not entered at all.
    """
    begun = begun_fields(persons, session_hours)
    for row in range(len(persons)):
        hours, test = form.text(f"hours-{row}"), form.text(f"test-{row}")
        other_hours = hours not in ("", "0", begun[f"hours-{row}"])
        other_test = test not in ("", begun[f"test-{row}"])
        if not form.checked(f"present-{row}") and (other_hours or other_test):
            form.refuse(f"present-{row}", message("attendance-not-ticked"))


def take_over(form: Form, persons: Sequence[Mapping[str, Any]], session_hours: str) -> None:
    """Brings a form up to date with what others have entered since it was made.

    Whoever is not ticked gets their attendance; of whoever is, the form says what stands there now.
    """
    begun = begun_fields(persons, session_hours)
    for row, person in enumerate(persons):
        now = {f"{member}-{row}": str(begun[f"{member}-{row}"] or "") for member in MEMBERS}
        if form.checked(f"present-{row}"):
            other = any(form.text(name) != text for name, text in now.items())
            changed = other and person["hours"] is not None
        else:
            changed = is_present(person)
            form.values |= {name: [text] for name, text in now.items()}
        if changed and is_present(person):
            hours = formats.decimal(person["hours"])
            form.refuse(f"present-{row}", message("attendance-now", hours=hours))
        elif changed:
            form.refuse(f"present-{row}", message("attendance-now-absent"))


def name_rows(form: Form, places: list[int]) -> None:
    """Puts the faults of the rows of a command at the fields of the form."""
    for name in [each for each in form.errors if each.startswith("rows.")]:
        _, index, member = name.split(".", 2) if name.count(".") > 1 else ("", "", "")
        sentences = form.errors.pop(name)
        if not index.isdecimal() or int(index) >= len(places):
            form.general += sentences
            continue
        field = member if member in ("hours", "test") else "present"
        form.errors.setdefault(f"{field}-{places[int(index)]}", []).extend(sentences)
