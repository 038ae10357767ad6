"""A nasty city through both doors, under kill -9, rated as the naive oracle rates it."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from services.scoring.rubrics.loader import SHIPPED
from tests.drills.e2e.doors import Doors
from tests.oracle import counted, rate
from tests.oracle.generate import city
from tests.oracle.generate_rubric import rubric
from tests.oracle.ledger import verdicts
from tests.oracle.moments import DAY, instant, year_start
from tests.support.builders.cities import compared
from tests.support.servers import postgres_server
from tests.support.stacks import Stack, alive, eventually

UNITS, EVENTS, KILLS = 40, 1000, 4
SETTLED_SECONDS = 150
Raw = dict[str, Any]


@pytest.fixture
def stack(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stack]:
    """A stack on the test's database, not started yet."""
    with contextlib.ExitStack() as held:
        if request.param == "postgres":
            server = held.enter_context(postgres_server())
            monkeypatch.setenv("DANCHU_DATABASE_URL", server.url)
        made = Stack(tmp_path / "home")
        yield made
        if made.process is not None and made.process.poll() is None:
            made.stop(signal.SIGKILL)


def past_city(seed: int) -> tuple[list[Raw], int]:
    """A city whose every event a door takes today: none of them lies ahead."""
    events, year = city(seed, UNITS, EVENTS)
    ahead = year_start(year + 1) + 60 * DAY
    return [event for event in events if instant(event["time"]) < ahead], year


def kill_one(stack: Stack, chance: random.Random) -> None:
    """kill -9 of the broker, the doors or the fold."""
    pids = list(stack.children().values())
    if pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(pids), signal.SIGKILL)


def feed(stack: Stack, events: list[Raw], chance: random.Random, again: list[str]) -> Doors:
    """Everything in order of acceptance, in random batches, while children are killed.

    Half-way the whole stack is killed, and started once more.
    """
    doors, start, whole = Doors(stack.home, stack.url), 0, True
    kills = sorted(chance.sample(range(len(events)), KILLS))
    while start < len(events):
        batch = events[start : start + chance.choice((1, 3, 20, 120, 400))]
        killers = []
        while kills and kills[0] < start + len(batch):
            kills.pop(0)
            killers.append(threading.Timer(chance.random() / 20, kill_one, (stack, chance)))
        for killer in killers:
            killer.start()
        chance.choice((doors.by_http, doors.by_nats))(batch)
        for killer in killers:
            killer.join()
        start += len(batch)
        if whole and start > len(events) / 2:
            whole = False
            begin_again(stack, again)
    return doors


def begin_again(stack: Stack, arguments: list[str]) -> None:
    """kill -9 of the supervisor, whose children end by themselves, and a second start."""
    pids = list(stack.children().values())
    stack.stop(signal.SIGKILL)
    eventually(lambda: not any(alive(pid) for pid in pids))
    stack.up(*arguments)


def settled(doors: Doors) -> None:
    """Until everything is folded; what a killed fold held comes again after the broker's wait."""

    def nothing_waits() -> bool:
        try:
            outbox, lag = doors.machinery("/intake/outbox"), doors.machinery("/scoring/lag")
            return not outbox["waiting"] and not lag["events"]
        except OSError:
            return False

    eventually(nothing_waits, SETTLED_SECONDS)


def answered(stack: Stack, year: int, view: str = "") -> dict[str, Raw]:
    """Every rating of the year, by the list and, for another view, one by one."""
    items = stack.get(f"/ratings?year={year}&limit=1000")["items"]
    if view:
        items = [stack.get(f"/ratings/{year}/{one['unit']}?view={view}") for one in items]
    return {one["unit"]: one for one in items}


def rubrics_of(stack: Stack, tmp_path: Path) -> tuple[list[Raw], list[str]]:
    """The shipped rubrics on SQLite, random ones on PostgreSQL; and how `up` is told."""
    yaml = YAML(typ="safe", pure=True)
    if "DANCHU_DATABASE_URL" not in os.environ:
        return [yaml.load(path) for path in sorted(SHIPPED.glob("*.yaml"))], []
    folder = tmp_path / "rubrics"
    folder.mkdir()
    raw = rubric(4)
    yaml.dump(raw, folder / "random.yaml")
    return [raw], ["--rubrics", str(folder)]


@pytest.mark.parametrize("stack", ["sqlite", "postgres"], indirect=True)
def test_a_city_fed_under_kill_9_is_rated_as_the_oracle_rates_it(
    stack: Stack, tmp_path: Path
) -> None:
    """Totals, scores, classes, ranks, emptiness and reasons; the audit agrees, a rebuild too."""
    chance = random.Random(7)
    events, year = past_city(7)
    raw, arguments = rubrics_of(stack, tmp_path)
    stack.up("--empty", *arguments)
    doors = feed(stack, events, chance, ["--empty", *arguments])
    settled(doors)
    check_statuses(events, doors)
    events = [event for event in events if not foreign(event)]
    expected = rate(events, raw, year)
    assert compared(answered(stack, year)) == compared(expected)
    for view in ("own", "pooled"):
        check_view(answered(stack, year, view), rate(events, raw, year, view))
    check_counted(stack, year, counted(events, raw, year))
    audit = stack.run("audit")
    assert audit.returncode == 0
    assert "outboxes, ledger, facts and tallies agree" in audit.stdout
    assert stack.here("rebuild", "--year", str(year)).returncode == 0
    assert compared(answered(stack, year)) == compared(expected)
    assert stack.here("audit").returncode == 0


def foreign(event: Raw) -> bool:
    """Whether it is a retraction of another source's event, which a door refuses."""
    return bool(event["data"].get("source", event["source"]) != event["source"])


def check_statuses(events: list[Raw], doors: Doors) -> None:
    """Each identity was accepted or a duplicate, and a conflict where other content came."""
    for event, verdict in zip(events, verdicts(events), strict=True):
        answers = doors.statuses[event["source"], event["id"]]
        if foreign(event):
            assert answers == {"refused"}
        else:
            assert answers & {"accepted", "duplicate"}, doors.errors
            assert verdict != "conflict" or "conflict" in answers


def check_view(mine: dict[str, Raw], theirs: dict[str, Raw]) -> None:
    """A view that does not bind has neither rank nor share, but the same points."""
    for name in ("scores", "empty", "basic", "bonus", "deduction", "adjustment", "total"):
        assert {u: r[name] for u, r in mine.items()} == {u: r[name] for u, r in theirs.items()}


def check_counted(stack: Stack, year: int, answers: Any) -> None:
    """Each event that a unit lists counts, or has a reason, as the oracle says."""
    for unit in list(answered(stack, year))[:8]:
        items = stack.get(f"/ratings/{year}/{unit}/events?limit=1000")["items"]
        assert items
        for item in items:
            assert item["counted"] == answers[item["source"], item["id"]][0], item
            assert item["counted"] == (item["reason"] is None)
