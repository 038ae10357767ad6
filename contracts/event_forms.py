"""What the desk of scoring tells a form of the door, sealed in the address of the form.

The person's browser carries it from one service to the other; neither asks the other. It says whom
the form is about, and after how many events of its kind, so that of two persons who decide the same
at once the second one does not write a thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

FormCode = Literal["answer", "adjustment", "exemption", "exemption-end", "appeal", "self-score"]
EVENTS: Mapping[FormCode, str] = {
    "answer": "appeal.decided", "adjustment": "adjustment.decided",
    "exemption": "exemption.approved", "exemption-end": "exemption.revoked",
    "appeal": "appeal.filed", "self-score": "selfscore.submitted",
}  # fmt: skip
"""The short name of the event that each form sends."""
MARK_PURPOSE = b"danchu event form 1"
MARK_SECONDS = 24 * 3600
"""So long a form may stay open before it has to be begun anew."""
MARK = "mark"
"""The parameter of the address of a form that has the sealed mark."""


class FormMark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A form that was begun at an instant `at`, in seconds since 1970.

    `unit` is the key of the unit, `subject` that code of it for which the person speaks. `about` is
    the appeal that is answered, or the indicator; empty for a new appeal and for the whole total.
    `sent` events of the form about it came before. `last` is the receipt of the event that leaves
    nothing to do, empty where something is to be done.
    """

    form: FormCode
    at: int
    year: int
    unit: str
    subject: str
    name: str
    about: str = ""
    about_name: str = ""
    sent: int = 0
    last: str = ""


_decoder = msgspec.json.Decoder(FormMark)


def encode_mark(mark: FormMark) -> bytes:
    """The mark as bytes to be sealed."""
    return msgspec.json.encode(mark)


def decode_mark(plain: bytes, form: FormCode, now: int) -> FormMark | None:
    """The mark of this form; None where it is of another one, too old, or of another version."""
    try:
        mark = _decoder.decode(plain)
    except msgspec.DecodeError:
        return None
    return mark if mark.form == form and now - mark.at <= MARK_SECONDS else None
