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
from typing import Any, NamedTuple

import httpx
from ruamel.yaml import YAML

from services.scoring import app as scoring
from services.scoring.rubrics import loader
from tests.bench import measures
from tests.bench.city import YEAR
from tests.bench.exact import NotExact
from tests.bench.ground import Ground

ONE = ("officers-trained",)
SIDES = ("obliged", "fulfilled", "done")
SECONDS_MAX = 300.0
OK, NO_UNIT_YET, BUSY = 200, 422, 503


class Seconds(NamedTuple):
    """Of a what-if about points when nothing is in memory, the same again, one about the rules of
    one indicator, and one about all rules."""

    first: float
    points: float
    rule: float
    rules: float


class Beside(NamedTuple):
    """How long a fold took beside what-ifs, and how many of these were answered meanwhile."""

    seconds: float
    answers: int


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
    """Folds the whole stream while what-ifs about all rules follow one another."""
    await scoring.migrated(ground.settings(url))
    body = {"year": YEAR, "rubrics": [twice(text) for text in texts()]}
    answers = 0

    async def go_on(client: httpx.AsyncClient) -> None:
        nonlocal answers
        while True:
            answer = await client.post("/scoring/whatif", json=body)
            if answer.status_code not in (OK, NO_UNIT_YET, BUSY):
                raise NotExact(f"a what-if beside the fold was answered {answer.status_code}")
            answers += answer.status_code == OK

    async with asking(ground, url) as client:
        asker = asyncio.create_task(go_on(client))
        folded = await measures.fold(ground, url)
        if asker.done():
            asker.result()
        asker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asker
    return Beside(folded.seconds, answers)
