"""The drill of docs/operations.md: save as it says, lose everything, restore, and look."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import asyncpg
import pytest

from services.chassis.auth.credentials import Issuer
from services.chassis.clock import now_us
from services.chassis.settings import Settings
from services.commands import backup
from services.commands.service_registry import SERVICES, migrate_one
from services.scoring.operations.audit import audit
from services.scoring.settings import ScoringSettings
from tests.conftest import NatsServer
from tests.scoring.operations.restoring import Town, hasten
from tests.support.servers import BINARIES, plain_user

pytestmark = pytest.mark.anyio


def run(*command: str | Path) -> None:
    """A program of PostgreSQL, as somebody without rights."""
    subprocess.run(command, check=True, cwd="/", env={**os.environ, "HOME": "/tmp"}, **plain_user())


def dump(url: str, file: Path) -> None:
    """What the page says for PostgreSQL."""
    file.parent.chmod(0o777)
    with file.open("wb") as out:
        command: list[str | Path] = [BINARIES / "pg_dump", "-Fc", url]
        subprocess.run(command, check=True, stdout=out, cwd="/", **plain_user())


def save(home: Path, url: str, copies: Path) -> None:
    """The databases while danchu runs, scoring first; then the keys."""
    copies.mkdir()
    if url.startswith("sqlite"):
        for service in ("scoring", "intake", "training", "awards", "violations"):
            with contextlib.closing(sqlite3.connect(home / f"{service}.db")) as conn:
                conn.execute("VACUUM INTO ?", (str(copies / f"{service}.db"),))
    else:
        dump(url, copies / "danchu.dump")
    for name in ("keys", "nats-users.json"):
        source = home / name
        if source.is_dir():
            shutil.copytree(source, copies / name)
        elif source.exists():
            shutil.copy(source, copies / name)


def restore(home: Path, url: str, copies: Path) -> None:
    """The databases, while danchu is stopped."""
    if url.startswith("sqlite"):
        for service in SERVICES:
            for suffix in ("-wal", "-shm"):
                (home / f"{service}.db{suffix}").unlink(missing_ok=True)
            shutil.copy(copies / f"{service}.db", home / f"{service}.db")
    else:
        for parent in (copies, *copies.parents[:4]):
            with contextlib.suppress(PermissionError):
                parent.chmod(0o777)
        (copies / "danchu.dump").chmod(0o644)
        run(BINARIES / "pg_restore", "--clean", "--if-exists", "-d", url, copies / "danchu.dump")


async def restore_by_command(home: Path, url: str, folder: Path) -> None:
    """By `danchu restore`, once the databases are gone."""
    if url.startswith("sqlite"):
        for service in SERVICES:
            for file in home.glob(f"{service}.db*"):
                file.unlink()
    else:
        conn = await asyncpg.connect(url)
        for service in SERVICES:
            await conn.execute(f"DROP SCHEMA {service} CASCADE")
        await conn.close()
    await backup.restore(Settings(), folder, lambda *_: None)


@pytest.mark.parametrize(
    ("stream", "by_command"),
    [("kept", False), ("older", False), ("lost", False), ("kept", True), ("lost", True)],
)
async def test_the_drill_of_backup_and_restore(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, stream: str, by_command: bool,
) -> None:  # fmt: skip
    """Saved while it runs, by programs of the databases or by a command; afterwards everything
    that any part still had is rated, by itself or after the resend that the halt names, and the
    next backup is as good.
    """
    hasten(monkeypatch)
    town = Town(home, database_url, issuer, provisioned, monkeypatch)
    await town.begin()
    async with town.running() as road:
        await town.accept(road, 4)
        await town.whole(road)
        if by_command:
            saved_home = await backup.save(Settings(), tmp_path, None, now_us, lambda *_: None)
        else:
            save(home, database_url, tmp_path / "copies")
    copy, saved = town.saved_stream("backup"), list(town.accepted)
    async with town.running() as road:
        await town.accept(road, 3)
        await town.whole(road)
    if by_command:
        await restore_by_command(home, database_url, saved_home.folder)
    else:
        restore(home, database_url, tmp_path / "copies")
    if stream != "kept":
        town.restore_stream(copy if stream == "older" else None)
        await town.provisioned()
    for name in SERVICES:
        await migrate_one(name, Settings())
    async with town.running() as road:
        needed = [*(town.accepted if stream == "kept" else saved), *await town.accept(road, 2)]
        if await town.whole_or_halted(road, needed) is not None:
            await town.resend("2025-01-01")
        await town.whole(road, needed)
    answer = await audit(ScoringSettings(), SERVICES)
    assert len(answer) == (3 if stream == "kept" else 0), answer
    assert all("no outbox has it" in line for line in answer)
