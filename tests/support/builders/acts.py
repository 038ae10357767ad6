"""What clerks and the council do in the tests of training, each in one call."""

from __future__ import annotations

from typing import Any

from contracts.envelope import Recorded
from tests.support.builders.desks import Desk

UNIT = "H44.2.1"
OTHER = "H44.2.2"
NAME = "Nguyễn Văn Mẫu"
DAY = "T08:00:00+07:00"


async def assigned(
    desk: Desk, number: str = "CB-1", unit: str = UNIT, day: str = "2025-03-01",
    role: str = "official", name: str | None = NAME,
) -> dict[str, Any]:  # fmt: skip
    """A membership from the morning of a day on."""
    body = {"unit": unit, "role": role, "number": number, "name": name, "at": day + DAY}
    return dict(await desk.succeed("memberships", "clerk", body))


async def released(desk: Desk, membership: dict[str, Any], day: str) -> dict[str, Any]:
    """The membership after its release on the morning of a day."""
    path = f"memberships/{membership['id']}/release"
    return dict(await desk.succeed(path, "clerk", {"at": day + DAY}))


async def planned(desk: Desk, unit: str = UNIT, **changed: Any) -> str:
    """The id of a course of eight hours, planned in February 2025."""
    body = {
        "unit": unit, "title": "Bồi dưỡng dân chủ ở cơ sở", "topic": "democracy", "hours": "8",
        "at": "2025-02-01" + DAY, **changed,
    }  # fmt: skip
    return str((await desk.succeed("courses", "clerk", body))["id"])


async def scheduled(desk: Desk, course: str, day: str = "2025-05-05", hours: str = "8") -> str:
    """A session on the morning of a day."""
    body = {"starts": day + DAY, "place": "Hội trường", "hours": hours}
    sessions = (await desk.succeed(f"courses/{course}/schedule", "clerk", body))["sessions"]
    return str(max((one["session"] for one in sessions), key=lambda name: int(name[1:])))


async def attended(desk: Desk, course: str, session: str, *rows: dict[str, Any]) -> Any:
    """The course after these rows were written down; eight hours each unless told."""
    body = {"session": session, "rows": [{"hours": "8", **row} for row in rows]}
    return await desk.succeed(f"courses/{course}/attend", "clerk", body)


async def trained(desk: Desk, *numbers: str, unit: str = UNIT, day: str = "2025-05-05") -> str:
    """The id of a course that these persons completed in one session."""
    course = await planned(desk, unit)
    session = await scheduled(desk, course, day)
    await attended(desk, course, session, *({"number": number} for number in numbers))
    return course


async def standing(desk: Desk) -> list[Recorded]:
    """What was announced and not retracted, in order; retractions left out."""
    events = await desk.events()
    gone = {one.event.data.id for one in events if one.kind.short == "event.retracted"}
    return [
        one for one in events if one.event.id not in gone and one.kind.short != "event.retracted"
    ]


async def told(desk: Desk, *shorts: str) -> list[tuple[str, str, str]]:
    """(short name, unit, time) of what stands, of these types or of all, by time."""
    found = [
        (one.kind.short, one.event.subject, one.event.time)
        for one in await standing(desk)
        if not shorts or one.kind.short in shorts
    ]
    return sorted(found, key=lambda one: (one[2], one))
