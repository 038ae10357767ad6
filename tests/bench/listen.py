"""HTTP for danchu and for the tutorial design: one process on uvloop and httptools each.

danchu has the server that it has in production, with its bounds.
"""

from __future__ import annotations

import asyncio
import os
import signal

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from services.chassis.http.server import http_server
from services.chassis.settings import Settings
from services.commands.ports import listen as open_port


async def listen_bounded(app: ASGIApp) -> None:
    """Serves HTTP as `danchu serve` does, on the port of the environment, until SIGTERM."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    port = int(os.environ["BENCH_PORT"])
    async with http_server(app, Settings(), open_port("127.0.0.1", port, "BENCH_PORT")):
        await stopped.wait()


async def listen(api: FastAPI) -> None:
    """Serves HTTP by uvicorn alone on the port of the environment until SIGTERM."""
    port = int(os.environ["BENCH_PORT"])
    config = uvicorn.Config(
        api, host="127.0.0.1", port=port, http="httptools", lifespan="off", access_log=False,
        log_level="warning",
    )  # fmt: skip
    await uvicorn.Server(config).serve()
