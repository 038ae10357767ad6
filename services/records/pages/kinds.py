"""What the pages of a kind of record are made from: its steps, their fields, and its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from contracts.messages import Message
from services.chassis.web.forms import Form
from services.chassis.web.site import PageAccess, Visit
from services.records.labels import Label

Record = Mapping[str, Any]
FieldKind = Literal["line", "area", "day", "number", "select", "box"]
EVIDENCE = "evidence"


class StepField(NamedTuple):
    """A field of the form of a step.

    `offered` says to whom and for which record it is shown: a box that is not shown is not ticked,
    and any other field is left out of the command.
    """

    name: str
    kind: FieldKind = "line"
    required: bool = False
    options: Sequence[tuple[str, Message]] = ()
    offered: Callable[[Visit, Record], bool] = lambda visit, record: True


def _nothing(record: Record) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class StepForm:
    """The form of a step; `begun` is what its fields begin with, `grave` marks what clears."""

    name: str
    fields: tuple[StepField, ...]
    roles: tuple[str, ...]
    grave: bool = False
    begun: Callable[[Record], Mapping[str, Any]] = _nothing

    def fields_for(self, visit: Visit, record: Record) -> list[StepField]:
        """The fields that this person is asked."""
        return [each for each in self.fields if each.offered(visit, record)]

    def command(self, form: Form, offered: Sequence[StepField]) -> dict[str, Any]:
        """The body of the command; the fields of a document make one entry of `evidence`."""
        body: dict[str, Any] = {}
        for each in self.fields:
            text = form.text(each.name) if each in offered else ""
            if each.kind == "box":
                body[each.name] = bool(text)
            elif text:
                number = each.kind == "number" and text.isascii() and text.isdigit()
                body[each.name] = int(text) if number else text
        document = {name: body.pop(name) for name in ("document", "url") if name in body}
        return body | ({EVIDENCE: [document]} if document else {})


def name_document_faults(form: Form) -> None:
    """Puts the faults of the entry of `evidence` at the fields of the document."""
    for name in [each for each in form.errors if each.startswith(EVIDENCE)]:
        last = name.rpartition(".")[2]
        form.errors[last if last in ("document", "url") else "document"] = form.errors.pop(name)


@dataclass(frozen=True)
class RecordKind:
    """A kind of record as pages show it.

    `command` is what a step is called as a command, `labels` the words of the values of a journal.
    `title` names a record, `list_title` their list.
    """

    service: str
    collection: str
    list_title: Message
    title: Callable[[Record], Message | str]
    command: Callable[[str], Message]
    steps: tuple[StepForm, ...]
    journal_roles: tuple[str, ...]
    retract_roles: tuple[str, ...]
    labels: Mapping[str, Label] = field(default_factory=dict)

    @property
    def list_address(self) -> str:
        """Where the list is."""
        return f"/{self.service}/pages/{self.collection}"

    def address(self, id_: str) -> str:
        """Where the page of a record is."""
        return f"{self.list_address}/{quote(id_)}"

    def route(self, step: str) -> str:
        """The path of a step in the table of pages."""
        return f"/{self.collection}/{{id}}/{step}"

    def rows(self) -> dict[str, PageAccess]:
        """The rows of the table of pages for steps, journal and retraction."""
        rows = {f"GET {self.route('journal')}": PageAccess(frozenset(self.journal_roles))}
        for step in self.steps:
            access = PageAccess(frozenset(step.roles))
            rows |= {f"{method} {self.route(step.name)}": access for method in ("GET", "POST")}
        access = PageAccess(frozenset(self.retract_roles))
        retract = self.route("retract/{version}")
        return rows | {f"{method} {retract}": access for method in ("GET", "POST")}

    def next_steps(self, visit: Visit, record: Record) -> list[StepForm]:
        """The steps that are possible now and that the person may take, the usual ones first."""
        possible = record.get("possible", ())
        return [
            step for step in self.steps
            if step.name in possible and visit.may(f"POST {self.route(step.name)}")
        ]  # fmt: skip
