"""The caller behind proxies: believed of those that are named, and of nobody else."""

from __future__ import annotations

import pytest

from services.chassis.errors import SettingWrong
from services.chassis.http.proxies import FORWARDED, X_FORWARDED_FOR, Hop, parse_proxies
from tests.support.sockets import get, served

pytestmark = pytest.mark.anyio
OURS = "10.0.0.0/8, 2001:db8::1"


@pytest.mark.parametrize(
    ("sent", "host"),
    [
        (["203.0.113.7"], "203.0.113.7"),
        (["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        (["198.51.100.1", "203.0.113.7, 10.1.1.1"], "203.0.113.7"),
        (["203.0.113.7:4711"], "203.0.113.7"), (["[2001:db8::9]:80"], "2001:db8::9"),
        (["2001:db8::9"], "2001:db8::9"), (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["10.2.2.2, 10.1.1.1"], "10.2.2.2"), (["203.0.113.7, unknown"], "10.0.0.1"),
        (["203.0.113.7, 999.1.1.1, 10.1.1.1"], "10.1.1.1"), ([""], "10.0.0.1"), ([], "10.0.0.1"),
        ([",".join(["203.0.113.7"] + ["10.1.1.1"] * 30)], "10.1.1.1"),
    ],
)  # fmt: skip
def test_the_first_address_from_the_end_that_is_no_proxy_is_the_caller(
    sent: list[str], host: str
) -> None:
    """What stands before it is what the caller wrote; what is no address ends the search."""
    proxies = parse_proxies(OURS, X_FORWARDED_FOR)
    headers = [(b"x-forwarded-for", value.encode()) for value in sent]
    headers.append((b"forwarded", b"for=192.0.2.9"))
    assert proxies.caller("10.0.0.1", headers).host == host


@pytest.mark.parametrize(
    ("sent", "hop"),
    [
        ("for=203.0.113.7;proto=https", Hop("203.0.113.7", "https")),
        ('for=192.0.2.1, For="[2001:db8::9]:80";Proto="HTTPS";by=10.0.0.1',
         Hop("2001:db8::9", "https")),
        ("for=203.0.113.7;proto=https, for=10.1.1.1;proto=http", Hop("203.0.113.7", "https")),
        ('for="a,b";proto=https', Hop("10.0.0.1")), ("for=_hidden", Hop("10.0.0.1")),
        ('for="203.0.113.7', Hop("10.0.0.1")), ("proto=ftp;for=203.0.113.7", Hop("203.0.113.7")),
    ],
)  # fmt: skip
def test_the_header_of_rfc_7239_is_read_where_it_is_named(sent: str, hop: Hop) -> None:
    """With the scheme that stands beside the caller; then the other header means nothing."""
    proxies = parse_proxies(OURS, FORWARDED)
    headers = [(b"forwarded", sent.encode()), (b"x-forwarded-for", b"192.0.2.9")]
    assert proxies.caller("10.0.0.1", headers) == hop


def test_a_setting_that_is_no_address_is_refused() -> None:
    """A name or a network with bits of a host would be trusted by mistake, or never."""
    for text in ("proxy", "10.0.0.1/8", "10.0.0.0/33", "*"):
        with pytest.raises(SettingWrong, match="DANCHU_TRUSTED_PROXIES"):
            parse_proxies(text, X_FORWARDED_FOR)
    trusted = parse_proxies(OURS, X_FORWARDED_FOR)
    assert trusted.trusts("10.9.9.9") and trusted.trusts("::ffff:10.9.9.9")
    assert not trusted.trusts("11.0.0.1") and not trusted.trusts("")


FORGED = {"x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https"}


async def test_a_forged_header_from_elsewhere_is_ignored() -> None:
    """Neither address nor scheme: no HSTS, and no place of another's."""
    for settings in ({}, {"trusted_proxies": "10.0.0.0/8"}):
        async with served(**settings) as server:
            answer = await server.ask(get("/slow/caller", **FORGED))
            assert answer.json() == ["127.0.0.1", "http"]
            assert "strict-transport" not in answer.head


async def test_callers_behind_a_named_proxy_are_told_apart() -> None:
    """Limits for one address count each of them, and the proxy's connections have no such limit."""
    limits = {"http_address_requests_max": 1, "http_address_connections_max": 1}
    async with served(trusted_proxies="127.0.0.1", **limits) as server:
        first = get("/slow/work", **FORGED)
        async with server.opened(first) as one, server.opened(first) as two:
            await server.begun.acquire()
            refused = await two.answer()
            assert refused.status == 429 and "retry-after" in refused.head
            other = {**FORGED, "x-forwarded-for": "198.51.100.1"}
            answer = await server.ask(get("/slow/caller", **other))
            assert answer.json() == ["198.51.100.1", "https"]
            assert "strict-transport-security: max-age=31536000" in answer.head
            server.go_on.set()
            assert (await one.answer()).status == 200
