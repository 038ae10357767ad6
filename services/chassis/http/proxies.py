"""The caller behind a proxy: believed only of the proxies that the settings name.

Each proxy appends the address that it sees, so the list is read from its end: the first address
that is not of a named proxy is the caller, and what stands before it may be forged. Only the header
that the settings name is read; a proxy passes the other one on as its caller wrote it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from services.chassis.errors import SettingWrong
from services.chassis.messages import message

FORWARDED, X_FORWARDED_FOR = "forwarded", "x-forwarded-for"
HOPS_MAX = 20
SCHEMES = ("http", "https")
SETTING = "DANCHU_TRUSTED_PROXIES"
_ELEMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_PAIR = re.compile(r'\s*([a-z]+)=("(?:[^"\\]|\\.)*"|[^;,"\s]*)\s*(?:;|$)', re.IGNORECASE)
Headers = Iterable[tuple[bytes, bytes]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Hop:
    """What a proxy says of its caller; `scheme` is that of the caller's request."""

    host: str
    scheme: str | None = None


@dataclass(frozen=True)
class Proxies:
    """The named proxies, and the header in which they say who called them."""

    networks: tuple[Network, ...]
    header: str = X_FORWARDED_FOR

    def trusts(self, host: str) -> bool:
        """Whether a host is one of them."""
        return _trusts(self.networks, host)

    def caller(self, host: str, headers: Headers) -> Hop:
        """The caller of a request that a trusted host passes on; that host itself without more."""
        own = b"forwarded" if self.header == FORWARDED else b"x-forwarded-for"
        values, schemes = [], []
        for name, value in headers:
            if name == own:
                values.append(value)
            elif name == b"x-forwarded-proto":
                schemes.append(value)
        return _caller(self, host, b",".join(values), b",".join(schemes))

    def hops(self, values: str, schemes: str) -> list[Hop]:
        """The last hops, in the order of the header."""
        if self.header == FORWARDED:
            return [_hop(element) for element in _ELEMENT.findall(values)][-HOPS_MAX:]
        scheme = _scheme(schemes.rpartition(",")[2])
        return [Hop(host, scheme) for host in values.split(",")[-HOPS_MAX:]]


def parse_proxies(text: str, header: str) -> Proxies:
    """Addresses and networks, separated by commas; SettingWrong for anything else."""
    networks = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        try:
            networks.append(ipaddress.ip_network(word))
        except ValueError:
            raise SettingWrong(SETTING, message("proxy-address", address=word[:100])) from None
    return Proxies(tuple(networks), header)


def parse_address(text: str) -> Address | None:
    """The address of a hop, which may have a port; None for a name or an obfuscated one."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(maxsize=4096)
def _trusts(networks: tuple[Network, ...], host: str) -> bool:
    address = parse_address(host)
    return address is not None and any(address in network for network in networks)


@lru_cache(maxsize=4096)
def _caller(proxies: Proxies, host: str, values: bytes, schemes: bytes) -> Hop:
    hop = Hop(host)
    for further in reversed(proxies.hops(values.decode("latin-1"), schemes.decode("latin-1"))):
        address = parse_address(further.host)
        if address is None or not proxies.trusts(hop.host):
            break
        hop = Hop(str(address), further.scheme)
    return hop


def _hop(element: str) -> Hop:
    pairs = dict(_pairs(element))
    return Hop(pairs.get("for", ""), _scheme(pairs.get("proto", "")))


def _pairs(element: str) -> Iterator[tuple[str, str]]:
    for name, value in _PAIR.findall(element):
        yield name.lower(), re.sub(r"\\(.)", r"\1", value[1:-1]) if value[:1] == '"' else value


def _scheme(text: str) -> str | None:
    scheme = text.strip().lower()
    return scheme if scheme in SCHEMES else None
