"""`make upgrade`: two versions serve one city under traffic, and the way back."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest

from services.commands.service_registry import SERVICES
from tests.deploy.topology.processes import PROJECT
from tests.support.servers import postgres_server
from tests.support.stacks import EVENTS, Stack, eventually
from tests.upgrade.later import LAST, later_version, without_way_back
from tests.upgrade.town import Town, town

pytestmark = pytest.mark.anyio
NEWER = "the schema is newer"


async def migrate(held: Town) -> None:
    """`danchu migrate` of the later version, under traffic."""
    await held.run(held.later, "migrate", "all")
    await held.goes_on()


def restarted_on_newer(held: Town, name: str) -> bool:
    """Whether a process said at a start that the schema is of a later version."""
    return NEWER in (held.home / f"{name}.log").read_text()


async def test_two_versions_serve_at_once_on_postgresql(tmp_path: Path) -> None:
    """Migration, restart of the old version, both beside each other, the new one alone, and back.

    Not one request fails, nothing is lost and nothing counts twice.
    """
    later = later_version(tmp_path / "later")
    with postgres_server() as server:
        async with town(tmp_path / "home", server.url, later) as held:
            await held.start("old-2")
            await migrate(held)
            await held.end("old-2")
            await held.start("old-2")
            assert restarted_on_newer(held, "old-2")
            await held.start("new-1", "new-fold")
            await held.goes_on()
            await held.end("old-1", "old-2", "old-fold")
            await held.goes_on()
            await held.run(PROJECT, "migrate", "all")
            await held.start("old-1", "old-fold")
            await held.end("new-1", "new-fold")
            await held.goes_on()
            assert restarted_on_newer(held, "old-fold")
        assert held.traffic.failures == []


async def test_a_file_is_migrated_under_traffic(tmp_path: Path) -> None:
    """Its writers wait for the migration, and none of them fails; a fold of the later version
    takes over, and the old one goes on after it.
    """
    later = later_version(tmp_path / "later")
    async with town(tmp_path / "home", None, later) as held:
        await migrate(held)
        await held.start("new-fold")
        await held.end("old-fold")
        await held.goes_on()
        await held.start("old-fold")
        await held.end("new-fold")
        await held.goes_on()
        assert restarted_on_newer(held, "old-fold")
    assert held.traffic.failures == []


def test_a_backup_is_the_way_back_from_a_migration_that_takes_away(tmp_path: Path) -> None:
    """The old version refuses the schema; after a restore it has also what came since, from the
    stream, and counts it once when it is sent again.
    """
    later = without_way_back(tmp_path / "later")
    old = Stack(tmp_path / "home")
    old.up()
    emit(old, tmp_path, 2)
    run(old, "backup", "--to", str(tmp_path / "backups"))
    old.stop()
    new = Stack(tmp_path / "home", project=later)
    new.up()
    emit(new, tmp_path, 3)
    rated = new.get("/ratings/2025/H44.1")
    new.stop()
    assert LAST in old.refused()
    for service in SERVICES:
        for file in old.home.glob(f"{service}.db*"):
            file.unlink()
    (backup,) = (tmp_path / "backups").iterdir()
    run(old, "restore", "--from", str(backup))
    old.up()
    try:
        eventually(lambda: old.get("/lag", "operator")["folded"] == 3)
        assert old.get("/ratings/2025/H44.1") == rated
        emit(old, tmp_path, 3)
        assert old.get("/ratings/2025/H44.1") == rated
        assert old.get("/lag", "operator")["folded"] == 3
        assert old.run("audit").returncode == 0
    finally:
        old.stop(signal.SIGKILL)
    shutil.rmtree(old.home)


def emit(stack: Stack, folder: Path, number: int) -> None:
    """Sends the first events and waits until they are folded."""
    file = folder / "events.ndjson"
    file.write_text("".join(json.dumps(event) + "\n" for event in EVENTS[:number]))
    run(stack, "emit", str(file))
    eventually(lambda: stack.get("/lag", "operator")["folded"] == number)


def run(stack: Stack, *arguments: str) -> None:
    """A command that has to succeed."""
    ended = stack.run(*arguments)
    assert ended.returncode == 0, ended.stdout + ended.stderr
