"""What the pages of a kind of record are made from: its steps, their fields, and its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from urllib.parse import quote, urlencode

from contracts.messages import Message
from services.chassis.web.forms import Form
from services.chassis.web.site import PageAccess, Visit
from services.records.labels import Label
from services.records.pages.messages import message
from services.records.work import DECIDES

Record = Mapping[str, Any]
FieldKind = Literal["line", "area", "day", "moment", "number", "decimal", "select", "box"]
Options = Sequence[tuple[str, Message | str]]
EVIDENCE = "evidence"
LOCAL_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d", re.ASCII)
SHORT_LENGTH = 8
LOCAL_MOMENT_LENGTH = len("2025-03-01T08:00")


class StepField(NamedTuple):
    """A field of the form of a step; `options` may depend on the record.

    `label` says what it is called, where that is not by its name.

    `offered` says to whom and for which record it is shown: a box that is not shown is not ticked,
    and any other field is left out of the command.
    """

    name: str
    kind: FieldKind = "line"
    required: bool = False
    options: Options | Callable[[Record], Options] = ()
    offered: Callable[[Visit, Record], bool] = lambda visit, record: True
    label: str = ""

    @property
    def code(self) -> str:
        """The end of the code of its label: `field-<code>`."""
        return self.label or self.name


def short_id(record: Record) -> str:
    """The end of the id of a record, by which persons tell apart what has no name."""
    return str(record["id"])[-SHORT_LENGTH:]


def options(label: Label, values: Iterable[str]) -> tuple[tuple[str, Message], ...]:
    """The values of a choice, each in words."""
    return tuple((value, label(value)) for value in values)


def by_its_role(visit: Visit, entry: Record) -> bool:
    """Whether a person may take a step back: with the role that entered it, or as the council."""
    return visit.caller.role in (entry["role"], DECIDES)


def _unhindered(record: Record, now: int) -> Message | None:
    return None


def _nothing(record: Record, query: Mapping[str, str]) -> Mapping[str, Any]:
    return {}


def local_moment(instant: str) -> str:
    """An instant as a field of kind `moment` begins with it: the local day and minute."""
    return instant[:LOCAL_MOMENT_LENGTH]


def member_of(kind: FieldKind, text: str) -> Any:
    """What stands in a field as a member of a command; a text that is no such value stays one."""
    if kind == "number" and text.isascii() and text.isdigit():
        return int(text)
    if kind == "moment" and LOCAL_MOMENT.fullmatch(text):
        return f"{text}:00+07:00"
    return text.replace(",", ".") if kind == "decimal" else text


def _member_before(kind: FieldKind, begun: Any) -> Any:
    """What a field begins with as a member of a command."""
    return bool(begun) if kind == "box" else member_of(kind, str(begun or ""))


@dataclass(frozen=True)
class StepForm:
    """The form of a step; `grave` marks what clears.

    `begun` is what its fields begin with, by the record and by what the address says. A step that
    `changes` what the record has sends only those fields that are other than they began. One that
    is not `journaled`, such as on a person and not on a record, cannot be retracted. `hindrance` is
    what rules it out at an instant although the stage allows it, with any data.
    """

    name: str
    fields: tuple[StepField, ...]
    roles: tuple[str, ...]
    grave: bool = False
    begun: Callable[[Record, Mapping[str, str]], Mapping[str, Any]] = _nothing
    changes: bool = False
    journaled: bool = True
    hindrance: Callable[[Record, int], Message | None] = _unhindered

    def fields_for(self, visit: Visit, record: Record) -> list[StepField]:
        """The fields that this person is asked, each with its options."""
        return [
            each._replace(options=each.options(record) if callable(each.options) else each.options)
            for each in self.fields
            if each.offered(visit, record)
        ]

    def command(self, form: Form, offered: Sequence[StepField]) -> dict[str, Any]:
        """The body of the command; the fields of a document make one entry of `evidence`."""
        body: dict[str, Any] = {}
        names = {each.name for each in offered}
        for each in self.fields:
            text = form.text(each.name) if each.name in names else ""
            if each.kind == "box":
                body[each.name] = bool(text)
            elif text:
                body[each.name] = member_of(each.kind, text)
        document = {name: body.pop(name) for name in ("document", "url") if name in body}
        return body | ({EVIDENCE: [document]} if document else {})

    def changed(self, form: Form, record: Record, body: Mapping[str, Any]) -> dict[str, Any]:
        """The members of a command that differ from the record.

        A field that was emptied is None. Faults are noted in the form: a needed field that was
        emptied, and a record of which nothing was changed.
        """
        begun = self.begun(record, {})
        changed: dict[str, Any] = {}
        for each in self.fields:
            before, after = begun.get(each.name), body.get(each.name)
            if before and after is None and each.required:
                form.refuse(each.name, message("record-not-emptied"))
            elif before and after is None:
                changed[each.name] = None
            elif after is not None and after != _member_before(each.kind, before):
                changed[each.name] = after
        if not changed and not form.faulty:
            form.general.append(message("record-not-changed"))
        return changed


def name_document_faults(form: Form) -> None:
    """Puts the faults of the entry of `evidence` at the fields of the document."""
    for name in [each for each in form.errors if each.startswith(EVIDENCE)]:
        last = name.rpartition(".")[2]
        form.errors[last if last in ("document", "url") else "document"] = form.errors.pop(name)


@dataclass(frozen=True)
class RecordKind:
    """A kind of record as pages show it.

    `title` names a record, `list_title` their list, and `command` a step as a command. `listed` is
    the collection whose page lists them, where it is another.
    Of a journal, `labels` are the words of its values, `sums` what it says instead of a member with
    many values; `may_retract` says of an entry whether this person may take it back.
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
    sums: Mapping[str, Callable[[Sequence[Any]], Message]] = field(default_factory=dict)
    may_retract: Callable[[Visit, Record], bool] = by_its_role
    listed: str = ""

    @property
    def list_address(self) -> str:
        """Where the list is."""
        return f"/{self.service}/pages/{self.listed or self.collection}"

    def file_address(self, **query: str | None) -> str:
        """Where the list is as a file, narrowed as the list is."""
        filled = urlencode({name: value for name, value in query.items() if value})
        return f"{self.list_address}.csv" + (f"?{filled}" if filled else "")

    def address(self, id_: str) -> str:
        """Where the page of a record is."""
        return f"/{self.service}/pages/{self.collection}/{quote(id_)}"

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
