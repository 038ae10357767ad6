"""The address from which a request comes: that of the connection, whatever its headers say."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

_peer: ContextVar[str] = ContextVar("peer", default="")


def use_peer_of(scope: Mapping[str, Any]) -> None:
    """Sets the address of a request for the current task."""
    client = scope.get("client")
    _peer.set(client[0] if client else "")


def peer_address() -> str:
    """The address of the request that the current task answers; empty where there is none."""
    return _peer.get()
