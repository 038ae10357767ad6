"""The paths that the network policies open, and those that DESIGN needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.deploy.kubernetes.objects import NAME, Object, label, matches, of_kind, pods

CLUSTER = "cnpg.io/cluster"
OPERATED = {"postgresql": {CLUSTER: "postgresql"}}
"""Pods that an operator makes, by their name here."""


@dataclass(frozen=True, order=True)
class Path:
    """Who may open a connection to whom, on which port."""

    client: str
    server: str
    port: str


@dataclass(frozen=True)
class Policies:
    """The policies of a set of objects, and the pods to which they apply."""

    policies: Sequence[Object]
    labels: dict[str, Object]

    @classmethod
    def of(cls, contents: Sequence[Object]) -> Policies:
        """The policies of the objects."""
        labels = {pod[NAME]: pod for _, pod, _ in pods(contents)}
        if of_kind(contents, "Cluster"):
            labels |= OPERATED
        return cls(of_kind(contents, "NetworkPolicy"), labels)

    def _selected(self, selector: Object) -> list[str]:
        return [name for name, labels in self.labels.items() if matches(selector, labels)]

    def _peers(self, peer: Object) -> list[str]:
        """The names of a peer: pods of ours, or a place outside of the namespace."""
        if "ipBlock" in peer:
            return [f"network {peer['ipBlock']['cidr']}"]
        if "namespaceSelector" in peer:
            (namespace,) = peer["namespaceSelector"]["matchLabels"].values()
            return [f"namespace {namespace}"]
        return self._selected(peer["podSelector"])

    def opened(self, direction: str) -> Iterator[Path]:
        """The paths that one direction allows: `ingress` or `egress`."""
        peers = "from" if direction == "ingress" else "to"
        for policy in self.policies:
            for rule in policy["spec"].get(direction, []):
                for own in self._selected(policy["spec"]["podSelector"]):
                    for peer in rule[peers]:
                        for other in self._peers(peer):
                            for port in rule["ports"]:
                                text = f"{port['port']}/{port['protocol']}"
                                ends = (other, own) if direction == "ingress" else (own, other)
                                yield Path(*ends, text)


_READERS = ("intake", "records", "queries", "fold")
_CALLERS = ("intake", "records", "queries")


def _to(clients: Sequence[str], server: str, *ports: int) -> set[Path]:
    return {Path(client, server, f"{port}/TCP") for client in clients for port in ports}


NEEDED: dict[str, set[Path]] = {
    "single-node": {
        *_to((*_READERS, "migrate", "backup"), "postgresql", 5432),
        *_to(_READERS, "nats", 4222, 8222),
        *_to(("provision",), "nats", 4222),
    },
    "production": {
        *_to((*_READERS, "migrate", "backup"), "postgresql", 5432),
        *_to(_READERS, "nats", 4222, 8222),
        *_to(("provision",), "nats", 4222),
        *_to(("nats",), "nats", 6222),
        *_to(("postgresql", "namespace cnpg-system"), "postgresql", 5432, 8000),
        *_to(("postgresql",), "network 192.0.2.1/32", 443, 6443),
        *(Path("namespace traefik", server, "8080/TCP") for server in _CALLERS),
        *_to(_CALLERS, "network 192.0.2.0/24", 443),
        *_to(_READERS, "namespace monitoring", 4318),
        *(Path("namespace monitoring", server, "9464/TCP") for server in _READERS),
    },
}
"""Who speaks to whom: every service to its database and to NATS (over the monitoring port it reads
back that writes are synced), the Jobs to what they prepare, replicas to each other, the ingress to
HTTP, who verifies tokens to the OpenID issuer, and metrics and traces to those who watch. Services
do not call each other."""


def denied_by_default(contents: Sequence[Object]) -> bool:
    """Whether a policy selects every pod and denies both directions."""
    return any(
        policy["spec"]["podSelector"] == {}
        and sorted(policy["spec"]["policyTypes"]) == ["Egress", "Ingress"]
        and not {"ingress", "egress"} & policy["spec"].keys()
        for policy in of_kind(contents, "NetworkPolicy")
    )


def half_open(contents: Sequence[Object]) -> list[str]:
    """Paths between our pods that only one of the two sides allows."""
    policies = Policies.of(contents)
    sides = {side: set(policies.opened(side)) for side in ("ingress", "egress")}
    inner = {
        side: {path for path in paths if {path.client, path.server} <= policies.labels.keys()}
        for side, paths in sides.items()
    }
    return [
        f"{path.client} > {path.server}:{path.port}: not allowed by {missing}"
        for one, missing in (("ingress", "egress"), ("egress", "ingress"))
        for path in sorted(inner[one] - inner[missing])
    ]


def open_paths(contents: Sequence[Object]) -> set[Path]:
    """All paths that the policies open, but for the names that every pod may look up."""
    policies = Policies.of(contents)
    both = {*policies.opened("ingress"), *policies.opened("egress")}
    return {path for path in both if path.server != "namespace kube-system"}


def pods_without_names(contents: Sequence[Object]) -> list[str]:
    """Workloads that may not ask the DNS."""
    policies = Policies.of(contents)
    asking = {path.client for path in policies.opened("egress")
              if path.server == "namespace kube-system"}  # fmt: skip
    return [name for name, pod, _ in pods(contents) if pod[NAME] not in asking]


def policies_without_pods(contents: Sequence[Object]) -> list[str]:
    """Policies that select nothing, such as those with a misspelled label."""
    policies = Policies.of(contents)
    return [
        label(policy)
        for policy in policies.policies
        if not policies._selected(policy["spec"]["podSelector"])
    ]
