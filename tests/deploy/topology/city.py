"""The whole topology of a drill: three nats-servers, PostgreSQL, three doors and two folds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg

from services.chassis.auth.credentials import development_issuer
from services.chassis.broker.connection import Broker
from services.chassis.settings import NatsAccess
from services.commands.nats.provisioning import CONSUMERS, STREAMS
from tests.deploy.topology.nats_cluster import Cluster
from tests.deploy.topology.processes import PROJECT, Process, until
from tests.deploy.topology.proxy import Proxy
from tests.support.servers import Postgres, postgres_server

DOORS, FOLDS = 3, 2
START_SECONDS = 90.0
REPLICAS = 3


class City:
    """The processes; each fold reaches PostgreSQL and NATS through proxies of its own."""

    def __init__(self, home: Path, postgres: Postgres) -> None:
        self.home, self.postgres = home, postgres
        self.nats = Cluster(home)
        self.proxies: dict[str, tuple[Proxy, list[Proxy]]] = {}
        self.folds = [self._fold(f"fold-{number + 1}") for number in range(FOLDS)]
        self.doors = [self._door(f"door-{number + 1}") for number in range(DOORS)]

    def _env(self, database: str, nats: str) -> dict[str, str]:
        users = {
            f"DANCHU_NATS_{name.upper()}_PASSWORD": password
            for name, password in self.nats.passwords.items()
            if name in ("intake", "scoring", "training", "awards", "violations", "provision")
        }
        return users | {
            "DANCHU_HOME": str(self.home), "DANCHU_DATABASE_URL": database,
            "DANCHU_NATS_URL": nats, "DANCHU_NATS_MONITOR": self.nats.monitors,
            "DANCHU_NATS_REPLICAS": str(REPLICAS), "DANCHU_START_WAITS": "true",
            "DANCHU_DRAIN_SECONDS": "1", "DANCHU_DATABASE_IDLE_SECONDS": "5",
            "DANCHU_DATABASE_LOCK_SECONDS": "5", "DANCHU_HTTP_ADDRESS_REQUESTS_MAX": "512",
            "DANCHU_INTAKE_NATS_SOURCES": '{"*": ["urn:danchu:unit:{unit}:"]}',
        }  # fmt: skip

    def _fold(self, name: str) -> Process:
        database = Proxy(self.postgres.port)
        nats = [Proxy(node.port) for node in self.nats.nodes]
        self.proxies[name] = database, nats
        env = self._env(
            f"postgresql://danchu@127.0.0.1:{database.port}/postgres",
            ",".join(f"nats://127.0.0.1:{proxy.port}" for proxy in nats),
        )
        command = ["serve", "scoring", "--part", "fold"]
        fold = Process(name, command, env, self.home / f"{name}.log")
        fold.env["DANCHU_HEALTH_PORT"] = str(fold.port)
        return fold

    def _door(self, name: str) -> Process:
        env = self._env(self.postgres.url, self.nats.url)
        command = ["serve", "intake", "scoring", "--part", "http"]
        door = Process(name, command, env, self.home / f"{name}.log")
        door.env["DANCHU_PORT"] = str(door.port)
        return door

    @property
    def processes(self) -> list[Process]:
        """Doors and folds."""
        return [*self.doors, *self.folds]

    async def run(self, *arguments: str) -> str:
        """Runs a command of danchu on the topology; its output."""
        env = {**os.environ, **self._env(self.postgres.url, self.nats.url)}
        env["DANCHU_PORT"] = str(self.doors[0].port)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.cli", *arguments, cwd=PROJECT, env=env,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        output, errors = (stream.decode() for stream in await process.communicate())
        problem = f"danchu {' '.join(arguments)}: {output[-3000:]} {errors[-3000:]}"
        assert process.returncode == 0, problem
        return output

    async def start(self) -> None:
        """Starts every process first, which waits for what the commands make then."""
        for database, nats in self.proxies.values():
            for proxy in (database, *nats):
                await proxy.start()
        await self.nats.start()
        await self.run("keys", "make")
        for process in self.processes:
            process.start()
        await self.run("migrate", "all")
        await self.retried("provision")
        for process in self.processes:
            await until(process.ready, START_SECONDS, f"{process.name} is ready")
        await self._check_replicas()

    async def _check_replicas(self) -> None:
        """Every stream and consumer has three replicas."""
        broker = Broker(NatsAccess(self.nats.url, "provision", self.nats.passwords["provision"],
                                   "_INBOX.provision"), "drill")  # fmt: skip
        await broker.ensure()
        try:
            for stream in STREAMS:
                info = await broker.stream_info(stream.name)
                assert info.config.num_replicas == REPLICAS, info
            for consumer in CONSUMERS:
                of = await broker.manager().consumer_info(consumer.stream, consumer.name)
                assert of.cluster is not None and of.cluster.replicas is not None
                assert len(of.cluster.replicas) == REPLICAS - 1, of
        finally:
            await broker.close()

    async def retried(self, *arguments: str) -> None:
        """Runs a command until it succeeds: a cluster elects its leader first."""
        for attempt in range(10):
            try:
                await self.run(*arguments)
                return
            except AssertionError:
                if attempt == 9:
                    raise
                await asyncio.sleep(1)

    def tokens(self) -> dict[str, str]:
        """A token of each role that the drill uses."""
        issuer = development_issuer(self.home)
        return {role: issuer.mint(role) for role in ("emitter", "registrar", "hr", "operator")}

    async def holder(self) -> tuple[Process, Process]:
        """The fold that holds the lease, and the one that stands by."""
        folding: list[Process] = []

        async def known() -> bool:
            folding[:] = [fold for fold in self.folds if await fold.folds()]
            return len(folding) == 1

        await until(known, 30, "one fold holds the lease")
        (other,) = (fold for fold in self.folds if fold is not folding[0])
        return folding[0], other

    async def value(self, select: str) -> Any:
        """One value of the database of scoring."""
        conn = await asyncpg.connect(self.postgres.url)
        try:
            return await conn.fetchval(select)
        finally:
            await conn.close()

    async def folded(self) -> int:
        """How many events are folded."""
        return int(await self.value("SELECT folded FROM scoring.position"))

    async def next_fold(self, seconds: float, what: str) -> float:
        """Waits until more is folded than now; the seconds that it took."""
        before = await self.folded()

        async def moved() -> bool:
            return await self.folded() > before

        return await until(moved, seconds, what)

    async def receipts(self) -> set[str]:
        """The receipts of all events in the ledger."""
        conn = await asyncpg.connect(self.postgres.url)
        try:
            rows = await conn.fetch("SELECT receipt FROM scoring.ledger")
        finally:
            await conn.close()
        return {bytes(row[0]).hex() for row in rows}

    async def stop(self) -> None:
        """Kills every process."""
        for process in self.processes:
            if process.process is not None and process.process.poll() is None:
                await process.end(signal.SIGKILL)
        await self.nats.stop()
        for database, nats in self.proxies.values():
            for proxy in (database, *nats):
                await proxy.stop()


@contextlib.asynccontextmanager
async def city(home: Path) -> AsyncIterator[City]:
    """A running topology, gone after the block."""
    with postgres_server() as postgres:
        topology = City(home, postgres)
        try:
            await topology.start()
            yield topology
        finally:
            await topology.stop()
