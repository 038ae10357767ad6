"""What the servers of a NATS cluster tell each other to be let in, and the key of their store.

A route without this password is refused, so that nobody joins the cluster who merely reaches it.
"""

import json
from collections.abc import Iterable

ROUTE_USER = "route"
CLUSTER_PORT = 6222


def routes_text(password: str, hosts: Iterable[str]) -> str:
    """The password and the routes to every server, within the block `cluster`."""
    routes = [f"nats-route://{ROUTE_USER}:{password}@{host}:{CLUSTER_PORT}" for host in hosts]
    return (
        f"authorization {{ user: {ROUTE_USER}, password: {json.dumps(password)}, timeout: 5 }}\n"
        f"routes: {json.dumps(routes, indent=2)}\n"
    )


def store_text(key: str, former: str | None = None) -> str:
    """What makes JetStream encrypt everything that it writes, within the block `jetstream`.

    With the former key it reads at its start what that one encrypted, and encrypts it anew.
    """
    previous = "" if former is None else f"prev_key: {json.dumps(former)}\n"
    return f"cipher: chacha\nkey: {json.dumps(key)}\n{previous}"
