"""Events by a form: their source, where a person is led back to, and who is offered which form."""

from __future__ import annotations

import pytest

from contracts.catalog import CANONICAL
from services.intake.pages.events import DESK_SOURCE, FORMS, desk_address, source_of
from services.intake.pages.site import SENDERS


@pytest.mark.parametrize(
    ("sources", "source"),
    [
        (("*",), DESK_SOURCE), (("urn:xa:",), "urn:xa:desk"),
        (("https://xa.vn",), "https://xa.vn/desk"), ((), DESK_SOURCE),
    ],
)  # fmt: skip
def test_a_form_sends_below_the_first_source_of_the_person(
    sources: tuple[str, ...], source: str
) -> None:
    """Never under the very source of a department's own system, whose ids it could meet."""
    assert source_of(sources) == source


def test_a_receipt_leads_back_to_the_desk_that_waits_for_it() -> None:
    """An address that was typed by hand leads to the desk, and to no other place."""
    assert desk_address("answer", "2025", "0" * 32) == f"/desk/2025/appeals?wait_for={'0' * 32}"
    assert desk_address("answer", "//x", "0" * 32) == desk_address("x", "2025", "0") == "/desk"


def test_every_form_names_the_fields_of_its_event_and_roles_that_may_open_it() -> None:
    """No field is missing or foreign, and whoever may send one of the events is let in."""
    roles = frozenset(role for form in FORMS.values() for role in form.kind.roles)
    assert roles == SENDERS.roles
    for form in FORMS.values():
        fields = set(CANONICAL[form.short].data.__struct_fields__) - {"year", "evidence"}
        assert {*form.typed, *filter(None, [form.about])} == fields, form
