"""The fold of the tutorial design: a message, a session, a commit, an acknowledgement."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from faststream import FastStream
from faststream.nats import JStream, NatsBroker
from ruamel.yaml import YAML
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.bench.tutorial.models import CloudEvent, Code, Event, Fact, Tally, Unit, engine

LOCAL = timezone(timedelta(hours=7))
SIDES = ("obliged", "fulfilled", "done")


class Rule(NamedTuple):
    """What one event type says about an indicator."""

    indicator: str
    side: str
    on: bool
    key: str | None
    where: dict[str, Any]


Rules = dict[str, dict[str, list[Rule]]]
"""By kind of unit, then by short name of the event."""


def load_rules(folder: Path) -> Rules:
    """The rules of every rubric of a folder."""
    found: Rules = {}
    for path in sorted(folder.glob("*.yaml")):
        rubric = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
        for kind in rubric["kinds"]:
            by_type = found.setdefault(kind, {})
            for short, rule in _rules(rubric):
                by_type.setdefault(short, []).append(rule)
    return found


def _rules(rubric: dict[str, Any]) -> Iterator[tuple[str, Rule]]:
    for indicator in rubric["indicators"]:
        for side in SIDES:
            for rule in indicator.get(side, ()):
                key, where = rule.get("key"), rule.get("where", {})
                for short in _many(rule["set"]):
                    yield short, Rule(indicator["id"], side, True, key, where)
                for short in _many(rule.get("clear", [])):
                    yield short, Rule(indicator["id"], side, False, key, {})


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class Folder:
    """Folds one event in one session."""

    def __init__(self, session: AsyncSession, rules: Rules) -> None:
        self.session, self.rules = session, rules

    async def fold(self, said: CloudEvent) -> None:
        """Puts an event into the ledger, once, and moves facts and tallies."""
        known = await self._known(said.source, said.id)
        if known is not None:
            return
        short = said.type.removeprefix("vn.danchu.").removesuffix(".v1")
        year = said.data.get("year", said.time.astimezone(LOCAL).year)
        event = Event(
            source=said.source, event_id=said.id, type=short, subject=said.subject, year=year,
            time=said.time.astimezone(UTC), recorded=said.recordedtime.astimezone(UTC),
            data=said.data,
        )  # fmt: skip
        self.session.add(event)
        await self.session.flush()
        if short.startswith("unit."):
            await self._register(short, said)
        elif short == "event.retracted":
            await self._retract(said)
        else:
            await self._post(event, said)

    async def _known(self, source: str, id_: str) -> Event | None:
        asked = select(Event).where(Event.source == source, Event.event_id == id_)
        return (await self.session.scalars(asked)).one_or_none()

    async def _register(self, short: str, said: CloudEvent) -> None:
        if short == "unit.registered":
            name, kind = said.data["name"], said.data["kind"]
            await self.session.merge(Unit(key=said.subject, name=name, kind=kind))
        elif short == "unit.recoded":
            await self.session.merge(Code(code=said.data["code"], unit=said.subject))

    async def _retract(self, said: CloudEvent) -> None:
        event = await self._known(said.data["source"], said.data["id"])
        if event is None:
            return
        event.retracted = True
        facts = await self.session.scalars(select(Fact).where(Fact.event_id == event.id))
        for fact in facts:
            await self._turn(fact, False)

    async def _post(self, event: Event, said: CloudEvent) -> None:
        unit = await self._unit(said.subject)
        if unit is None:
            return
        for rule in self.rules.get(unit.kind, {}).get(event.type, ()):
            if all(said.data.get(name) in _many(v) for name, v in rule.where.items()):
                await self._say(unit, event, rule, _key(rule.key, said))

    async def _unit(self, subject: str) -> Unit | None:
        unit = await self.session.get(Unit, subject)
        if unit is not None:
            return unit
        code = await self.session.get(Code, subject)
        return await self.session.get(Unit, code.unit) if code is not None else None

    async def _say(self, unit: Unit, event: Event, rule: Rule, key: str) -> None:
        asked = select(Fact).where(
            Fact.unit == unit.key, Fact.year == event.year, Fact.indicator == rule.indicator,
            Fact.side == rule.side, Fact.key == key,
        )  # fmt: skip
        fact = (await self.session.scalars(asked)).one_or_none()
        if fact is None:
            fact = Fact(
                unit=unit.key, year=event.year, indicator=rule.indicator, side=rule.side, key=key,
                on=False, event_id=event.id, time=event.time,
            )  # fmt: skip
            self.session.add(fact)
        elif _aware(fact.time) > event.time:
            return
        fact.event_id, fact.time = event.id, event.time
        await self._turn(fact, rule.on)

    async def _turn(self, fact: Fact, on: bool) -> None:
        """Sets or clears a fact, and counts it where that changes something."""
        if fact.on == on:
            return
        fact.on = on
        place = (fact.unit, fact.year, fact.indicator, fact.side)
        tally = await self.session.get(Tally, place)
        if tally is None:
            tally = Tally(
                unit=fact.unit, year=fact.year, indicator=fact.indicator, side=fact.side, count=0
            )
            self.session.add(tally)
        tally.count += 1 if on else -1


def _aware(time: datetime) -> datetime:
    """SQLite forgets the offset, which is that of UTC."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _key(field: str | None, said: CloudEvent) -> str:
    local = said.time.astimezone(LOCAL)
    if field == "$month":
        return f"{local.year}-{local.month:02d}"
    if field == "$quarter":
        return f"{local.year}-Q{(local.month + 2) // 3}"
    return f"{said.source} {said.id}" if field is None else str(said.data[field])


def build(nats_url: str, database_url: str, rubrics: Path) -> FastStream:
    """The application: a durable pull subscriber, one message at a time."""
    broker = NatsBroker(nats_url)
    rules = load_rules(rubrics)
    sessions = async_sessionmaker(engine(database_url), expire_on_commit=False)

    @broker.subscriber(
        "danchu.events.>", stream=JStream("EVENTS", declare=False), durable="tutorial",
        pull_sub=True,
    )  # fmt: skip
    async def on_event(said: CloudEvent) -> None:
        async with sessions() as session:
            await Folder(session, rules).fold(said)
            await session.commit()

    return FastStream(broker)
