"""Forms: what a person sent, the token that guards it, and what is wrong with each field.

A form that is refused is shown again with everything that was typed. `id` is made with the blank
form and comes back with it, so that a form that is sent twice is one command (`Idempotency-Key`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from contracts.messages import Message
from services.chassis.http.problems import FieldError, Problem
from services.chassis.http.service_api import bounded_body
from services.chassis.web.messages import message

TOKEN, FORM_ID, VERSION, PAGE, OWNER = "_token", "_form", "_version", "_page", "_owner"
OWN = (TOKEN, FORM_ID, VERSION, PAGE, OWNER)
"""The hidden fields of every form."""
TEXT_BYTES_MAX, FILE_BYTES_MAX = 512 * 1024, 16 * 2**20
FIELDS_MAX = 5000
FILES_MAX = 16
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
Values = Mapping[str, list[str]]


@dataclass
class Form:
    """A blank form or one that was sent.

    `version` is the `ETag` of the record that the form was made for, empty without one. Faults of
    no field of the form are in `general`. `page` is the address of the page that made it, after the
    number of the form there, and `owner` the sealed name of the person: with both it is shown again
    after a session that ended (`kept_form`). `restored` says that it was, and `lost` which files
    are to be chosen again.
    """

    token: str
    id: str
    version: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)
    uploads: Sequence[tuple[str, UploadFile]] = ()
    errors: dict[str, list[str]] = field(default_factory=dict)
    general: list[str] = field(default_factory=list)
    page: str = ""
    owner: str = ""
    restored: bool = False
    lost: list[str] = field(default_factory=list)

    def text(self, name: str) -> str:
        """What stands in a field, without blanks around it; empty without it."""
        return (self.values.get(name) or [""])[-1].strip()

    def every(self, name: str) -> list[str]:
        """All that was chosen in a field, such as boxes of one name."""
        return self.values.get(name, [])

    @property
    def files(self) -> dict[str, UploadFile]:
        """The files by their fields; of several in one field the last."""
        return dict(self.uploads)

    def every_file(self, name: str) -> list[UploadFile]:
        """All files of a field, in their order."""
        return [file for field_name, file in self.uploads if field_name == name]

    def files_gone(self, name: str) -> list[str]:
        """The names of the files of a field that have to be chosen again; none in a blank form.

        No page can choose a file for a person, so a form that is shown again lacks them. After a
        session that ended it is not known any more which field they were in.
        """
        sent = [file.filename for file in self.every_file(name) if file.filename]
        return sent or self.lost

    def checked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self.text(name))

    def body(self, *names: str) -> dict[str, Any]:
        """The members of a command, of those fields that are filled in."""
        return {name: self.text(name) for name in names if self.text(name)}

    def refuse(self, name: str, sentence: str) -> None:
        """Notes what is wrong with a field."""
        self.errors.setdefault(name, []).append(sentence)

    def refuse_all(self, problem: str, errors: Iterable[FieldError]) -> None:
        """Takes over what a problem says of each field; the rest is general."""
        before = len(self.errors)
        for error in errors:
            self.refuse(error["field"], error["message"])
        if len(self.errors) == before:
            self.general.append(problem)

    @property
    def faulty(self) -> bool:
        """Whether anything is wrong with it."""
        return bool(self.errors or self.general)


async def read_form(
    request: Request, files: bool = False, file_bytes: int = FILE_BYTES_MAX,
    text_bytes: int = TEXT_BYTES_MAX,
) -> Form:  # fmt: skip
    """What was sent, unchecked; Problem 413 or 415 for what is no such form."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == MULTIPART and files:
        return await _multipart(request, file_bytes)
    if media != URLENCODED:
        raise Problem(415, message("form-media"))
    raw = await bounded_body(request, text_bytes)
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX,
            encoding="utf-8", errors="strict",
        )  # fmt: skip
    except ValueError:
        raise Problem(400, message("form-malformed")) from None
    return _form(pairs, ())


async def _multipart(request: Request, file_bytes: int) -> Form:
    raw = await bounded_body(request, file_bytes)

    async def stream() -> AsyncGenerator[bytes, None]:
        yield raw

    parser = MultiPartParser(
        request.headers,
        stream(),
        max_files=FILES_MAX,
        max_fields=FIELDS_MAX,
        max_part_size=TEXT_BYTES_MAX,
    )
    try:
        parts = await parser.parse()
    except (MultiPartException, KeyError, UnicodeDecodeError):
        raise Problem(400, message("form-malformed")) from None
    files = [(name, part) for name, part in parts.multi_items() if isinstance(part, UploadFile)]
    pairs = [(name, part) for name, part in parts.multi_items() if isinstance(part, str)]
    return _form(pairs, files)


def _form(
    pairs: Iterable[tuple[str, str]], files: Sequence[tuple[str, UploadFile]]
) -> Form:  # fmt: skip
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value.replace("\r\n", "\n"))
    token, id_, version, page, owner = ((values.pop(name, None) or [""])[-1] for name in OWN)
    return Form(token, id_, version, values, files, page=page, owner=owner)


def fault_lists(errors: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """The errors of an encoded problem, in the language of the page or in both."""
    return [
        FieldError(
            field=str(error.get("field", "")),
            message=Message(
                "error", str(error.get("message_vi", error.get("message", ""))),
                str(error.get("message_en", error.get("message", ""))),
            ),
        )
        for error in errors
    ]  # fmt: skip
