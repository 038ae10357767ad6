"""The committed examples of every version of every event type."""

from __future__ import annotations

import json
from typing import Any

from contracts.catalog import CATALOG, EventType
from contracts.generate import ASYNCAPI

EXAMPLES = ASYNCAPI.parent / "examples"
KINDS: dict[str, EventType] = {kind.name: kind for kind in CATALOG.values()}
"""Every version by its name, such as training.completed.v1."""


def full(name: str) -> dict[str, Any]:
    """The example that leaves nothing out."""
    return _example(name, "full")


def minimal(name: str) -> dict[str, Any]:
    """The example without what is optional."""
    return _example(name, "minimal")


def _example(name: str, size: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EXAMPLES / name / f"{size}.json").read_bytes())
    return event
