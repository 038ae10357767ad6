"""A TCP proxy that a drill can freeze: bytes stop in both directions, as behind a dead link."""

from __future__ import annotations

import asyncio
import contextlib

from tests.support.servers import free_port

CHUNK = 64 * 1024


class Proxy:
    """A port of the loopback in front of another one."""

    def __init__(self, target: int) -> None:
        self.target, self.port = target, free_port()
        self._open = asyncio.Event()
        self._open.set()
        self._pipes: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listens."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Ends it with all connections."""
        if self._server is not None:
            self._server.close()
        self._cut()
        await asyncio.sleep(0)

    def freeze(self) -> None:
        """Passes nothing any more, without closing anything."""
        self._open.clear()

    def heal(self) -> None:
        """Closes what was frozen, and passes on again."""
        self._cut()
        self._open.set()

    def _cut(self) -> None:
        for pipe in self._pipes:
            pipe.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pipes.add(task)
        try:
            await self._open.wait()
            there = await asyncio.open_connection("127.0.0.1", self.target)
            ways = (self._pass(reader, there[1]), self._pass(there[0], writer))
            passing = [asyncio.create_task(way) for way in ways]
            try:
                await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in passing:
                    each.cancel()
                there[1].close()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._pipes.discard(task)
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
