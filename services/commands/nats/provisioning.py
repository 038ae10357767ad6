"""The streams and consumers of NATS, and the one step that creates or updates them."""

from dataclasses import dataclass

from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError
from nats.js.manager import JetStreamManager

from contracts.messages import Message
from services.chassis.broker.connection import Broker
from services.chassis.broker.consumers import ConsumerPlan
from services.chassis.broker.durability import check_stream
from services.chassis.broker.errors import translate_client_errors
from services.commands.messages import message
from services.commands.nats.grants import FEED_CONSUMER

DEDUPE_SECONDS = 120.0


@dataclass(frozen=True)
class StreamPlan:
    """The configuration of a stream; `last_per_subject` keeps only the newest of each subject."""

    name: str
    subjects: str
    append_only: bool
    last_per_subject: bool = False

    def config(self, replicas: int = 1) -> StreamConfig:
        """The configuration to create or update the stream with."""
        return StreamConfig(
            name=self.name, subjects=[self.subjects], storage=StorageType.FILE,
            retention=RetentionPolicy.LIMITS, discard=DiscardPolicy.OLD,
            max_msgs_per_subject=1 if self.last_per_subject else -1,
            deny_delete=self.append_only, deny_purge=self.append_only,
            duplicate_window=DEDUPE_SECONDS, allow_atomic=True, allow_direct=True,
            num_replicas=replicas,
        )  # fmt: skip


STREAMS = (
    StreamPlan("EVENTS", "danchu.events.>", append_only=True),
    StreamPlan("QUARANTINE", "danchu.quarantine.>", append_only=False),
    StreamPlan("RATINGS", "danchu.ratings.>", append_only=False, last_per_subject=True),
    StreamPlan("MARKS", "danchu.marks.>", append_only=False, last_per_subject=True),
)
CONSUMERS = (ConsumerPlan("EVENTS", "scoring"), FEED_CONSUMER)


async def provision(broker: Broker, anew: bool = False) -> list[Message]:
    """Creates or updates streams and consumers; returns a sentence for each change.

    One more where others can write to EVENTS, and this is accepted.

    `anew` resets the consumers to the beginning: after the loss of a stream a durable consumer may
    keep its old position and would receive nothing. StreamOpen if others can write to EVENTS.
    """
    await broker.ensure()
    manager = broker.manager()
    changes: list[Message] = []
    with translate_client_errors():
        for stream in STREAMS:
            changes += await _provision_stream(manager, stream, broker.access.replicas)
        for consumer in CONSUMERS:
            changes += await _provision_consumer(manager, consumer, anew)
    await broker.openness.require_closed()
    if broker.openness.fault is not None:
        changes.append(broker.openness.fault.message)
    return changes


async def _provision_stream(
    manager: JetStreamManager, plan: StreamPlan, replicas: int
) -> list[Message]:
    """Consumers have the replicas of their stream."""
    planned = plan.config(replicas)
    try:
        present = (await manager.stream_info(plan.name)).config
    except NotFoundError:
        check_stream((await manager.add_stream(planned)).config, replicas)
        return [message("stream-created", stream=plan.name)]
    check_stream(present)
    if not _differs(present, planned):
        return []
    check_stream((await manager.update_stream(planned)).config, replicas)
    return [message("stream-updated", stream=plan.name)]


def _differs(present: StreamConfig, planned: StreamConfig) -> bool:
    names = (
        "subjects", "max_msgs_per_subject", "deny_delete", "deny_purge", "duplicate_window",
        "allow_atomic", "allow_direct", "num_replicas",
    )  # fmt: skip
    return any(getattr(present, name) != getattr(planned, name) for name in names)


async def _provision_consumer(
    manager: JetStreamManager, plan: ConsumerPlan, anew: bool
) -> list[Message]:
    try:
        info = await manager.consumer_info(plan.stream, plan.name)
    except NotFoundError:
        await plan.create(manager)
        return [message("consumer-created", consumer=plan.name, stream=plan.stream)]
    if not plan.fits(info.config):
        await plan.replace(manager)
        return [message("consumer-created", consumer=plan.name, stream=plan.stream)]
    if not anew:
        return []
    # not deleted and created: the fold would notice and create it at the same time
    await manager.reset_consumer(plan.stream, plan.name, 1)
    return [message("consumer-again", consumer=plan.name, stream=plan.stream)]
