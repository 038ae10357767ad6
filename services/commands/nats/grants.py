"""What each NATS user may publish and hear: the one list, as data.

`danchu up` writes the configuration of its embedded server from it, and a deployment writes that
of its own. A system of record publishes its own event types alone, and its retractions on a
subject that ends with its name, so the password of another service cannot take back what it
announced. Whether type, unit and source of a message fit its subject is checked by the fold
(`scoring.handlers.authorship`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.catalog import CANONICAL

RECORDS = ("training", "awards", "violations")
INFO = ("$JS.API.INFO", "$JS.API.STREAM.INFO.*")
SERVICES_ACCOUNT, DEPARTMENTS_ACCOUNT = "DANCHU", "DEPARTMENTS"
EMIT_SUBJECTS = "danchu.emit.*"
"""The requests that the departments' account may send to the services' account."""


@dataclass(frozen=True)
class Grant:
    """The permissions of one user: it publishes `publish` without `deny`, and hears `subscribe`.

    `replies` lets it answer the requests that it receives. Beside these it hears its inbox, which
    begins with its name where no other is set.
    """

    publish: tuple[str, ...]
    subscribe: tuple[str, ...] = ()
    replies: bool = False
    deny: tuple[str, ...] = ()
    account: str = SERVICES_ACCOUNT
    inbox: str | None = None

    def subscriptions(self, user: str) -> tuple[str, ...]:
        """All that the user may hear, its inbox included."""
        return (*self.subscribe, self.inbox or f"_INBOX.{user}.>")


def _door(name: str) -> Grant:
    """A door announces its marks, reads the last one, and hears what scoring demands of it."""
    return Grant(
        (f"danchu.marks.{name}.*", *INFO, "$JS.API.STREAM.MSG.GET.MARKS"),
        (f"danchu.doors.{name}.*",),
    )


def _record(name: str) -> Grant:
    door = _door(name)
    events = [f"danchu.events.*.{short}" for short, t in CANONICAL.items() if t.producer == name]
    return Grant(
        (*events, f"danchu.events.*.event.retracted.{name}", *door.publish), door.subscribe
    )


GRANTS: Mapping[str, Grant] = {
    "provision": Grant(("$JS.API.>",)),
    "intake": Grant(
        (
            "danchu.events.>", "danchu.query.receipt", "$JS.API.STREAM.MSG.GET.EVENTS",
            *_door("intake").publish,
        ),
        (EMIT_SUBJECTS, f"{EMIT_SUBJECTS} intake", *_door("intake").subscribe),
        replies=True,
        deny=("danchu.events.*.year.>", "danchu.events.*.rating.>", "danchu.events.*.*.*.>"),
    ),
    **{name: _record(name) for name in RECORDS},
    "scoring": Grant(
        (
            "danchu.quarantine.>", "danchu.ratings.>", "danchu.events.CITY.year.*",
            "danchu.doors.*.*", *_door("scoring").publish,
            "$JS.API.STREAM.MSG.GET.*", "$JS.API.DIRECT.GET.>",
            "$JS.API.CONSUMER.INFO.EVENTS.scoring", "$JS.API.CONSUMER.CREATE.EVENTS.scoring",
            "$JS.API.CONSUMER.MSG.NEXT.EVENTS.scoring", "$JS.API.CONSUMER.RESET.EVENTS.scoring",
            "$JS.ACK.EVENTS.scoring.>",
        ),
        ("danchu.query.receipt", "danchu.query.receipt scoring", *_door("scoring").subscribe),
        replies=True,
    ),
    "emitter": Grant((EMIT_SUBJECTS,), account=DEPARTMENTS_ACCOUNT, inbox="_INBOX.>"),
}  # fmt: skip
"""By user. `provision` creates streams and consumers; `emitter` is the development department,
which can do nothing but ask the doors."""
