"""Marks: the number of events that a door has recorded up to an instant, published regularly.

A mark is `{door, until, events}`, published at least every two seconds. `events` counts all that
the door ever recorded up to `until`. A mark holds once ledger and quarantine contain that many
events of the door, so a stream that lost events cannot make it hold. The stream MARKS keeps the
last mark of each door.
"""

import base64
import json
import re
from typing import NamedTuple

from contracts import moments
from services.chassis.broker.connection import Broker
from services.chassis.errors import BrokerAway

STREAM = "MARKS"
SUBJECT = "danchu.marks"
REQUEST_SUBJECT = "danchu.doors"
"""The subjects by which the fold demands that a door sends events again."""
HEADER = "Danchu-Door"
NAME = re.compile(r"[a-z]{1,32}\.[0-9a-f]{8}", re.ASCII)
EVENTS_MAX = 2**53
NOT_THERE = (10037, 10059)
"""Error codes of JetStream: no message found, no stream found."""


class Mark(NamedTuple):
    """A door has recorded so many events up to `until` (microseconds). `successor` is the new
    name of a database that was restored; no later mark of this door follows then."""

    door: str
    until: int
    events: int
    successor: str | None = None

    def encode(self) -> bytes:
        """The message body of the mark in MARKS."""
        body = {"door": self.door, "until": moments.rfc3339(self.until), "events": self.events}
        if self.successor is not None:
            body["successor"] = self.successor
        return json.dumps(body).encode()


def decode(raw: bytes) -> Mark | None:
    """The mark of a message body of MARKS; None for any other content."""
    try:
        body = json.loads(raw)
        door, events, successor = body["door"], body["events"], body.get("successor")
        until = moments.instant(body["until"])
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    if type(events) is not int or not 0 <= events <= EVENTS_MAX:
        return None
    names = [door] if successor is None else [door, successor]
    if not all(isinstance(name, str) and NAME.fullmatch(name) for name in names):
        return None
    return Mark(door, until, events, successor)


def subject(door: str) -> str:
    """The subject of a door's marks."""
    return f"{SUBJECT}.{door}"


async def announce(broker: Broker, mark: Mark) -> None:
    """Publishes a mark to MARKS; BrokerAway if the stream does not acknowledge it."""
    answer = json.loads((await broker.request(subject(mark.door), mark.encode())).data)
    if "error" in answer:
        raise BrokerAway(str(answer["error"].get("description")))


async def last(broker: Broker, door: str) -> Mark | None:
    """The last mark of a door in the stream; None without one."""
    request = json.dumps({"last_by_subj": subject(door)}).encode()
    reply = await broker.request(f"$JS.API.STREAM.MSG.GET.{STREAM}", request)
    answer = json.loads(reply.data)
    if "error" in answer:
        if answer["error"].get("err_code") in NOT_THERE:
            return None
        raise BrokerAway(str(answer["error"].get("description")))
    return decode(base64.b64decode(answer["message"].get("data", "")))


async def doors(broker: Broker) -> list[str]:
    """The names of all doors that ever published a mark."""
    request = json.dumps({"subjects_filter": f"{SUBJECT}.>"}).encode()
    answer = json.loads((await broker.request(f"$JS.API.STREAM.INFO.{STREAM}", request)).data)
    if "error" in answer:
        if answer["error"].get("err_code") in NOT_THERE:
            return []
        raise BrokerAway(str(answer["error"].get("description")))
    subjects = answer["state"].get("subjects") or {}
    return sorted(name.removeprefix(f"{SUBJECT}.") for name in subjects)
