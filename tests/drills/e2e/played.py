"""A year of a city as its clerks and council play it, and what an emitter would have said of it.

Each act is done twice: as commands to a system of record, and as events written by hand. Neither
knows the other; only the ratings that both come to have to be the same.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from typing import Any

import httpx

from contracts.catalog import CANONICAL

Raw = dict[str, Any]
YEAR = 2025
SOURCE = "urn:test:by-hand"
CANARY = "Chim Hoàng Yến"
"""The name of every person, and a part of every text that the systems of record keep for
themselves; it may be in nothing that leaves danchu."""
UNITS = {f"H44.{number}": "commune" for number in range(1, 6)} | {
    f"H45.{number}": "agency" for number in range(1, 4)
}
SEVERITIES = ("reminder", "reprimand", "warning", "dismissal")


def day(number: int, hour: int = 8) -> str:
    """A day of the year by its number from 1 on, at an hour in Vietnam."""
    month, rest = min((number - 1) // 28 + 1, 12), (number - 1) % 28 + 1
    return f"{YEAR}-{month:02d}-{rest:02d}T{hour:02d}:00:00+07:00"


@dataclass
class Desks:
    """The systems of record of a running stack; `receipts` are those of every command."""

    client: httpx.Client
    tokens: dict[str, str]
    receipts: list[str] = field(default_factory=list)

    def do(self, path: str, by_role: str, /, **body: Any) -> Any:
        """A command that has to succeed; its answer."""
        headers = {"authorization": f"Bearer {self.tokens[by_role]}"}
        answer = self.client.post(path, json=body, headers=headers)
        assert answer.status_code in (200, 201), f"{path} {body}: {answer.text}"
        told = answer.headers.get("x-danchu-receipts", "")
        self.receipts += [one for one in told.split(",") if one]
        return answer.json()


@dataclass
class ByHand:
    """The same year as events."""

    events: list[Raw] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def say(self, short: str, subject: str, time: str, **data: Any) -> None:
        """One event."""
        self.events.append(
            {
                "specversion": "1.0", "id": f"e{next(self.numbers)}", "source": SOURCE,
                "type": CANONICAL[short].type, "subject": subject, "time": time, "data": data,
            }
        )  # fmt: skip


@dataclass
class Year:
    """One seeded year: `play` does it at the desks and writes it down by hand."""

    seed: int
    hand: ByHand = field(default_factory=ByHand)

    def play(self, desks: Desks) -> None:
        """Every act of every unit, in the order of the units."""
        for unit in UNITS:
            chance = random.Random(f"{self.seed} {unit}")
            self._training(desks, unit, chance)
            for number in range(chance.randrange(4)):
                self._achievement(desks, unit, number, chance)
            for number in range(chance.randrange(4)):
                self._case(desks, unit, number, chance)

    def _training(self, desks: Desks, unit: str, chance: random.Random) -> None:
        roster = {}
        for number in range(chance.randint(3, 7)):
            person, role = f"{unit}/{number}", chance.choice(("official", "board_member", "other"))
            on = chance.choice((3, 20, 330))
            made = desks.do("/training/memberships", "clerk", unit=unit, role=role,
                            number=f"{unit}-CB-{number}", name=CANARY, at=day(on))  # fmt: skip
            self.hand.say("roster.assigned", unit, day(on), person=_key(person), role=role)
            roster[person] = (made["id"], on)
            if chance.random() < 0.2:
                desks.do(f"/training/memberships/{made['id']}/release", "clerk", at=day(334))
                self.hand.say("roster.released", unit, day(334), person=_key(person))
        for number in range(chance.randint(1, 3)):
            self._course(desks, unit, number, sorted(roster.items()), chance)

    def _course(
        self, desks: Desks, unit: str, number: int, roster: list[Any], chance: random.Random
    ) -> None:
        topic, due = chance.choice(("democracy", "it_skills")), day(200)[:10]
        course = desks.do("/training/courses", "clerk", unit=unit, title="Bồi dưỡng", topic=topic,
                          hours="8", due=due, at=day(40))["id"]  # fmt: skip
        key = f"{unit}-{number}"
        self.hand.say("course.planned", unit, day(40), course=key, due=due)
        if chance.random() < 0.2:
            desks.do(f"/training/courses/{course}/cancel", "council", reason="bỏ", at=day(60))
            self.hand.say("course.cancelled", unit, day(60), course=key)
            return
        on = chance.choice((100, 200, 201))
        held = desks.do(f"/training/courses/{course}/schedule", "clerk", starts=day(on), hours="8",
                        place=f"Nhà {CANARY}")["sessions"][0]["session"]  # fmt: skip
        came = [person for person, (_, since) in roster if since < on and chance.random() < 0.7]
        rows = [{"number": f"{unit}-CB-{person.rpartition('/')[2]}",
                 "hours": chance.choice(("8", "8", "4"))} for person in came]  # fmt: skip
        if not rows:
            return
        desks.do(f"/training/courses/{course}/attend", "clerk", session=held, rows=rows)
        for person, row in zip(came, rows, strict=True):
            if row["hours"] == "8":
                self.hand.say("training.completed", unit, day(on, 16), person=_key(person),
                              course=key, topic=topic, hours="8")  # fmt: skip
        desks.do(f"/training/courses/{course}/hold", "clerk", at=day(on, 17))
        self.hand.say("course.held", unit, day(on, 17), course=key)

    def _achievement(self, desks: Desks, unit: str, number: int, chance: random.Random) -> None:
        key, at = f"{unit}-m{number}", "/awards/achievements"
        made = desks.do(
            at, "clerk", unit=unit, title="Mô hình", merits=f"{CANARY} tốt", at=day(50)
        )["id"]
        self.hand.say("model.nominated", unit, day(50), model=key, title="Mô hình")
        path, recognised = f"{at}/{made}", []
        for on, level in zip((60, 70, 80), ("commune", "city", "province"), strict=True):
            passed = chance.random() < 0.7
            desks.do(f"{path}/appraise", "council", what="model", level=level, against=2,
                     in_favour=3 if passed else 1, at=day(on))  # fmt: skip
            if not passed:
                desks.do(f"{path}/refuse", "council", reason="chưa đủ", at=day(on, 9))
                break
            desks.do(f"{path}/recognise", "council", level=level, decision="1/QĐ", at=day(on, 9))
            self.hand.say("model.recognised", unit, day(on, 9), model=key, level=level)
            recognised.append(level)
        if not recognised:
            return
        if chance.random() < 0.5:
            by, evidence = "H45.2" if unit == "H45.3" else "H45.3", [{"document": "1/BC"}]
            desks.do(f"{path}/replicate", "clerk", by=by, evidence=evidence, at=day(120))
            self.hand.say("model.replicated", unit, day(120), model=key, by=by)
        if chance.random() < 0.5:
            level = chance.choice(("province", "ministry", "state"))
            desks.do(f"{path}/appraise", "council", what="award", level=level, in_favour=5,
                     against=0, at=day(130))  # fmt: skip
            desks.do(f"{path}/grant", "council", level=level, decision="2/QĐ", at=day(130, 9))
            self.hand.say("award.granted", unit, day(130, 9), award=f"{key}-a", level=level)
        if chance.random() < 0.3:
            desks.do(f"{path}/revoke", "council", what="model", cause="false_declaration",
                     decision="3/QĐ", at=day(150))  # fmt: skip
            self.hand.say("model.revoked", unit, day(150), model=key)

    def _case(self, desks: Desks, unit: str, number: int, chance: random.Random) -> None:
        key, by_unit = f"{unit}-v{number}", chance.random() < 0.5
        made = desks.do("/violations/cases", "clerk" if by_unit else "council", unit=unit,
                        allegation=f"{CANARY} không công khai", at=day(90))["id"]  # fmt: skip
        path, ref = f"/violations/cases/{made}", f"DEED-{unit}-{number}"
        desks.do(f"{path}/assign", "council", to="CB-7", at=day(91))
        desks.do(f"{path}/verify", "council", outcome=f"{CANARY}: có căn cứ", at=day(100))
        if chance.random() < 0.3:
            desks.do(f"{path}/dismiss", "council", reason=f"{CANARY}: không có căn cứ", at=day(101))
            return
        due = day(150)[:10]
        desks.do(f"{path}/conclude", "council", act="9.1", deed=ref, due=due, at=day(101))
        self.hand.say("violation.concluded", unit, day(101), case=key, due=due)
        if chance.random() < 0.2:
            return
        on, severity = chance.choice((140, 150, 151)), chance.choice(SEVERITIES)
        by_head = chance.random() < 0.3
        told = {"severity": severity, "by_head": by_head, "self_found": by_unit}
        desks.do(f"{path}/handle", "council", **told, measure=f"kỷ luật {CANARY}", decision="4/QĐ",
                 at=day(on, 23))  # fmt: skip
        self.hand.say("violation.handled", unit, day(on, 23), case=key, act="9.1", **told)
        if chance.random() < 0.4:
            desks.do(f"{path}/overturn", "council", decision="5/QĐ", by="court", at=day(200))
            self.hand.say("violation.overturned", unit, day(200), case=key)

    def by_the_door(self) -> list[Raw]:
        """What the systems of record do not keep: the register, and other practice."""
        door = ByHand()
        chance = random.Random(self.seed)
        for unit, kind in UNITS.items():
            door.say("unit.registered", unit, f"{YEAR}-01-01T00:00:00+07:00", name=unit, kind=kind)
            for item in range(chance.randint(1, 4)):
                due = day(100)[:10]
                door.say("disclosure.due", unit, day(20), item=f"i{item}", due=due)
                if chance.random() < 0.8:
                    on = chance.choice((90, 100, 101))
                    door.say("disclosure.published", unit, day(on, 23), item=f"i{item}",
                             channel="portal")  # fmt: skip
            for number in range(chance.randint(0, 9)):
                door.say("communication.held", unit, day(30 * number + 5), activity=f"a{number}",
                         form=chance.choice(("portal", "social", "print")))  # fmt: skip
        for event in door.events:
            event["source"] = "urn:test:door"
        return door.events


def _key(person: str) -> str:
    return f"k{person.replace('/', '-').replace('.', '-')}"
