"""A portal that tells danchu of each document it publishes: records and events in one database.

Run it again at any time: it sends what waits and records nothing twice.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import httpx

SOURCE = "urn:h44-7-1:portal"
UNIT = "H44.7.1"
BATCH = 500
PAUSE_SECONDS_MAX = 60.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS publications (item TEXT PRIMARY KEY, channel TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, event TEXT NOT NULL,
    outcome TEXT, receipt TEXT, errors TEXT
);
"""


def uuid7() -> str:
    """A UUID whose first digits are the time (RFC 9562, 5.7), so that indexes stay small."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class Portal:
    """The records of the portal and its outbox, in one database."""

    def __init__(self, file: str) -> None:
        self.db = sqlite3.connect(file, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")  # a committed record survives a power cut
        self.db.executescript(SCHEMA)

    def publish(self, item: str, channel: str, when: str) -> str | None:
        """Records a publication with its events; None if the item was published before."""
        with self.db:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                self.db.execute("INSERT INTO publications VALUES (?, ?)", (item, channel))
            except sqlite3.IntegrityError:
                return None
            self._put("disclosure.due", when, {"item": item})
            return self._put("disclosure.published", when, {"item": item, "channel": channel})

    def correct(self, wrong: str, channel: str, when: str) -> str:
        """Takes an event back and records what is right, in one transaction."""
        (text,) = self.db.execute("SELECT event FROM outbox WHERE id = ?", (wrong,)).fetchone()
        item = json.loads(text)["data"]["item"]
        with self.db:
            self.db.execute("BEGIN IMMEDIATE")
            self.db.execute("UPDATE publications SET channel = ? WHERE item = ?", (channel, item))
            reason = "The channel was entered wrongly."
            self._put("event.retracted", when, {"source": SOURCE, "id": wrong, "reason": reason})
            return self._put("disclosure.published", when, {"item": item, "channel": channel})

    def _put(self, short_name: str, when: str, data: dict[str, object]) -> str:
        event_id = uuid7()
        event = {
            "specversion": "1.0", "id": event_id, "source": SOURCE, "subject": UNIT,
            "type": f"vn.danchu.{short_name}.v1", "time": when, "data": data,
        }  # fmt: skip
        self.db.execute(
            "INSERT INTO outbox (id, event) VALUES (?, ?)", (event_id, json.dumps(event))
        )
        return event_id

    def waiting(self) -> list[tuple[str, str]]:
        """The next events that have no outcome, in the order of their recording."""
        rows = self.db.execute(
            "SELECT id, event FROM outbox WHERE outcome IS NULL ORDER BY number LIMIT ?", (BATCH,)
        )
        return rows.fetchall()

    def note(self, receipts: list[dict[str, object]]) -> None:
        """Keeps what became of events; a refusal is for a person to look at."""
        with self.db:
            self.db.execute("BEGIN IMMEDIATE")
            for receipt in receipts:
                values = (
                    receipt["status"], receipt.get("receipt"),
                    json.dumps(receipt.get("errors", []), ensure_ascii=False), receipt["id"],
                )  # fmt: skip
                self.db.execute(
                    "UPDATE outbox SET outcome = ?, receipt = ?, errors = ? WHERE id = ?", values
                )


def pauses() -> Iterator[float]:
    """Seconds to wait: they double up to a minute."""
    pause = 0.5
    while True:
        yield pause
        pause = min(2 * pause, PAUSE_SECONDS_MAX)


def deliver(portal: Portal, client: httpx.Client) -> None:
    """Sends all that waits; returns once everything has an outcome."""
    while batch := portal.waiting():
        portal.note(send(client, [text for _, text in batch]))


def send(client: httpx.Client, events: list[str]) -> list[dict[str, object]]:
    """The receipts of a batch; the same batch is sent until danchu has answered it."""
    body = f"[{','.join(events)}]"
    headers = {"content-type": "application/cloudevents-batch+json"}
    for pause in pauses():
        try:
            answer = client.post("/intake/events", content=body, headers=headers)
        except httpx.TransportError as error:  # nobody knows whether it was accepted
            print(f"danchu does not answer ({error!r}); the same events go again in {pause} s")
        else:
            if answer.status_code == httpx.codes.ACCEPTED:
                receipts: list[dict[str, object]] = answer.json()["receipts"]
                return receipts
            if answer.status_code not in (429, 502, 503, 504):
                raise SystemExit(f"{answer.status_code}: {answer.text}")
            named = answer.headers.get("retry-after", "")
            pause = float(named) if named.isdigit() else pause
        time.sleep(pause)
    raise AssertionError("the pauses have no end")


def main() -> None:
    """Publishes three documents, corrects one, and delivers."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--url", default="http://127.0.0.1:8080")
    options.add_argument("--token", required=True)
    options.add_argument("--file", default="portal.db")
    chosen = options.parse_args()
    portal = Portal(chosen.file)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for item in ("ngan-sach", "quy-hoach", "thu-tuc"):
        event_id = portal.publish(item, "portal", now)
        if item == "thu-tuc" and event_id is not None:
            portal.correct(event_id, "board", now)
    with (
        closing(portal.db),
        httpx.Client(
            base_url=chosen.url, headers={"authorization": f"Bearer {chosen.token}"}, timeout=60
        ) as client,
    ):
        deliver(portal, client)
        for row in portal.db.execute(
            "SELECT id, outcome, receipt, errors FROM outbox ORDER BY number"
        ):
            print(*row)


if __name__ == "__main__":
    main()
