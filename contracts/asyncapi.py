"""Generates the AsyncAPI 3.0 document of the NATS channels from the catalog."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from ruamel.yaml import YAML

from contracts import asyncapi_questions
from contracts.catalog import CATALOG, EventType

_CONTENT = "application/cloudevents+json"


def document() -> dict[str, Any]:
    """The door for departments, the stream of events, the feed of ratings, and questions."""
    door = [kind for kind in CATALOG.values() if "emitter" in kind.roles]
    events = [kind for kind in CATALOG.values() if kind.stream == "EVENTS"]
    ratings = [kind for kind in CATALOG.values() if kind.stream == "RATINGS"]
    unit = {"unit": {"description": "the unit's key or code, with - for ."}}
    event = unit | {name: {"description": f"the {name} of the type"} for name in ("domain", "name")}
    year = unit | {"year": {"description": "the rating year"}}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "danchu",
            "version": "1.0.0",
            "description": "Events about grassroots democracy, and the ratings made of them.",
        },
        "defaultContentType": _CONTENT,
        "channels": {
            "emit": _channel("danchu.emit.{unit}", unit, door),
            "events": _channel("danchu.events.{unit}.{domain}.{name}", event, events),
            "ratings": _channel("danchu.ratings.{year}.{unit}", year, ratings),
            **asyncapi_questions.channels(),
        },
        "operations": {
            "emit": _operation("receive", "emit", "A department's request; the reply: receipts."),
            "relay": _operation("send", "events", "Accepted events with recordedtime, in order."),
            "rate": _operation("send", "ratings", "The last rating of each unit and year."),
            **asyncapi_questions.operations(),
        },
        "components": {
            "messages": {_key(kind): _message(kind) for kind in CATALOG.values()}
            | asyncapi_questions.messages()
        },
    }


def _key(kind: EventType) -> str:
    """The name of a message: the short name; for a non-canonical version, with its major version.

    Adding a version therefore does not change the names in generated clients.
    """
    return kind.short if kind.canonical else kind.name


def _channel(address: str, parameters: dict[str, Any], kinds: Iterable[EventType]) -> Any:
    messages = {_key(kind): {"$ref": f"#/components/messages/{_key(kind)}"} for kind in kinds}
    return {"address": address, "parameters": parameters, "messages": messages}


def _operation(action: str, channel: str, summary: str) -> Any:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _message(kind: EventType) -> Any:
    return {
        "name": kind.type,
        "summary": (kind.data.__doc__ or "").partition(": ")[2],
        "contentType": _CONTENT,
        "payload": {"$ref": f"./schemas/{kind.name}.json"},
        "x-producer": kind.producer,
        "x-stream": kind.stream,
        "x-retention": kind.retention,
        "x-roles": sorted(kind.roles),
    }


def text() -> str:
    """The document as YAML."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 100
    yaml.representer.ignore_aliases = lambda data: True
    stream = io.StringIO()
    yaml.dump(document(), stream)
    return stream.getvalue()
