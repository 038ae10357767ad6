"""A machine over HTTP and SQLite for any system of record: random commands, repeated commands,
stale versions, steps taken back, and power cut before each write.

After every step journal, rows, kept answers and outbox agree, and what was announced is what
the records hold. A service gives its commands and what its states have to be on.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import text

from contracts import moments
from contracts.envelope import Recorded
from services.chassis import outbox
from services.chassis.auth.credentials import development_issuer
from services.records import announcing, journal
from services.records import command_endpoint as chassis_desk
from services.records.command_endpoint import RECEIPTS_HEADER
from services.records.state_machine import Fact
from tests.support.builders.desks import Build, Desk, Migrate, open_desk
from tests.support.machines.walking import On, chosen, on

UNITS = ("H44.1", "H44.2")
RECORDS_MAX = 3
START = moments.instant("2024-11-01T08:00:00+07:00")
CHASSIS_WRITES = ((journal, "append"), (outbox, "add"), (journal, "save_answer"))
NOBODYS: dict[str, Any] = dict.fromkeys(("possible", "possible_vi", "possible_en"))
"""What an answer says to a role alone."""
TABLES = ("journal", "outbox", "answers")


class PowerCut(Exception):
    """The process dies here."""


class Ask(NamedTuple):
    """A command: its path below the service, the role that may, and its body."""

    path: str
    role: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Service:
    """What the machine knows of a system of record.

    `creates` makes the command that creates a record, `steps` those on a record by name; `rows`
    is the table of its list; `holds` is what a record, as shown, has to be on in the ratings;
    `rare` are the steps that lead nowhere.
    """

    name: str
    build: Build
    migrated: Migrate
    collection: str
    creates: Callable[[Random, str], Ask]
    steps: Callable[[Random, dict[str, Any]], dict[str, Ask]]
    writes: tuple[tuple[Any, str], ...]
    sets: dict[str, str]
    clears: dict[str, set[str]]
    holds: Callable[[dict[str, Any]], set[On]]
    rows: str
    rare: tuple[str, ...]


class HttpWalk(RuleBasedStateMachine):
    """One service, some records, and everybody who commands."""

    service: Service

    @initialize(seed=st.integers(0, 2**32 - 1))
    def begin(self, seed: int) -> None:
        """A new database, and some records that have come some way."""
        self.folder = Path(tempfile.mkdtemp(prefix="danchu-records-"))
        self.runner = asyncio.Runner()
        issuer = development_issuer(self.folder)
        url = f"sqlite:///{self.folder / 'records.db'}"
        made = self.service
        self.manager = open_desk(made.name, made.build, made.migrated, self.folder, url, issuer)
        self.desk: Desk = self.runner.run(self.manager.__aenter__())
        self.records: dict[str, dict[str, Any]] = {}
        self.at: dict[str, int] = {}
        self.sent: list[tuple[Ask, dict[str, str], httpx.Response]] = []
        self.receipts: list[str] = []
        self.acknowledged = 0
        for place in range(RECORDS_MAX - 1):
            self.create(seed + place)
        self.many(seed)
        self.many(seed + 1)

    @rule(seed=st.integers(0, 2**32 - 1))
    def create(self, seed: int) -> None:
        """A record is made; a few records go deeper than many."""
        if len(self.records) >= RECORDS_MAX:
            return
        ask = self.service.creates(Random(seed), moments.rfc3339(START))
        self._taken(ask, self._keyed(), START)

    @rule(seed=st.integers(0, 2**32 - 1))
    def step(self, seed: int) -> None:
        """Something happens to a record, or is refused; nothing else changes."""
        picked = self._picked(Random(seed))
        if picked is not None:
            ask, at, possible = picked
            answer = self._taken(ask, self._keyed(), at)
            assert possible or answer.status_code == 409, answer.text
            if answer.status_code == 409:
                shown, said = self._shown(ask.path.split("/")[1], ask.role), answer.json()
                assert (said["state"], said["possible"]) == (shown["stage"], shown["possible"])

    @rule(seed=st.integers(0, 2**32 - 1))
    def many(self, seed: int) -> None:
        """A few steps in a row, so that the walk goes deep."""
        random = Random(seed)
        for _ in range(8):
            self.step(random.randrange(2**32))

    @rule(place=st.integers(0, 10_000))
    def repeat(self, place: int) -> None:
        """A command that is sent again is answered as before, and nothing happens."""
        if not self.sent:
            return
        ask, keyed, first = self.sent[place % len(self.sent)]
        before = self._held()
        again = self._send(ask, keyed)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers.get(RECEIPTS_HEADER) == first.headers.get(RECEIPTS_HEADER)
        assert self._held() == before

    @rule(seed=st.integers(0, 2**32 - 1))
    def stale(self, seed: int) -> None:
        """A command that read another version changes nothing."""
        picked = self._picked(Random(seed))
        if picked is None:
            return
        before = self._held()
        answer = self._send(picked[0], {**self._keyed(), "if-match": '"999"'})
        assert answer.status_code == 412, answer.text
        assert self._held() == before

    @rule(seed=st.integers(0, 2**32 - 1), where=st.integers(0, 99))
    def crash(self, seed: int, where: int) -> None:
        """Power is cut before one of the writes: nothing is there, and the same command goes on."""
        picked = self._picked(Random(seed))
        writes = (*CHASSIS_WRITES, *self.service.writes)
        module, name = writes[where % len(writes)]
        if picked is None:
            return
        ask, at, _ = picked
        before, real, keyed = self._held(), getattr(module, name), self._keyed()

        reached = []

        async def cut(*_: Any) -> None:
            reached.append(name)
            raise PowerCut

        setattr(module, name, cut)
        try:
            answer = self._send(ask, keyed)
        finally:
            setattr(module, name, real)
        if not reached:
            self._noted(ask, keyed, at, answer, before)
            return
        assert (answer.status_code, self._held()) == (500, before)
        self._taken(ask, keyed, at)

    @rule(seed=st.integers(0, 2**32 - 1))
    def retract(self, seed: int) -> None:
        """A step is taken back, unless something rests on it."""
        random = Random(seed)
        if not self.records:
            return
        id_ = random.choice(sorted(self.records))
        version = random.choice((self.records[id_]["version"], random.randint(1, 6)))
        body = {"version": version, "reason": "nhầm"}
        ask = Ask(f"{self.service.collection}/{id_}/retract", "council", body)
        answer = self._taken(ask, self._keyed(), self.at[id_])
        assert answer.status_code in (200, 404, 409), answer.text

    def _picked(self, random: Random) -> tuple[Ask, int, bool] | None:
        """A command on a record, its instant, and whether the record's state allows it."""
        if not self.records:
            return None
        id_ = random.choice(sorted(self.records))
        shown = self.records[id_]
        steps = self.service.steps(random, shown)
        allowed = shown["possible"]
        name = chosen(random, allowed, sorted(steps), self.service.rare)
        at = self.at[id_] + random.choice((0, 3600, 86_400, 20 * 86_400, 120 * 86_400)) * 10**6
        ask = steps[name]
        body = {**ask.body, "at": moments.rfc3339(at)}
        path = f"{self.service.collection}/{id_}/{name}"
        return Ask(path, ask.role, body), at, name in allowed

    def _shown(self, id_: str, role: str) -> dict[str, Any]:
        """A record as a role reads it."""
        path = f"{self.service.collection}/{id_}"
        answer = self.runner.run(self.desk.get(path, role))
        assert answer.status_code in (200, 403, 404) and (role != "council" or answer.is_success)
        return dict(answer.json())

    def _keyed(self) -> dict[str, str]:
        self.keys = getattr(self, "keys", 0) + 1
        return {"idempotency-key": f"k{self.keys}"}

    def _send(self, ask: Ask, headers: dict[str, str]) -> httpx.Response:
        sending = self.desk.ask("POST", ask.path, ask.role, ask.body, headers)
        return self.runner.run(sending)

    def _taken(self, ask: Ask, keyed: dict[str, str], at: int) -> httpx.Response:
        """Sends a command; what was acknowledged is noted, what was refused changed nothing."""
        before = self._held()
        return self._noted(ask, keyed, at, self._send(ask, keyed), before)

    def _noted(
        self, ask: Ask, keyed: dict[str, str], at: int, answer: httpx.Response, before: list[Any]
    ) -> httpx.Response:
        if answer.status_code not in (200, 201):
            assert answer.status_code in (404, 409, 422), answer.text
            assert self._held() == before
            return answer
        self.sent.append((ask, keyed, answer))
        id_ = answer.json()["id"]
        self.records[id_] = shown = self._shown(id_, "council")
        assert shown == answer.json() or ask.role != "council"
        more = self._shown(id_, "clerk").get("possible", [])
        self.records[id_] = {**shown, "possible": sorted({*shown.get("possible", []), *more})}
        self.at[shown["id"]] = at
        told = answer.headers.get(RECEIPTS_HEADER, "")
        self.receipts += [receipt for receipt in told.split(",") if receipt]
        self.acknowledged += 1
        return answer

    def _held(self) -> list[Any]:
        """All that journal, outbox, answers and the rows of the list hold."""
        return self.runner.run(self._read())

    async def _read(self) -> list[Any]:
        async with self.desk.app.db.read() as conn:
            return [
                [tuple(row) for row in await conn.execute(text(f"SELECT * FROM {table}"))]
                for table in (*TABLES, self.service.rows)
            ]

    @invariant()
    def no_command_without_its_event_and_no_event_without_its_command(self) -> None:
        """Journal, outbox and what was acknowledged count the same commands and events."""
        if not hasattr(self, "desk"):
            return
        entries, sent, answers, _ = self._held()
        assert len(entries) == len(answers) == self.acknowledged
        events = [event for entry in entries for event in json.loads(entry[9])]
        assert [event[3] for event in events] == [row[1].hex() for row in sent] == self.receipts

    @invariant()
    def rows_and_records_agree(self) -> None:
        """The list has each record at its version and stage, as its journal tells it."""
        if not getattr(self, "records", None):
            return
        listed = self.runner.run(self._listed())
        for id_, last in self.records.items():
            shown = self.runner.run(self.desk.get(f"{self.service.collection}/{id_}")).json()
            assert {**last, **NOBODYS} == {**shown, **NOBODYS}
            row = listed.pop(id_, {"id": None})
            assert {name: shown[name] for name in row} == row, f"{id_} is listed as {row}"
        assert listed == {}

    async def _listed(self) -> dict[str, dict[str, Any]]:
        select = text(f"SELECT id, unit, stage, version FROM {self.service.rows}")
        async with self.desk.app.db.read() as conn:
            rows = (await conn.execute(select)).mappings()
            return {row["id"]: dict(row) for row in rows}

    @invariant()
    def what_was_announced_is_what_the_records_hold(self) -> None:
        """The events in the outbox, folded naively, are on for exactly what stands."""
        if not hasattr(self, "desk"):
            return
        events = self.runner.run(self.desk.events())
        assert len({one.event.id for one in events}) == len(events)
        gone = {one.event.data.id for one in events if one.kind.short == "event.retracted"}
        facts = [_fact(one) for one in events if one.event.id not in gone]
        held = set[On]()
        for shown in self.records.values():
            held |= self.service.holds(shown)
        assert on(facts, self.service.sets, self.service.clears) == held

    def teardown(self) -> None:
        """Closes the database and removes it."""
        if hasattr(self, "runner"):
            self.runner.run(self.manager.__aexit__(None, None, None))
            self.runner.close()
            shutil.rmtree(self.folder)


def _fact(recorded: Recorded) -> Fact:
    event = recorded.event
    names = event.data.__struct_fields__
    data = {name: getattr(event.data, name) for name in names}
    told = {name: value for name, value in data.items() if isinstance(value, str | int)}
    return Fact(recorded.kind.short, event.subject, moments.instant(event.time), told)


async def unasked(*_: Any, **__: Any) -> None:
    """A planted fault: the write does not happen."""


async def _forgets(
    conn: Any, record: str, version: int, step: Any, by: Any, recorded: int, events: Any
) -> journal.Entry:
    return journal.Entry(record, version, step, recorded, by, tuple(events))


CHASSIS_FAULTS: dict[str, tuple[Any, str, Any]] = {
    "events without a journal": (journal, "append", _forgets),
    "a journal without events": (outbox, "add", unasked),
    "a repeated command is carried out again": (chassis_desk.Desk, "_earlier", unasked),
    "one identity for all events": (announcing, "new_id", lambda now: "same"),
}
