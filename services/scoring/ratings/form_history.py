"""What was sent about the subject of a form before, and whether anything is left to do. Pure.

An appeal is answered once, an exemption is granted while none is in force, and revoked while one
is. Points may be adjusted and scored, and appeals filed, any number of times.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from contracts.envelope import Recorded
from contracts.event_forms import EVENTS, FormCode
from services.scoring.fold.postings import order_of

EXEMPTIONS = (EVENTS["exemption"], EVENTS["exemption-end"])


class SentEvent(NamedTuple):
    """An event of the ledger, and whether it was retracted."""

    event: Recorded
    retracted: bool


class FormHistory(NamedTuple):
    """How many events of a form were sent about its subject, also such as were retracted.

    `answered` is the one that leaves nothing to do; `begun` is the exemption that can be revoked.
    """

    sent: int
    answered: Recorded | None
    begun: Recorded | None


def history_of(code: FormCode, about: str, events: Iterable[SentEvent]) -> FormHistory:
    """What the events of a unit say to a form about an appeal or an indicator."""
    own = [each for each in events if code == "appeal" or _about(each.event) == about]
    sent = sum(each.event.kind.short == EVENTS[code] for each in own)
    in_force = sorted((each.event for each in own if not each.retracted), key=order_of)
    decided = [event for event in in_force if event.kind.short == EVENTS["answer"]]
    exempted = [event for event in in_force if event.kind.short in EXEMPTIONS]
    last = exempted[-1] if exempted else None
    granted = last if last is not None and last.kind.short == EVENTS["exemption"] else None
    if code == "answer":
        return FormHistory(sent, decided[-1] if decided else None, None)
    return FormHistory(sent, granted if code == "exemption" else None, granted)


def _about(event: Recorded) -> str:
    """The appeal of an answer, the indicator of any other event; empty without one."""
    data = event.event.data
    name = "appeal" if event.kind.short == EVENTS["answer"] else "indicator"
    value = getattr(data, name, "")
    return value if isinstance(value, str) else ""
