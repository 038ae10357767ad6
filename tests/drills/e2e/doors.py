"""A client of both doors that sends again until it has an answer, as a department's system does."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from itertools import groupby
from pathlib import Path
from typing import Any

import nats
from nats.errors import Error as NatsError

from contracts.catalog import BY_TYPE

Raw = dict[str, Any]
ROLES = ("emitter", "registrar", "council")
SECONDS = 60


def role_of(event: Raw) -> str:
    """The development credential that may send the event."""
    roles = BY_TYPE[event["type"]].roles
    return next(role for role in ROLES if role in roles)


class Doors:
    """HTTP and NATS of one stack; receipts by identity, as they were answered."""

    def __init__(self, home: Path, url: str) -> None:
        self.url = url
        self.tokens = json.loads((home / "tokens.json").read_text())
        self.nats = json.loads((home / "nats.json").read_text())
        self.statuses: dict[tuple[str, str], set[str]] = {}
        self.errors: list[tuple[Raw, Raw]] = []

    def by_http(self, events: list[Raw]) -> None:
        """One batch for each role that it needs."""
        for role in ROLES:
            batch = [event for event in events if role_of(event) == role]
            if batch:
                self._told(
                    batch, self._again(lambda role=role, batch=batch: self._post(role, batch))
                )

    def by_nats(self, events: list[Raw]) -> None:
        """One request for each unit of an emitter's events; the other roles have HTTP alone."""
        self.by_http([event for event in events if role_of(event) != "emitter"])
        ours = [event for event in events if role_of(event) == "emitter"]
        for subject, group in groupby(sorted(ours, key=_subject), key=_subject):
            batch = list(group)
            self._told(
                batch,
                self._again(
                    lambda subject=subject, batch=batch: asyncio.run(self._request(subject, batch))
                ),
            )

    def machinery(self, path: str) -> Any:
        """What the operator reads of the machinery."""
        headers = {"authorization": f"Bearer {self.tokens['operator']}"}
        asked = urllib.request.Request(f"{self.url}{path}", headers=headers)
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)

    def _again(self, send: Any) -> list[Raw]:
        """What the door answers, asked until it does; only silence is no answer."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                answer: list[Raw] = send()
                return answer
            except (OSError, NatsError, TimeoutError):
                assert time.monotonic() < deadline, "the door stays shut"
                time.sleep(0.05)

    def _post(self, role: str, batch: list[Raw]) -> list[Raw]:
        asked = urllib.request.Request(
            f"{self.url}/intake/events", json.dumps(batch).encode(),
            {"authorization": f"Bearer {self.tokens[role]}",
             "content-type": "application/cloudevents-batch+json"},
        )  # fmt: skip
        with urllib.request.urlopen(asked, timeout=10) as answer:
            receipts: list[Raw] = json.load(answer)["receipts"]
            return receipts

    async def _request(self, subject: str, batch: list[Raw]) -> list[Raw]:
        client = await nats.connect(
            self.nats["url"], user=self.nats["user"], password=self.nats["password"],
            connect_timeout=2, max_reconnect_attempts=1, allow_reconnect=False,
        )  # fmt: skip
        try:
            emit = f"danchu.emit.{subject.replace('.', '-')}"
            answer = await client.request(emit, json.dumps(batch).encode(), timeout=5)
        finally:
            await client.close()
        told = json.loads(answer.data)
        if told.get("status") == 503:
            raise TimeoutError
        receipts: list[Raw] = told["receipts"]
        return receipts

    def _told(self, batch: list[Raw], receipts: list[Raw]) -> None:
        assert len(receipts) == len(batch)
        for event, receipt in zip(batch, receipts, strict=True):
            assert (event["source"], event["id"]) == (receipt["source"], receipt["id"])
            named = event["source"], event["id"]
            self.statuses.setdefault(named, set()).add(receipt["status"])
            if receipt["status"] == "refused":
                self.errors.append((event, receipt))


def _subject(event: Raw) -> str:
    return str(event["subject"])
