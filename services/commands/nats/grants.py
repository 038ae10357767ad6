"""What each NATS user may publish and hear: the one list, as data.

`danchu up` writes the configuration of its embedded server from it, and a deployment writes that
of its own. A system of record publishes its own event types alone, and its retractions on a
subject that ends with its name, so the password of another service cannot take back what it
announced. It asks scoring what units are called, and reads nothing of the stream. Whether type,
unit and source of a message fit its subject is checked by the fold
(`scoring.handlers.authorship`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.catalog import CANONICAL
from contracts.questions import NAMES_QUESTION, RATING_QUESTION
from services.chassis.broker.consumers import ConsumerPlan

RECORDS = ("training", "awards", "violations")
INFO = ("$JS.API.INFO", "$JS.API.STREAM.INFO.*")
SERVICES_ACCOUNT, DEPARTMENTS_ACCOUNT = "DANCHU", "DEPARTMENTS"
READERS_ACCOUNT, FEED_ACCOUNT = "READERS", "FEED"
SYSTEM_ACCOUNT, SYSTEM_USER = "SYSTEM", "system"
"""Whose only user may ask the servers to read their configuration again."""
EMIT_SUBJECTS = "danchu.emit.*"
UNIT_SUBJECTS = "danchu.emit.*.*"
"""Where the door hears the requests of credentials: the unit and the user of each."""
FEED_CONSUMER = ConsumerPlan("RATINGS", "hr")
"""The durable consumer of the feed, which an HR system reads."""
_FEED = f"{FEED_CONSUMER.stream}.{FEED_CONSUMER.name}"


@dataclass(frozen=True)
class Import:
    """The requests that an account may send to the services' account, and nothing else of it.

    A reply goes to the account of the request alone, whatever subject it names. `replies`: a
    request may have several.
    """

    subject: str
    replies: bool = False


IMPORTS: Mapping[str, tuple[Import, ...]] = {
    DEPARTMENTS_ACCOUNT: (Import(EMIT_SUBJECTS),),
    READERS_ACCOUNT: (Import(RATING_QUESTION),),
    FEED_ACCOUNT: (
        Import(f"$JS.API.CONSUMER.MSG.NEXT.{_FEED}", replies=True),
        Import(f"$JS.ACK.{_FEED}.>"),
    ),
}
"""By account, beside the services' own. Readers of single units get an account each, which imports
`danchu.query.rating.<unit>` (several units: with a dot between them) to `danchu.query.rating`."""


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
        (*events, f"danchu.events.*.event.retracted.{name}", NAMES_QUESTION, *door.publish),
        door.subscribe,
    )


def _outside(account: str) -> Grant:
    """A user of another account sends all that the account imports."""
    subjects = tuple(each.subject for each in IMPORTS[account])
    return Grant(subjects, account=account, inbox="_INBOX.>")


DEVELOPMENT: Mapping[str, str] = {
    "emitter": DEPARTMENTS_ACCOUNT, "reader": READERS_ACCOUNT, "hr": FEED_ACCOUNT,
}  # fmt: skip
"""The accounts of the development users: a department, who asks for ratings, and an HR system
that reads the feed."""

GRANTS: Mapping[str, Grant] = {
    "provision": Grant(("$JS.API.>",)),
    "intake": Grant(
        (
            "danchu.events.>", "danchu.query.receipt", "$JS.API.STREAM.MSG.GET.EVENTS",
            *_door("intake").publish,
        ),
        (
            EMIT_SUBJECTS, f"{EMIT_SUBJECTS} intake", UNIT_SUBJECTS, f"{UNIT_SUBJECTS} intake",
            *_door("intake").subscribe,
        ),
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
        (
            "danchu.query.receipt", "danchu.query.receipt scoring",
            NAMES_QUESTION, f"{NAMES_QUESTION} scoring",
            RATING_QUESTION, f"{RATING_QUESTION} scoring", f"{RATING_QUESTION}.>",
            f"{RATING_QUESTION}.> scoring", *_door("scoring").subscribe,
        ),
        replies=True,
    ),
    SYSTEM_USER: Grant(
        ("$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER.*.RELOAD"), account=SYSTEM_ACCOUNT
    ),
    **{user: _outside(account) for user, account in DEVELOPMENT.items()},
}  # fmt: skip
"""By user. `provision` creates streams and consumers, `system` makes the servers read their
configuration again; those of DEVELOPMENT can do nothing but send the requests that their account
imports. A department has an account of its own for each credential (`configuration`)."""

DEPLOYED_USERS = tuple(user for user in GRANTS if user not in DEVELOPMENT)
"""The users of servers beside those of development."""
