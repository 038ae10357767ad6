"""The sample city of a first start: sends its year to the door, waits, and shows the ratings."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from rich.console import Console

from services import simulation
from services.chassis.broker import Broker
from services.chassis.errors import DanchuError
from services.chassis.settings import Settings
from services.commands.client import Client, tokens
from services.commands.emit import Refused, said, send
from services.commands.tables import ratings_table

YEAR = 2025
LOADED_FILE = "sample.json"
STRAY_SUBJECT = "danchu.events.H44-2-1.feedback.given"
POLL_SECONDS = 0.1
Ready = Callable[[], Awaitable[bool]]


class SampleRefused(DanchuError):
    """The door did not take the sample city."""

    def __init__(self, first: str) -> None:
        super().__init__(f"The sample city was not accepted: {first}")


async def show(client: Client, settings: Settings, say: Callable[[str], None]) -> None:
    """Loads the city where this home has not got it yet, and prints its ratings."""
    held, done = tokens(settings.home), settings.home / LOADED_FILE
    if not done.exists():
        say(f"Nạp thành phố mẫu (dữ liệu mô phỏng) / loading the simulated sample city, {YEAR}")
        await _load(client, settings, held)
        done.write_text(json.dumps({"year": YEAR}))
    rated = (await client.get("/scoring/ratings", held["hr"], year=YEAR, limit=1000)).json()
    Console().print(ratings_table(rated["items"], YEAR))
    _sights(client.url, say)


def _sights(url: str, say: Callable[[str], None]) -> None:
    """Where a newcomer finds what the sample is made to show."""
    say("Đáng xem / worth a look:")
    for vi, en, unit in simulation.SIGHTS:
        say(f"  {unit}   {vi} / {en}")
    say(f"  {url}/scoring/ratings/{YEAR}/{unit}/sheet   (token: hr)")
    say("  danchu quarantine list   một sự kiện không được tính / an event that was not folded")


async def _load(client: Client, settings: Settings, held: dict[str, str]) -> None:
    events = (json.dumps(event).encode() for event in simulation.sample_city())
    refused: list[Refused] = []
    report = await send(client, events, held.__getitem__, refused.append)
    if refused:
        raise SampleRefused(said(refused[0]))
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
        await broker.request(STRAY_SUBJECT, simulation.sample_stray())
    finally:
        await broker.close()
