"""The sample city of a first start: sends its year to the door, waits, and shows the ratings."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from contracts.messages import Message
from services.chassis.broker.connection import Broker
from services.chassis.errors import DanchuError
from services.chassis.private_files import write_private
from services.chassis.settings import Settings
from services.commands.client import Client, tokens
from services.commands.emit import Refused, send, sentence
from services.commands.messages import message
from services.commands.terminal import show_table
from services.commands.terminal_tables import ratings_table
from services.simulation.sample import sample_city, sample_stray

YEAR = 2025
LOADED_FILE = "sample.json"
STRAY_SUBJECT = "danchu.events.H44-2-1.feedback.given"
POLL_SECONDS = 0.1
Ready = Callable[[], Awaitable[bool]]


class SampleRefused(DanchuError):
    """The door did not take the sample city."""

    def __init__(self, first: Message) -> None:
        super().__init__(message("sample-refused", why=first))


async def show(client: Client, settings: Settings, say: Callable[[str], None]) -> None:
    """Loads the city where this home has not got it yet, and prints its ratings."""
    held, done = tokens(settings.home), settings.home / LOADED_FILE
    if not done.exists():
        say(message("sample-loading", year=YEAR))
        await _load(client, settings, held)
        write_private(done, json.dumps({"year": YEAR}))
    rated = (await client.get("/scoring/ratings", held["hr"], year=YEAR, limit=1000)).json()
    show_table(ratings_table(rated["items"], YEAR))


async def _load(client: Client, settings: Settings, held: dict[str, str]) -> None:
    events = (json.dumps(event).encode() for event in sample_city())
    refused: list[Refused] = []
    report = await send(client, events, held.__getitem__, refused.append)
    if refused:
        raise SampleRefused(sentence(refused[0]))
    await _stray(settings)
    while True:
        waiting = (await client.get("/intake/outbox", held["operator"])).json()["waiting"]
        lag = (await client.get("/scoring/lag", held["operator"])).json()
        known = await client.get("/scoring/ratings", held["hr"], year=YEAR, wait_for=report.receipt)
        if waiting == 0 and lag.get("events") == 0 and known.status == 200:
            return
        await asyncio.sleep(POLL_SECONDS)


async def _stray(settings: Settings) -> None:
    """Puts one event on the stream that no door took, as a faulty relay would."""
    broker = Broker(settings.nats("intake"), "danchu sample")
    try:
        await broker.request(STRAY_SUBJECT, sample_stray())
    finally:
        await broker.close()
