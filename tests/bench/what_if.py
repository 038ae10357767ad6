"""How long a what-if takes over all events of a run, and how much it slows the fold beside it.

The rules that are tried are those of the rubrics, each twice: they are other rules, so that events
have to be read again, and the ratings stay the same, so that every answer can be checked.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import io
import re
import time
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx
from ruamel.yaml import YAML

from services.chassis.database.engine import Database
from services.scoring import app as scoring
from services.scoring.rubrics import loader
from services.scoring.settings import SERVICE
from services.scoring.store import position
from tests.bench import measures
from tests.bench.city import YEAR
from tests.bench.exact import NotExact
from tests.bench.ground import Ground

ONE = ("officers-trained",)
SIDES = ("obliged", "fulfilled", "done")
SECONDS_MAX = 300.0
OK, NO_UNIT_YET, BUSY = 200, 422, 503
POLL_SECONDS = 0.05


class Seconds(NamedTuple):
    """Of a what-if about points when nothing is in memory, the same again, one about the rules of
    one indicator, and one about all rules."""

    first: float
    points: float
    rule: float
    rules: float


class Beside(NamedTuple):
    """How many events a second a fold took in beside what-ifs, and in the pauses between them, and
    how many what-ifs were answered."""

    beside: float
    alone: float
    answers: int


@dataclass
class Windows:
    """The events and seconds of a fold beside what-ifs (True), and in pauses (False)."""

    events: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    seconds: dict[bool, float] = field(default_factory=lambda: {True: 0.0, False: 0.0})
    answers: int = 0

    def add(self, beside: bool, events: int, seconds: float) -> None:
        """One window."""
        self.events[beside] += events
        self.seconds[beside] += seconds

    def per_second(self, beside: bool, otherwise: float) -> float:
        """The rate, or another one where there was no such window."""
        seconds = self.seconds[beside]
        return self.events[beside] / seconds if seconds and self.events[beside] else otherwise


def texts() -> list[str]:
    """The shipped rubrics."""
    return [path.read_text("utf-8") for path in sorted(loader.SHIPPED.glob("*.yaml"))]


def other_points(text: str) -> str:
    """The rubric with other points of its first indicator."""
    return re.sub(r'points: "\d+"', 'points: "7"', text, count=1)


def twice(text: str, indicators: Collection[str] = ()) -> str:
    """The rubric with every rule of these indicators, or of all, twice."""
    yaml, out = YAML(typ="safe", pure=True), io.StringIO()
    raw: dict[str, Any] = yaml.load(text)
    for indicator in raw["indicators"]:
        if not indicators or indicator["id"] in indicators:
            for side in SIDES:
                if side in indicator:
                    indicator[side] += copy.deepcopy(indicator[side])
    yaml.dump(raw, out)
    return out.getvalue()


@contextlib.asynccontextmanager
async def asking(ground: Ground, url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of scoring's queries, in a process of their own."""
    headers = {"authorization": f"Bearer {ground.token}"}
    async with (
        measures.queries(ground, url) as port,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=SECONDS_MAX
        ) as client,
    ):
        yield client


async def seconds(ground: Ground, url: str) -> Seconds:
    """The seconds of each what-if; NotExact where one tells another present or future."""
    plain = texts()
    points = [other_points(text) for text in plain]
    async with asking(ground, url) as client:
        first = await _timed(ground, client, points, reads=False)
        again = await _timed(ground, client, points, reads=False)
        rule = await _timed(ground, client, [twice(text, ONE) for text in plain], reads=True)
        rules = await _timed(ground, client, [twice(text) for text in plain], reads=True)
    return Seconds(first, again, rule, rules)


async def _timed(
    ground: Ground, client: httpx.AsyncClient, rubrics: Sequence[str], reads: bool
) -> float:
    began = time.perf_counter()
    answer = await client.post("/scoring/whatif", json={"year": YEAR, "rubrics": list(rubrics)})
    spent = time.perf_counter() - began
    if answer.status_code != OK:
        raise NotExact(f"a what-if was answered {answer.status_code}: {answer.text[:500]}")
    _check(ground, answer.json(), reads)
    return spent


def _check(ground: Ground, answer: dict[str, Any], reads: bool) -> None:
    if reads != bool(answer["events"]):
        raise NotExact(f"a what-if read {answer['events']} events")
    ratings = ground.expected.ratings
    if {item["unit"] for item in answer["items"]} != ratings.keys():
        raise NotExact("a what-if has other units than the year")
    for item in answer["items"]:
        rating = ratings[item["unit"]]
        for name in ("total", "class", "rank"):
            if item[name]["now"] != rating[name]:
                raise NotExact(f"a what-if has another {name} of {item['unit']} now")
            if reads and item[name]["then"] != rating[name]:
                raise NotExact(f"a what-if has another {name} of {item['unit']} then")
    if not reads and not answer["indicators"]:
        raise NotExact("a what-if with other points changes nothing")


async def fold_beside(ground: Ground, url: str) -> Beside:
    """Folds the whole stream; what-ifs about all rules take turns with pauses of their length.

    So both rates are of the same minutes, whatever else the machine does.
    """
    await scoring.migrated(ground.settings(url))
    windows = Windows()
    async with asking(ground, url) as client, measures.opened(url, SERVICE) as db:
        asker = asyncio.create_task(_take_turns(client, db, windows))
        folded = await measures.fold(ground, url)
        if asker.done():
            asker.result()
        asker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asker
    whole = ground.stream.messages / folded.seconds
    beside, alone = (windows.per_second(beside, whole) for beside in (True, False))
    return Beside(beside, alone, windows.answers)


async def _take_turns(client: httpx.AsyncClient, db: Database, windows: Windows) -> None:
    while not await folded_number(db):
        await asyncio.sleep(POLL_SECONDS)
    while True:
        spent = 0.0
        for beside in (True, False):
            events, began = await folded_number(db), time.perf_counter()
            if beside:
                windows.answers += await try_all_rules(client)
            else:
                await asyncio.sleep(spent)
            number = await folded_number(db) - events
            spent = time.perf_counter() - began
            windows.add(beside, number, spent)


async def try_all_rules(client: httpx.AsyncClient) -> bool:
    """A what-if about all rules beside a fold; whether it was answered and not put off."""
    body = {"year": YEAR, "rubrics": [twice(text) for text in texts()]}
    answer = await client.post("/scoring/whatif", json=body)
    if answer.status_code not in (OK, NO_UNIT_YET, BUSY):
        raise NotExact(f"a what-if beside the fold was answered {answer.status_code}")
    return answer.status_code == OK


async def folded_number(db: Database) -> int:
    """The number of messages that are folded."""
    async with db.read() as conn:
        return (await position.load(conn)).stream_seq
