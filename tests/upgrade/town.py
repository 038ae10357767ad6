"""Processes of two versions on one database and one NATS, under traffic."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from sqlalchemy import text

from services.chassis.auth.credentials import write_tokens
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.commands.keys import make as make_keys
from services.intake.settings import IntakeSettings
from tests.deploy.topology.processes import PROJECT, Process, until
from tests.deploy.topology.traffic import Traffic, registrations
from tests.support.servers import NatsServer

WAIT_SECONDS = 60.0
DOOR = ("serve", "intake", "scoring", "--part", "http")
FOLD = ("serve", "scoring", "--part", "fold")


class Town:
    """Doors and folds by their names: those that begin with `new` run the later version."""

    def __init__(self, home: Path, url: str | None, later: Path) -> None:
        self.home, self.url, self.later = home, url, later
        self.doors = {name: self._process(name, DOOR) for name in ("old-1", "old-2", "new-1")}
        self.folds = {name: self._process(name, FOLD) for name in ("old-fold", "new-fold")}
        self.traffic = Traffic(list(self.doors.values()), write_tokens(home))
        self.database = Database(
            normal_url(url or f"sqlite:///{self.home / 'scoring.db'}"), "scoring"
        )

    @property
    def env(self) -> dict[str, str]:
        """The settings of every process."""
        where = {} if self.url is None else {"DANCHU_DATABASE_URL": self.url}
        return where | {
            "DANCHU_HOME": str(self.home), "DANCHU_START_WAITS": "true",
            "DANCHU_DRAIN_SECONDS": "1", "DANCHU_HTTP_ADDRESS_REQUESTS_MAX": "512",
        }  # fmt: skip

    def _process(self, name: str, command: tuple[str, ...]) -> Process:
        project = self.later if name.startswith("new") else PROJECT
        log = self.home / f"{name}.log"
        process = Process(name, [*command], self.env, log, project=project)
        port = "DANCHU_PORT" if command is DOOR else "DANCHU_HEALTH_PORT"
        process.env[port] = str(process.port)
        return process

    @property
    def processes(self) -> list[Process]:
        """All of them, running or not."""
        return [*self.doors.values(), *self.folds.values()]

    async def run(self, project: Path, *arguments: str) -> None:
        """Runs a command of one of the versions."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.cli", *arguments, cwd=project,
            env={**os.environ, **self.env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        assert process.returncode == 0, f"{arguments}: {output.decode()[-2000:]}"

    async def start(self, *names: str) -> None:
        """Starts processes and waits until they are ready."""
        started = [process for process in self.processes if process.name in names]
        for process in started:
            process.start()
        for process in started:
            await until(process.ready, WAIT_SECONDS, f"{process.name} is ready")

    async def end(self, *names: str) -> None:
        """Ends processes as an orchestrator does."""
        for process in self.processes:
            if process.name in names:
                assert await process.end(signal.SIGTERM) == 0, process.name

    async def receipts(self) -> list[str]:
        """The receipts in the ledger."""
        async with self.database.read() as conn:
            rows = await conn.execute(text("SELECT receipt FROM ledger"))
            return [bytes(row[0]).hex() for row in rows]

    async def goes_on(self) -> None:
        """Waits until something is folded that is sent from now on."""
        sent = len(self.traffic.receipts)

        async def later() -> bool:
            return len(await self.receipts()) > sent

        await until(later, WAIT_SECONDS, "something new is folded")

    async def settles(self) -> None:
        """Waits until everything that has a receipt is folded."""

        async def all_folded() -> bool:
            return set(await self.receipts()) >= self.traffic.receipts

        await until(all_folded, WAIT_SECONDS, "everything is folded")

    async def account(self) -> None:
        """Every event is in the ledger once, and no other; the audit of this version agrees."""
        await self.settles()
        expected = sorted(self.traffic.receipts)
        assert sorted(await self.receipts()) == expected
        assert len(expected) == len(self.traffic.events)
        await self.run(PROJECT, "audit")

    async def close(self) -> None:
        """Kills what still runs."""
        for process in self.processes:
            if process.process is not None and process.process.poll() is None:
                await process.end(signal.SIGKILL)
        await self.database.close()


@asynccontextmanager
async def town(home: Path, url: str | None, later: Path) -> AsyncIterator[Town]:
    """The old version migrated and serving, under traffic; gone after the block."""
    home.mkdir()
    nats = NatsServer(home)
    nats.start()
    await nats.provisioned()
    make_keys(IntakeSettings(home=home, database_url=url))
    made = Town(home, url, later)
    traffic, tasks = made.traffic, list[asyncio.Task[None]]()
    try:
        await made.run(PROJECT, "migrate", "all")
        await made.start("old-1", "old-fold")
        tasks.append(asyncio.create_task(traffic.probe()))
        async with httpx.AsyncClient() as client:
            await traffic.send(client, registrations(), "registrar")
        await made.settles()
        sending = asyncio.create_task(traffic.run())
        tasks.append(sending)
        await made.goes_on()
        yield made
        traffic.stop()
        await sending
        await made.account()
    finally:
        for task in tasks:
            task.cancel()
        await made.close()
        nats.stop()
