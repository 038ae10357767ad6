"""`python -m tests.upgrade.make_fixture`: keeps the state of this version, for later ones.

Run it on the commit of a release. It starts danchu on an empty home, plays a small city with every
type of event, seals one year, and writes what `danchu backup` saved, what danchu answered, and what
the stream has. Ids and times differ from run to run, so it is run once for a release.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import signal
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from services.chassis.broker.connection import Broker
from services.chassis.settings import Settings
from services.commands.backup_folder import MANIFEST, database_file
from services.commands.sample import STRAY_SUBJECT
from services.commands.service_registry import SERVICES
from services.scoring.rubrics.loader import SHIPPED
from services.scoring.stream import STREAM as EVENT_STREAM
from services.simulation.sample import sample_stray
from tests.drills.e2e.doors import Doors
from tests.drills.e2e.played import Desks, Year
from tests.support.stacks import Stack, eventually
from tests.upgrade.answers import LISTS, answers_of, sheets
from tests.upgrade.city import OPEN, SEALED, every_type, late
from tests.upgrade.keys import REVOKED, write_keys
from tests.upgrade.state import (
    ABOUT,
    ANSWERS,
    EVENTS,
    RELEASES,
    STREAM,
    dump,
    write_packed,
    write_value,
)

PAPER = ("--date", "2026-01-15", "--reason", "Theo nghị quyết", "--year", str(SEALED))
SEED = 3
MSG_ID = "Nats-Msg-Id"


def rubrics_without_replies(folder: Path) -> Path:
    """The shipped rubrics with no period of replies, so that a year can be sealed at once."""
    folder.mkdir(parents=True)
    for file in SHIPPED.glob("*.yaml"):
        content = file.read_text(encoding="utf-8").replace("reply_days: 14", "reply_days: 0")
        (folder / file.name).write_text(content, encoding="utf-8")
    return folder


def play(stack: Stack) -> list[dict[str, Any]]:
    """The whole city; every event that was sent to the door."""
    doors, year = Doors(stack.home, stack.url), Year(SEED)
    first = [*year.by_the_door(), *every_type(SEALED)]
    doors.by_http(first)
    tokens = json.loads((stack.home / "tokens.json").read_text())
    with httpx.Client(base_url=stack.url, timeout=60) as client:
        year.play(Desks(client, tokens))
    _settled(stack)
    _done(stack, "year", "provisional", "--decision", "1/NQ-HĐND", *PAPER)
    _done(stack, "year", "seal", "--decision", "2/QĐ-UBND", *PAPER)
    _done(stack, "year", "seal", "--auditor", "--year", str(SEALED))
    then = [late(), *every_type(OPEN)]
    doors.by_http(then)
    assert not doors.errors, doors.errors[:3]
    asyncio.run(_publish(stack.home))
    _done(stack, "token", "revoke", "--subject", REVOKED)
    _settled(stack)
    return [*first, *then]


def _done(stack: Stack, *arguments: str) -> None:
    run = stack.run(*arguments)
    assert run.returncode == 0, run.stdout + run.stderr


def _settled(stack: Stack) -> None:
    """Waits until everything that was accepted is folded."""

    def all_folded() -> bool:
        waiting = [
            httpx.get(f"{stack.url}/{name}/outbox", headers=_operator(stack)).json()["waiting"]
            for name in SERVICES
        ]
        return not any(waiting) and stack.get("/lag", "operator")["events"] == 0

    eventually(all_folded)


def _operator(stack: Stack) -> dict[str, str]:
    token = json.loads((stack.home / "tokens.json").read_text())["operator"]
    return {"authorization": f"Bearer {token}"}


async def _publish(home: Path) -> None:
    """Something on the stream that breaks the contract, for the quarantine."""
    broker = Broker(Settings(home=home).nats("intake"), "keeping a state")
    try:
        await broker.request(STRAY_SUBJECT, sample_stray())
    finally:
        await broker.close()


async def stream_of(home: Path) -> list[tuple[str, str, str]]:
    """Every message of the stream: subject, message id and digest of the body."""
    broker = Broker(Settings(home=home).nats("scoring"), "keeping a state")
    try:
        await broker.ensure()
        manager = broker.manager()
        state = (await manager.stream_info(EVENT_STREAM)).state
        messages = []
        for number in range(state.first_seq, state.last_seq + 1):
            each = await manager.get_msg(EVENT_STREAM, number, direct=True)
            digest = hashlib.sha256(each.data or b"").hexdigest()
            messages.append((each.subject or "", (each.headers or {}).get(MSG_ID, ""), digest))
        return sorted(messages)
    finally:
        await broker.close()


def receipts_of(home: Path) -> list[str]:
    """Every receipt that any service answered."""
    receipts = []
    for service in SERVICES:
        with closing(sqlite3.connect(home / f"{service}.db")) as conn:
            receipts += [row[0].hex() for row in conn.execute("SELECT receipt FROM outbox")]
    return sorted(receipts)


def personal(home: Path) -> list[str]:
    """The paths of all records that have a text that is encrypted."""
    tables = {"training": "persons", "awards": "achievements", "violations": "cases"}
    paths = []
    for service, table in tables.items():
        with closing(sqlite3.connect(home / f"{service}.db")) as conn:
            ids = conn.execute(f"SELECT id FROM {table} ORDER BY id").fetchall()
        words = "/words" if table == "cases" else ""
        paths += [f"/{service}/{table}/{row[0]}{words}" for row in ids]
    return paths


def keep(stack: Stack, place: Path, rubrics: Path) -> Path:
    """Writes everything into the folder of the version."""
    events = play(stack)
    answers = answers_of(stack, [*LISTS, *sheets(stack), *personal(stack.home)])
    _done(stack, "backup", "--to", str(place))
    (backup,) = place.iterdir()
    manifest = json.loads((backup / MANIFEST).read_text())
    folder = RELEASES / str(manifest["version"])
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(rubrics, folder / "rubrics")
    revisions = {}
    for service in SERVICES:
        database = database_file(backup, service)
        write_packed(folder / f"{service}.sql.gz", dump(database))
        with closing(sqlite3.connect(database)) as conn:
            revisions[service] = conn.execute("SELECT version_num FROM alembic_version").fetchone()[
                0
            ]
    about = {name: manifest[name] for name in ("version", "made_at")} | {"revisions": revisions}
    (folder / ABOUT).write_text(json.dumps(about, indent=1) + "\n")
    write_value(folder / ANSWERS, answers)
    sent = {"events": events, "receipts": receipts_of(stack.home)}
    write_value(folder / EVENTS, sent)
    write_value(folder / STREAM, asyncio.run(stream_of(stack.home)))
    return folder


def main() -> int:
    """Keeps the state of this version."""
    with tempfile.TemporaryDirectory(prefix="danchu-state-") as place:
        rubrics = rubrics_without_replies(Path(place) / "rubrics")
        stack = Stack(Path(place) / "home")
        write_keys(stack.home)
        stack.up("--empty", "--rubrics", str(rubrics))
        try:
            folder = keep(stack, Path(place) / "backups", rubrics)
        finally:
            stack.stop(signal.SIGTERM)
        for file in sorted(folder.rglob("*")):
            print(f"{file.stat().st_size:>8} {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
