"""Finding the servers of a cluster whose routes are still being made."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from nats.errors import TimeoutError as NatsTimeoutError

from services.chassis.broker.connection import Broker
from services.chassis.errors import BrokerAway
from services.chassis.settings import NatsAccess
from services.commands.nats import reload

pytestmark = pytest.mark.anyio
URLS = "nats://127.0.0.1:1,nats://127.0.0.1:2,nats://127.0.0.1:3"


@dataclass
class Cluster:
    """A connection of NATS to servers that answer a question each as listed for it."""

    rounds: list[list[tuple[str, int]]]
    replies: list[bytes] = field(default_factory=list)

    def new_inbox(self) -> str:
        """Where answers go."""
        return "_INBOX.test"

    async def subscribe(self, subject: str) -> Cluster:
        """The connection is its own subscription."""
        return self

    async def unsubscribe(self) -> None:
        """Nothing is kept."""

    async def publish(self, subject: str, reply: str) -> None:
        """Asks all."""
        self.replies += [
            json.dumps(
                {"server": {"id": name, "name": name}, "statsz": {"active_servers": known}}
            ).encode()
            for name, known in (self.rounds.pop(0) if self.rounds else [])
        ]

    async def next_msg(self, timeout: float) -> Any:
        """The next answer; TimeoutError where none is left."""
        if not self.replies:
            raise NatsTimeoutError
        return SimpleNamespace(data=self.replies.pop(0))

    async def found(self, url: str) -> list[str]:
        """The servers that are found from the addresses of `url`."""
        access = NatsAccess(url, None, None, "_INBOX")

        async def ensure() -> Cluster:
            return self

        broker = cast(Broker, SimpleNamespace(access=access, ensure=ensure))
        return sorted(await reload._servers(broker))


async def test_servers_that_the_settings_name_are_asked_until_each_has_answered() -> None:
    """The first round reaches two, and neither knows of the third yet."""
    cluster = Cluster([[("a", 1), ("b", 2)], [("a", 3), ("b", 3), ("c", 3)]])
    assert await cluster.found(URLS) == ["a", "b", "c"]


async def test_servers_that_only_another_server_knows_are_waited_for() -> None:
    """One address stands for all: the first to answer knows fewer than the second."""
    cluster = Cluster([[("a", 2), ("b", 3)], [("c", 3)]])
    assert await cluster.found("nats://nats:4222") == ["a", "b", "c"]


async def test_a_server_that_is_down_does_not_keep_the_others_from_it() -> None:
    """It reads its configuration when it starts."""
    cluster = Cluster([[("a", 2), ("b", 2)]])
    assert await cluster.found(URLS) == ["a", "b"]


async def test_no_answer_at_all_is_an_error() -> None:
    """Nothing was taken up."""
    with pytest.raises(BrokerAway):
        await Cluster([]).found(URLS)
