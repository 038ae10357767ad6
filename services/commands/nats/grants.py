"""What each service's user may publish and hear on NATS: the one list, as data.

A system of record publishes the types of its own alone, and its retractions under a subject that
ends with its name: so nobody else's password takes back what another system said. Whether type,
unit and source of a message fit its subject is for scoring to ask (`scoring.authorship`).
"""

from contracts.catalog import CATALOG
from services.commands.nats.embedded import Grant

RECORDS = ("training", "awards", "violations")
INFO = ("$JS.API.INFO", "$JS.API.STREAM.INFO.*")


def _door(name: str) -> Grant:
    """A door announces its own marks, reads the last one, and hears what scoring demands of it."""
    return Grant(
        (f"danchu.marks.{name}.*", *INFO, "$JS.API.STREAM.MSG.GET.MARKS"),
        (f"danchu.doors.{name}.*",),
    )


def _record(name: str) -> Grant:
    door = _door(name)
    events = [f"danchu.events.*.{short}" for short, t in CATALOG.items() if t.producer == name]
    return Grant(
        (*events, f"danchu.events.*.event.retracted.{name}", *door.publish), door.subscribe
    )


GRANTS: dict[str, Grant] = {
    "provision": Grant(("$JS.API.>",)),
    "intake": Grant(
        (
            "danchu.events.>", "danchu.query.receipt", "$JS.API.STREAM.MSG.GET.EVENTS",
            *_door("intake").publish,
        ),
        ("danchu.emit.*", "danchu.emit.* intake", *_door("intake").subscribe),
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
}  # fmt: skip
