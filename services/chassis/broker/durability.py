"""Checks that NATS writes messages to disk before it acknowledges them."""

import asyncio
import json
import logging
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nats.js.api import PersistMode, StorageType, StreamConfig

from services.chassis.errors import DanchuError, DurabilityTooWeak, DurabilityUnknown
from services.chassis.messages import message

log = logging.getLogger(__name__)

AGAIN_SECONDS = 60.0
OVERRIDE = "DANCHU_NATS_SYNC_ALWAYS_VOUCHED"


def check_stream(config: StreamConfig, replicas: int = 1) -> None:
    """DurabilityTooWeak if the stream is in memory, written after the acknowledgement, or has fewer
    replicas than the setting.
    """
    why = message("why-behind")
    store = f"JetStream {config.name}"
    if config.storage != StorageType.FILE:
        raise DurabilityTooWeak(store, "storage", str(config.storage), "file", why)
    if config.persist_mode == PersistMode.ASYNC:
        raise DurabilityTooWeak(store, "persist_mode", "async", "default", why)
    present = config.num_replicas or 1
    if present < replicas:
        weak = message("why-replicas")
        raise DurabilityTooWeak(store, "num_replicas", str(present), str(replicas), weak)


class NodesUnread(DanchuError):
    """Some servers of NATS have not shown their durability yet."""

    def __init__(self, monitors: Sequence[str]) -> None:
        super().__init__(message("nodes-unread", monitors=", ".join(monitors)))


@dataclass
class SyncCheck:
    """Whether each server of NATS has shown `sync_interval: always`; `unread` ones were away."""

    unread: list[str]
    _due: float = 0.0

    async def state(self) -> str:
        """For health checks: tries those again once a minute; NodesUnread while some are left.

        DurabilityTooWeak if one of them would lose acknowledged messages.
        """
        if self.unread and time.monotonic() >= self._due:
            self.unread = await _read_all(self.unread)
            self._due = time.monotonic() + AGAIN_SECONDS
        if self.unread:
            raise NodesUnread(self.unread)
        return "verified"


async def check_sync(monitor: str | None, vouched: bool, replicas: int = 1) -> SyncCheck | None:
    """Reads `sync_interval: always` from /varz of each server; None if it is only vouched for.

    `monitor` has the address of each server, separated by commas. Every server that answers must
    show the setting, and one must answer; those that are away are checked later. DurabilityUnknown
    where there are fewer addresses than replicas.
    """
    monitors = [each.strip() for each in (monitor or "").split(",") if each.strip()]
    unread = await _read_all(monitors)
    if len(unread) == len(monitors) or len(monitors) < replicas:
        if not vouched:
            raise DurabilityUnknown("NATS", "sync_interval", OVERRIDE)
        log.warning("nobody checked NATS: sync_interval is vouched for", extra={"by": OVERRIDE})
        return None
    return SyncCheck(unread, time.monotonic() + AGAIN_SECONDS)


async def _read_all(monitors: Sequence[str]) -> list[str]:
    """The servers that did not answer; DurabilityTooWeak for one with a weaker setting."""
    states = await asyncio.gather(*(asyncio.to_thread(_varz, each) for each in monitors))
    for state in states:
        if state is not None:
            _require_sync(state)
    return [each for each, state in zip(monitors, states, strict=True) if state is None]


def _require_sync(state: dict[str, Any]) -> None:
    jetstream = state.get("jetstream", {}).get("config", {})
    if not jetstream.get("sync_always"):
        interval = f"{jetstream.get('sync_interval', 0) / 1e9:g} s"
        why = message("why-flush")
        raise DurabilityTooWeak("NATS JetStream", "sync_interval", interval, "always", why)


def _varz(monitor: str) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(f"{monitor.rstrip('/')}/varz", timeout=5) as answer:
            state: dict[str, Any] = json.load(answer)
            return state
    except (OSError, ValueError) as error:
        log.warning("the monitoring address of NATS does not answer", extra={"error": str(error)})
        return None
