"""Admission of connections and requests to an HTTP server. Bookkeeping only, no I/O.

Connections are counted by address, requests by address and credential. When a limit is reached the
quietest is evicted first: an idle connection, or a request that waits for its body. So a crowd of
idle or slow callers gives way to an active one.
"""

import ipaddress
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from contracts.messages import Message
from services.chassis.http.problems import RETRY_SECONDS, Problem
from services.chassis.http.rates import Rates
from services.chassis.messages import message
from services.chassis.settings import Settings

Key = TypeVar("Key")
FILES_RESERVED = 256
"""Open files reserved for databases, the broker and logs."""
BODY_QUIET_SECONDS = 0.5
EVICTED_SHARE = 16
IPV6_SITE_BITS = 64


@dataclass(frozen=True)
class AdmissionLimits:
    """The maxima of concurrent connections and requests, in total and per caller."""

    connections: int
    address_connections: int
    requests: int
    address_requests: int
    credential_requests: int

    @classmethod
    def of(cls, settings: Settings, files_max: int) -> "AdmissionLimits":
        """The limits of a process with so many open files; per caller a share by default."""
        free = files_max - min(FILES_RESERVED, files_max // 2)
        connections = min(settings.http_connections_max, free)
        requests = settings.http_requests_max
        return cls(
            connections,
            min(connections, settings.http_address_connections_max or math.ceil(connections / 2)),
            requests,
            settings.http_address_requests_max or math.ceil(requests * 3 / 4),
            settings.http_credential_requests_max or math.ceil(requests / 2),
        )


class Guest(Protocol):
    """A connection, as admission sees it.

    `shared`: it comes from a proxy that the settings name, which many callers use.
    """

    address: str
    shared: bool

    def quiet_since(self) -> float | None:
        """Since when it has been idle; None while a request is being read or answered."""

    def starved_since(self) -> float | None:
        """Since when its request has waited for more of its body; None if it does not wait."""

    def drop(self) -> None:
        """Closes it at once."""

    def cut(self, problem: Problem) -> None:
        """Answers its request with a problem, and closes it."""

    def sweep(self, now: float) -> None:
        """Ends whatever has taken too long on it."""


class Ticket:
    """The place of one admitted request."""

    __slots__ = ("address", "credential", "gate", "guest")

    def __init__(self, gate: "Gate", guest: Guest, credential: bytes | None, address: str) -> None:
        self.gate, self.guest = gate, guest
        self.address, self.credential = address, credential

    def end(self, _: object = None) -> None:
        """Gives the place back; twice does nothing."""
        self.gate.release(self)


@dataclass
class Gate:
    """The places of one server; `rates` are those of requests, None for any number."""

    limits: AdmissionLimits
    rates: Rates | None = None
    _guests: dict[str, set[Guest]] = field(default_factory=dict)
    _connections: int = 0
    _tickets: dict[Ticket, None] = field(default_factory=dict)
    _of_address: dict[str, int] = field(default_factory=dict)
    _of_credential: dict[bytes, int] = field(default_factory=dict)

    def guests(self) -> list[Guest]:
        """All connections."""
        return [guest for guests in self._guests.values() for guest in guests]

    def enter(self, guest: Guest) -> Problem | None:
        """Counts a connection and makes room for it; a problem if nobody can be evicted.

        It is counted in either case: the caller calls `leave` when it closes.
        """
        of_address = self._guests.setdefault(guest.address, set())
        of_address.add(guest)
        self._connections += 1
        most = self.limits.address_connections
        if len(of_address) > most and not guest.shared and not _evict(of_address, guest):
            return _refusal(429, message("connections-of-address", most=most))
        if self._connections > self.limits.connections:
            crowd = max(self._guests.values(), key=len)
            if not _evict(crowd, guest) and not _evict(self.guests(), guest):
                return _refusal(503, message("connections-full", most=self.limits.connections))
        return None

    def leave(self, guest: Guest) -> None:
        """Gives the place of a connection back; twice does nothing."""
        of_address = self._guests.get(guest.address)
        if of_address is not None and guest in of_address:
            of_address.discard(guest)
            self._connections -= 1
            if not of_address:
                del self._guests[guest.address]

    def admit(
        self, guest: Guest, credential: bytes | None, now: float, address: str
    ) -> Ticket | Problem:
        """A place for a request of a caller's address, or the problem that refuses it."""
        limits = self.limits
        if self.rates is not None and (wait := self.rates.take(credential or address, now)):
            detail = message("requests-rate", rate=self.rates.in_words, seconds=wait)
            return Problem(429, detail, headers={"Retry-After": str(wait)})
        if len(self._tickets) >= limits.requests and not self._starve(now):
            return _refusal(503, message("too-busy", most=limits.requests))
        of_address = self._of_address.get(address, 0)
        if of_address >= limits.address_requests and not self._starve(now, address=address):
            return _refusal(429, message("requests-of-address", most=limits.address_requests))
        if credential is not None:
            most = limits.credential_requests
            of_credential = self._of_credential.get(credential, 0)
            if of_credential >= most and not self._starve(now, credential=credential):
                return _refusal(429, message("requests-of-token", most=most))
        return self._place(guest, credential, address)

    def _place(self, guest: Guest, credential: bytes | None, address: str) -> Ticket:
        ticket = Ticket(self, guest, credential, address)
        self._tickets[ticket] = None
        self._of_address[ticket.address] = self._of_address.get(ticket.address, 0) + 1
        if credential is not None:
            self._of_credential[credential] = self._of_credential.get(credential, 0) + 1
        return ticket

    def release(self, ticket: Ticket) -> None:
        """Gives the place of a request back; twice does nothing."""
        if ticket not in self._tickets:
            return
        del self._tickets[ticket]
        _less(self._of_address, ticket.address)
        if ticket.credential is not None:
            _less(self._of_credential, ticket.credential)

    def _starve(
        self, now: float, address: str | None = None, credential: bytes | None = None
    ) -> bool:
        """Ends the request that has waited longest for its body; False if none waits."""
        longest, victim = now - BODY_QUIET_SECONDS, None
        for ticket in self._tickets:
            if address not in (None, ticket.address) or credential not in (None, ticket.credential):
                continue
            since = ticket.guest.starved_since()
            if since is not None and since <= longest:
                longest, victim = since, ticket
        if victim is None:
            return False
        self.release(victim)
        victim.guest.cut(_refusal(408, message("body-made-room")))
        return True


def _evict(guests: Iterable[Guest], newcomer: Guest) -> bool:
    """Closes the quietest sixteenth, so that a flood does not sort them for each newcomer."""
    quiet = [
        (since, number, guest)
        for number, guest in enumerate(guests)
        if guest is not newcomer and (since := guest.quiet_since()) is not None
    ]
    quiet.sort()
    for _, _, guest in quiet[: math.ceil(len(quiet) / EVICTED_SHARE)]:
        guest.drop()
    return bool(quiet)


def _refusal(status: int, detail: Message) -> Problem:
    return Problem(status, detail, headers={"Retry-After": RETRY_SECONDS})


def _less(counts: dict[Key, int], key: Key) -> None:
    left = counts[key] - 1
    if left:
        counts[key] = left
    else:
        del counts[key]


def address_of(host: str) -> str:
    """The caller of an address: of IPv6 the /64 network of a site, which has billions of them."""
    if ":" not in host:
        return host
    address = ipaddress.IPv6Address(host.partition("%")[0])
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, IPV6_SITE_BITS), strict=False))
