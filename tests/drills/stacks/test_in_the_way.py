"""What keeps danchu from starting is said in one sentence, with exit code 2 and no traceback."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from services.intake.app import migrated
from services.intake.settings import IntakeSettings
from tests.support.servers import NatsServer, Postgres
from tests.support.stacks import Stack, eventually

DISK_MEGABYTES = 8


def test_a_second_stack_on_a_home_and_a_taken_port(stack: Stack, tmp_path: Path) -> None:
    """The sentence names the port and its option, for HTTP and for NATS, or the home."""
    stack.up()
    assert "is already running" in stack_refused_on(stack)
    other = Stack(tmp_path / "other")
    own, other.port = other.port, stack.port
    assert f"Port {stack.port} is taken" in (output := other.refused()) and "--port" in output
    other.port, other.nats_port = own, stack.nats_port
    assert (
        f"Port {stack.nats_port} is taken" in (output := other.refused())
        and "--nats-port" in output
    )
    served = stack.run("serve", "scoring", "--part", "http")
    assert served.returncode == 2 and f"Port {stack.port} is taken" in served.stderr
    with socket.create_connection(("127.0.0.1", stack.port), 5):
        assert stack.stop() == 0


def stack_refused_on(stack: Stack) -> str:
    """What another stack on the same home and ports says."""
    return Stack(stack.home).refused()


def test_rubrics_that_are_wrong(stack: Stack, tmp_path: Path) -> None:
    """The file is named."""
    (tmp_path / "x.yaml").write_text("id: x\n")
    assert "x.yaml" in stack.refused("--empty", "--rubrics", str(tmp_path))


def test_a_home_that_is_no_folder(stack: Stack) -> None:
    """The path is named."""
    stack.home.write_text("a file")
    assert str(stack.home) in stack.refused()


@pytest.mark.parametrize("content", ["{", "[]", '{"users": []}'])
def test_passwords_of_nats_that_cannot_be_read(stack: Stack, content: str) -> None:
    """A broken file is named rather than replaced: other processes have its passwords."""
    stack.home.mkdir()
    (stack.home / "nats-users.json").write_text(content)
    assert "nats-users.json cannot be used" in stack.refused()


def test_a_signing_key_that_cannot_be_read(stack: Stack) -> None:
    """A key is not made anew over a broken one: tokens in use would end without a word."""
    (stack.home / "keys").mkdir(parents=True)
    (stack.home / "keys" / "tokens.pem").write_text("no key")
    assert "tokens.pem cannot be used: the file is not a private" in stack.refused()


def test_a_home_that_cannot_be_written(small_disk: Path) -> None:
    """The path is named, and why."""
    remount = ["mount", "-o", "remount,ro", str(small_disk)]
    subprocess.run(remount, check=True)
    stack = Stack(small_disk / "home")
    assert f"The disk is read-only: {stack.home}" in stack.refused()


def test_state_of_a_newer_version(stack: Stack) -> None:
    """It is left as it is; the revision is named."""
    stack.home.mkdir()
    asyncio.run(migrated(IntakeSettings(home=stack.home)))
    with sqlite3.connect(stack.home / "intake.db") as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
    conn.close()
    assert "written by a newer version (its revision 9999" in stack.refused()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes, where the machine allows to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = f"size={DISK_MEGABYTES}m"
    mount = shutil.which("mount") or "mount"
    mounted = subprocess.run(
        [mount, "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    """Whichever part meets it first, the stack ends and says that no space is left."""
    stack = Stack(small_disk / "home")
    with (small_disk / "filler").open("wb", buffering=0) as filler:
        while written(filler):
            pass
    output = stack.refused().lower()
    assert "full" in output or "no space" in output


def written(filler: object) -> bool:
    """Whether another block went onto the disk."""
    try:
        filler.write(b"x" * 4096)  # type: ignore[attr-defined]
    except OSError:
        return False
    return True


def test_an_outside_nats_that_syncs_later(stack: Stack, home: Path) -> None:
    """Nothing starts on a broker that would lose acknowledged messages; the setting is named."""
    server = NatsServer(home)
    text = server.config.read_text().replace("sync_interval: always", 'sync_interval: "2m"')
    server.config.write_text(text)
    server.start()
    try:
        output = stack.refused(**outside(server), DANCHU_NATS_MONITOR=server.monitor)
    finally:
        server.stop()
    assert "sync_interval = 120 s, and always is needed" in output


def test_an_outside_nats_where_anybody_can_write(stack: Stack, home: Path) -> None:
    """Neither the stack starts nor is anything provisioned without the override, which is named."""
    server, override = NatsServer(home), "DANCHU_NATS_OPEN_ACCEPTED"
    server.remove_users()
    server.start()
    env = {**outside(server), "DANCHU_NATS_MONITOR": server.monitor}
    try:
        output = stack.refused(**env)
        provisioned = stack.here("provision", **env)
        accepted = stack.here("provision", **env, **{override: "true"})
    finally:
        server.stop()
    assert override in output and server.url in output
    assert (provisioned.returncode, accepted.returncode) == (2, 0)
    assert override in provisioned.stderr
    assert server.url in accepted.stdout and "accepts it" in accepted.stdout


def outside(server: NatsServer) -> dict[str, str]:
    """The environment that points to a server that is not ours."""
    users = json.loads((server.home / "nats-users.json").read_text())["users"]
    passwords = {f"DANCHU_NATS_{user.upper()}_PASSWORD": users[user] for user in users}
    return {"DANCHU_NATS_URL": server.url, **passwords}


def test_an_outside_nats_that_shows_nothing_needs_a_voucher_that_stays_visible(
    stack: Stack, nats_server: NatsServer
) -> None:
    """Without its monitoring address only the named override starts, and /readyz says so."""
    override = "DANCHU_NATS_SYNC_ALWAYS_VOUCHED"
    assert override in stack.refused(**outside(nats_server))
    stack.up("--empty", **outside(nats_server), **{override: "true"})
    vouched = "NATS: sync_interval: always was vouched for and not read back."
    eventually(lambda: vouched in stack.readiness()["intake"]["warnings"])
    assert stack.stop() == 0


def test_a_postgresql_that_is_away(stack: Stack) -> None:
    """The sentence says that the database is away."""
    away = f"postgresql://danchu@127.0.0.1:{stack.port}/danchu"
    assert "The database is away" in stack.refused(DANCHU_DATABASE_URL=away)


@pytest.mark.parametrize("setting", ["synchronous_commit", "fsync"])
def test_a_postgresql_that_does_not_wait_for_the_disk(
    stack: Stack, postgres: Postgres, setting: str
) -> None:
    """The sentence says which setting loses accepted events on a power cut."""
    try:
        asyncio.run(turned(postgres, setting, "= off"))
        assert f"{setting} = off" in stack.refused(DANCHU_DATABASE_URL=postgres.url)
    finally:
        asyncio.run(turned(postgres, setting, ""))


async def turned(postgres: Postgres, setting: str, value: str) -> None:
    """Sets a setting of the whole server, or sets it back; waits until the server has it."""
    order = f"SET {setting} {value}" if value else f"RESET {setting}"
    await postgres.run(f"ALTER SYSTEM {order}")
    await postgres.run("SELECT pg_reload_conf()")
    await eventually_shown(postgres, setting, "off" if value else "on")


async def eventually_shown(postgres: Postgres, setting: str, expected: str) -> None:
    """Asks by new connections until one is told the wanted value."""
    while True:
        conn = await asyncpg.connect(postgres.url)
        actual = await conn.fetchval(f"SHOW {setting}")
        await conn.close()
        if actual == expected:
            return
