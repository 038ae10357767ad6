"""The sample city of a first start: sends its year to the door, waits, and shows the ratings."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable

from contracts.messages import Message
from services.chassis.broker.connection import Broker
from services.chassis.errors import DanchuError
from services.chassis.key_marks import has_events
from services.chassis.private_files import write_private
from services.chassis.settings import Settings
from services.commands.client import Client, tokens
from services.commands.emit import Refusal, send, sentence
from services.commands.messages import message
from services.commands.service_copy import open_database
from services.commands.service_registry import SERVICES
from services.commands.terminal import show_table
from services.commands.terminal_tables import ratings_table
from services.simulation.sample import sample_city, sample_stray

YEAR = 2025
BEGUN_FILE, LOADED_FILE = "sample-begun.json", "sample.json"
STRAY_SUBJECT = "danchu.events.H44-2-1.feedback.given"
POLL_SECONDS = 0.1
Ready = Callable[[], Awaitable[bool]]


class SampleRefused(DanchuError):
    """The door refused the sample city."""

    def __init__(self, first: Message) -> None:
        super().__init__(message("sample-refused", why=first))


async def may_show(settings: Settings, say: Callable[[str], None]) -> bool:
    """Whether the home has the city or may get it; says why not.

    Events of an office stay among themselves: only a home that has recorded none gets the city, or
    one in which an earlier start has begun to load it.
    """
    if any((settings.home / file).exists() for file in (LOADED_FILE, BEGUN_FILE)):
        return True
    for name in SERVICES:
        async with contextlib.AsyncExitStack() as stack:
            db = await open_database(stack, settings.database(name), name)
            if await has_events(db):
                say(message("sample-not-empty", home=settings.home))
                return False
    return True


async def show(client: Client, settings: Settings, say: Callable[[str], None]) -> None:
    """Loads the city, unless this home has it, and prints its ratings."""
    bearer_tokens, marker = tokens(settings.home), settings.home / LOADED_FILE
    if not marker.exists():
        say(message("sample-loading", year=YEAR))
        begun = settings.home / BEGUN_FILE
        write_private(begun, json.dumps({"year": YEAR}))
        await _load(client, settings, bearer_tokens)
        begun.replace(marker)
    page = await client.get("/scoring/ratings", bearer_tokens["hr"], year=YEAR, limit=1000)
    show_table(ratings_table(page.json()["items"], YEAR))


async def _load(client: Client, settings: Settings, bearer_tokens: dict[str, str]) -> None:
    events = (json.dumps(event).encode() for event in sample_city())
    refusals: list[Refusal] = []
    report = await send(client, events, bearer_tokens.__getitem__, refusals.append)
    if refusals:
        raise SampleRefused(sentence(refusals[0]))
    await _publish_stray(settings)
    while True:
        outbox = (await client.get("/intake/outbox", bearer_tokens["operator"])).json()
        lag = (await client.get("/scoring/lag", bearer_tokens["operator"])).json()
        ratings = await client.get(
            "/scoring/ratings", bearer_tokens["hr"], year=YEAR, wait_for=report.receipt
        )
        if outbox["waiting"] == 0 and lag.get("events") == 0 and ratings.status == 200:
            return
        await asyncio.sleep(POLL_SECONDS)


async def _publish_stray(settings: Settings) -> None:
    """Publishes one event past the door, as a faulty relay would."""
    broker = Broker(settings.nats("intake"), "danchu sample")
    try:
        await broker.request(STRAY_SUBJECT, sample_stray())
    finally:
        await broker.close()
