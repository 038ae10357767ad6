"""Makes running NATS servers read their configuration again, which leaves connections open.

Only the connections of users that the new configuration lacks are closed. It is read twice: after
the first time the server has a new account whose imports reach nobody (measured with 2.15.1, on
one server and in a cluster; docs/decisions).
"""

import contextlib
import json
from typing import Any

from services.chassis.broker.connection import Broker
from services.chassis.broker.errors import translate_client_errors
from services.chassis.errors import BrokerAway, DanchuError
from services.chassis.settings import Settings
from services.commands.messages import message
from services.commands.nats.grants import SYSTEM_USER

TIMES = 2
ROUNDS, ROUND_SECONDS = 6, 0.5
PING, RELOAD = "$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER.{}.RELOAD"


class ReloadRefused(DanchuError):
    """A server keeps its former configuration."""

    def __init__(self, server: str, why: str) -> None:
        super().__init__(message("nats-reload-refused", server=server, why=why))


async def reload_servers(settings: Settings) -> list[str]:
    """The names of the servers that took up their new configuration; ReloadRefused by one."""
    broker = Broker(settings.nats(SYSTEM_USER), "danchu nats")
    try:
        servers = await _servers(broker)
        for _ in range(TIMES):
            for server, name in servers.items():
                answer = await broker.request(RELOAD.format(server))
                error = json.loads(answer.data).get("error")
                if error:
                    raise ReloadRefused(name, str(error.get("description", error)))
        return sorted(servers.values())
    finally:
        await broker.close()


async def _servers(broker: Broker) -> dict[str, str]:
    """The name of every server of the cluster, by its id.

    It is asked again until as many have answered as the settings name, or as any of them knows: a
    server whose routes are still being made knows of fewer, and some would be left out.
    """
    nc, servers = await broker.ensure(), dict[str, str]()
    expected = len(set(broker.access.servers))
    inbox = nc.new_inbox()
    with translate_client_errors():
        subscription = await nc.subscribe(inbox)
        for _ in range(ROUNDS):
            await nc.publish(PING, reply=inbox)
            with contextlib.suppress(TimeoutError):
                while len(servers) < expected:
                    reply = await subscription.next_msg(timeout=ROUND_SECONDS)
                    answer: dict[str, Any] = json.loads(reply.data)
                    servers[answer["server"]["id"]] = answer["server"]["name"]
                    expected = max(expected, answer["statsz"].get("active_servers", 1))
                break
        await subscription.unsubscribe()
    if not servers:
        raise BrokerAway("no server answered")
    return servers
