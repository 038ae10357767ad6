"""The drill: every part is restarted, killed, frozen and cut off in turn while events arrive."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.deploy.topology.city import City, city
from tests.deploy.topology.nats_cluster import Node
from tests.deploy.topology.processes import Process, until
from tests.deploy.topology.traffic import Traffic, registrations

STANDBY_SECONDS = 10.0
"""Within this time another process folds (issue 13)."""
BACK_SECONDS = 60.0
FROZEN_SECONDS, CUT_SECONDS = 4.0, 6.0
YEAR = "2025"
ELECTING = "JetStream system temporarily unavailable"
"""What a command says within the seconds after a server came back that leads nothing yet."""


@dataclass
class Drill:
    """The steps on a running topology, and the traffic beside them."""

    city: City
    traffic: Traffic

    async def step(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Runs one step and prints how long it took and what the sender saw of it."""
        began, failures = time.monotonic(), len(self.traffic.failures)
        await work()
        failed = len(self.traffic.failures) - failures
        print(f"{time.monotonic() - began:6.1f} s  {name}; {failed} requests failed", flush=True)

    async def restart_all(self) -> None:
        """A rolling restart of doors, folds and nats-servers: no request fails."""
        failures = len(self.traffic.failures)
        for process in (*self.city.doors, *self.city.folds):
            assert await process.end(signal.SIGTERM) == 0, f"{process.name} did not end with 0"
            await self._back(process)
        for node in self.city.nats.nodes:
            await node.end(signal.SIGTERM)
            await self._node_back(node)
        failed = self.traffic.failures[failures:]
        assert not failed, f"requests failed during the rolling restart: {failed[:5]}"

    async def kill_all(self) -> None:
        """kill -9 of every process in turn, PostgreSQL included."""
        for door in self.city.doors:
            await door.end(signal.SIGKILL)
            await self._back(door)
        holder, other = await self.city.holder()
        await holder.end(signal.SIGKILL)
        await self._takes_over(other, "after kill -9")
        await self._back(holder)
        for node in self.city.nats.nodes:
            await node.end(signal.SIGKILL)
            await self._node_back(node)
        await asyncio.to_thread(self.city.postgres.stop, signal.SIGQUIT)
        await asyncio.to_thread(self.city.postgres.start)
        await self.city.next_fold(BACK_SECONDS, "something is folded after the crash of PostgreSQL")

    async def freeze_all(self) -> None:
        """SIGSTOP of every process in turn; each goes on later, in the middle of what it did."""
        for door in self.city.doors:
            await self._frozen(door)
        holder, other = await self.city.holder()
        await self._frozen(other)
        holder.send(signal.SIGSTOP)
        await self._takes_over(other, "after SIGSTOP")
        holder.send(signal.SIGCONT)
        await until(holder.ready, BACK_SECONDS, f"{holder.name} is ready again")
        await self.city.holder()  # it has noticed, and one holds the lease
        for node in self.city.nats.nodes:
            node.send(signal.SIGSTOP)
            await asyncio.sleep(FROZEN_SECONDS)
            node.send(signal.SIGCONT)
            await self._node_back(node, start=False)

    async def cut_folds(self) -> None:
        """The fold is cut off from PostgreSQL, then the one that took over from NATS."""
        for what in ("PostgreSQL", "NATS"):
            holder, other = await self.city.holder()
            database, nats = self.city.proxies[holder.name]
            cut = [database] if what == "PostgreSQL" else nats
            for proxy in cut:
                proxy.freeze()
            await self._takes_over(other, f"after {holder.name} was cut off from {what}")
            for proxy in cut:
                proxy.heal()
            await until(holder.ready, BACK_SECONDS, f"{holder.name} is ready")

    async def cut_nodes(self) -> None:
        """Each nats-server is cut off from the others, at least so long that all notice it.

        After the folds: what one of them had taken when it was cut off is delivered again later.
        """
        for node in self.city.nats.nodes:
            self.city.nats.cut_off(node)
            took = await self.city.next_fold(
                BACK_SECONDS, f"something is folded without {node.name}"
            )
            print(f"          folded on {took:.1f} s after {node.name} was cut off", flush=True)
            await asyncio.sleep(max(0.0, CUT_SECONDS - took))
            self.city.nats.heal(node)
            await self._node_back(node, start=False)

    async def _takes_over(self, standby: Process, when: str) -> None:
        """Waits until the standby holds the lease and has folded something."""
        what = f"the standby folds {when}"
        took = await until(standby.folds, STANDBY_SECONDS, what)
        took += await self.city.next_fold(STANDBY_SECONDS - took, what)
        print(f"          the standby folds {took:.1f} s {when}", flush=True)

    async def _frozen(self, process: Process) -> None:
        process.send(signal.SIGSTOP)
        await asyncio.sleep(FROZEN_SECONDS)
        process.send(signal.SIGCONT)
        await until(process.ready, BACK_SECONDS, f"{process.name} is ready again")

    async def _back(self, process: Process) -> None:
        process.start()
        await until(process.ready, BACK_SECONDS, f"{process.name} is ready again")

    async def _node_back(self, node: Node, start: bool = True) -> None:
        if start:
            node.start()
        await until(node.healthy, BACK_SECONDS, f"{node.name} has caught up")

    async def account(self) -> None:
        """Nothing is lost and nothing counts twice, and the ratings are those of a recount."""
        self.traffic.stop()
        sent = len(self.traffic.events)

        async def settled() -> bool:
            return await self.city.folded() >= sent

        took = await until(settled, BACK_SECONDS, f"{sent} events are folded")
        print(f"          all events are folded after {took:.1f} s", flush=True)
        assert await self.city.folded() == sent, "more is folded than was sent"
        ledger = await self.city.receipts()
        lost, strange = self.traffic.receipts - ledger, ledger - self.traffic.receipts
        assert not lost and not strange, f"{len(lost)} lost, {len(strange)} strange"
        file = self.city.home / "events.ndjson"
        self.traffic.write(file)
        recount = json.loads(await self.city.run("recount", str(file), "--year", YEAR, "--json"))
        expected = {unit: rating["total"] for unit, rating in recount.items()}
        token = self.traffic.tokens["hr"]
        rate = ("rate", "--year", YEAR, "--json", "--token", token)
        rated = json.loads(await self.city.run(*rate))
        assert {rating["unit"]: rating["total"] for rating in rated} == expected
        await until(self._audited, BACK_SECONDS, "the servers have elected, and an audit agrees")
        print(f"{sent} events were sent; the ledger has each once, ratings and audit agree")

    async def _audited(self) -> bool:
        """Whether an audit agrees; not yet where it says that the servers of NATS elect still."""
        try:
            await self.city.run("audit")
        except AssertionError as failed:
            if ELECTING in str(failed):
                return False
            raise
        return True


async def run(home: Path) -> None:
    """The whole drill."""
    async with city(home) as topology:
        drill = Drill(topology, Traffic(topology.doors, topology.tokens()))
        probing = asyncio.create_task(drill.traffic.probe())
        async with httpx.AsyncClient() as client:
            await drill.traffic.send(client, registrations(), "registrar")
        sending = asyncio.create_task(drill.traffic.run())
        try:
            await topology.next_fold(BACK_SECONDS, "the first events are folded")
            await drill.step("rolling restart of all", drill.restart_all)
            await drill.step("kill -9 of all", drill.kill_all)
            await drill.step("SIGSTOP of all", drill.freeze_all)
            await drill.step("folds cut off", drill.cut_folds)
            await drill.step("nats-servers cut off", drill.cut_nodes)
            drill.traffic.stop()
            await sending
            await drill.step("account", drill.account)
        finally:
            for task in (probing, sending):
                task.cancel()
