"""HTTP for danchu and for the tutorial design alike: one uvicorn worker on uvloop and httptools."""

from __future__ import annotations

import os

import uvicorn
from fastapi import FastAPI


async def listen(api: FastAPI) -> None:
    """Serves HTTP on the port of the environment until SIGTERM."""
    port = int(os.environ["BENCH_PORT"])
    config = uvicorn.Config(
        api, host="127.0.0.1", port=port, http="httptools", lifespan="off", access_log=False,
        log_level="warning",
    )  # fmt: skip
    await uvicorn.Server(config).serve()
