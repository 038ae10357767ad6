"""The configuration of durable consumers."""

import contextlib
from dataclasses import dataclass

from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError
from nats.js.manager import JetStreamManager

ACK_WAIT_SECONDS = 30.0
ACK_PENDING_MAX = 100_000


@dataclass(frozen=True)
class ConsumerPlan:
    """One durable pull consumer, which redelivers every message until it is acknowledged."""

    stream: str
    name: str

    def config(self) -> ConsumerConfig:
        """The configuration to create or update the consumer with."""
        return ConsumerConfig(
            durable_name=self.name, deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT, ack_wait=ACK_WAIT_SECONDS, max_deliver=-1,
            max_ack_pending=ACK_PENDING_MAX, max_waiting=512,
        )  # fmt: skip

    def fits(self, config: ConsumerConfig) -> bool:
        """Whether a consumer receives every message, so that it can be reset to any position."""
        plan = self.config()
        names = (
            "deliver_policy", "ack_policy", "max_deliver", "filter_subject", "filter_subjects",
            "headers_only",
        )  # fmt: skip
        return all((getattr(config, n) or None) == (getattr(plan, n) or None) for n in names)

    async def create(self, manager: JetStreamManager) -> None:
        """Creates the consumer, unless it exists."""
        config = self.config()
        config.name = self.name
        await manager.add_consumer(self.stream, config)

    async def replace(self, manager: JetStreamManager) -> None:
        """Deletes a consumer that does not fit, and creates this one."""
        with contextlib.suppress(NotFoundError):
            await manager.delete_consumer(self.stream, self.name)
        await self.create(manager)
