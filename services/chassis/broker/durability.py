"""Checks that NATS writes messages to disk before it acknowledges them."""

import asyncio
import json
import logging
import urllib.request
from typing import Any

from nats.js.api import PersistMode, StorageType, StreamConfig

from services.chassis.errors import DurabilityTooWeak, DurabilityUnknown
from services.chassis.messages import message

log = logging.getLogger(__name__)

OVERRIDE = "DANCHU_NATS_SYNC_ALWAYS_VOUCHED"


def check_stream(config: StreamConfig) -> None:
    """DurabilityTooWeak if the stream is in memory, or written after the acknowledgement."""
    why = message("why-behind")
    store = f"JetStream {config.name}"
    if config.storage != StorageType.FILE:
        raise DurabilityTooWeak(store, "storage", str(config.storage), "file", why)
    if config.persist_mode == PersistMode.ASYNC:
        raise DurabilityTooWeak(store, "persist_mode", "async", "default", why)


async def check_sync(monitor: str | None, vouched: bool) -> bool:
    """Reads `sync_interval: always` from /varz; True if confirmed, False if only vouched for."""
    state = await asyncio.to_thread(_varz, monitor) if monitor else None
    if state is None:
        if not vouched:
            raise DurabilityUnknown("NATS", "sync_interval", OVERRIDE)
        log.warning("nobody checked NATS: sync_interval is vouched for", extra={"by": OVERRIDE})
        return False
    jetstream = state.get("jetstream", {}).get("config", {})
    if not jetstream.get("sync_always"):
        interval = f"{jetstream.get('sync_interval', 0) / 1e9:g} s"
        why = message("why-flush")
        raise DurabilityTooWeak("NATS JetStream", "sync_interval", interval, "always", why)
    return True


def _varz(monitor: str) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(f"{monitor.rstrip('/')}/varz", timeout=5) as answer:
            state: dict[str, Any] = json.load(answer)
            return state
    except (OSError, ValueError) as error:
        log.warning("the monitoring address of NATS does not answer", extra={"error": str(error)})
        return None
