"""How often a credential may ask: 429 with the seconds to wait, and the others are served."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from services.chassis.http import rates
from services.chassis.http.parsing import credential_key
from services.chassis.http.rates import Rates
from services.chassis.http.server import request_rates
from services.chassis.settings import Settings
from tests.support.sockets import get, served

pytestmark = pytest.mark.anyio


@examples(max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 10)), max_size=40))
def test_no_window_has_more_than_a_burst_and_the_rate(steps: list[tuple[float, int]]) -> None:
    """Whatever is taken when; and what had to wait is taken after the wait that was answered."""
    limit, now, requests = Rates(5.0, 10.0), 0.0, list[tuple[float, int]]()
    for pause, number in steps:
        now += pause
        wait = limit.take("a", now, number)
        if wait:
            now += wait
            assert limit.take("a", now, number) == 0
        requests.append((now, number))
        for begin, _ in requests:
            inside = sum(size for moment, size in requests if moment >= begin)
            assert inside <= 10 + 5 * (now - begin) + 1e-6


def test_keys_are_apart_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One caller's rate is not another's; a key that was quiet for longest is forgotten."""
    monkeypatch.setattr(rates, "KEYS_MAX", 2)
    limit = Rates(1.0, 1.0)
    assert [limit.take(key, 0.0) for key in "aab"] == [0, 1, 0]
    assert [limit.take(key, 0.0) for key in "bca"] == [1, 0, 0]


def test_more_than_a_burst_waits_for_a_full_bucket() -> None:
    """A batch of the door is larger than any burst: it is taken, and paid for afterwards."""
    limit = Rates(10.0, 10.0)
    assert limit.take("a", 0.0, 50) == 0
    assert limit.take("a", 1.0, 50) == 4 and limit.take("a", 5.0, 50) == 0


@pytest.mark.parametrize(("replicas", "accepted"), [(1, 16), (4, 16), (6, 12)])
def test_processes_share_the_rate_of_a_credential(replicas: int, accepted: int) -> None:
    """Asked by turns they grant together what one grants: at once, and afterwards each second."""
    limits = Settings(http_credential_rate=8, http_replicas=replicas)
    each = [request_rates(limits) for _ in range(replicas)]

    def granted(seconds: int) -> int:
        grants = (rates.take("a", float(seconds)) for rates in each * 20 if rates is not None)
        return sum(not wait for wait in grants)

    assert granted(0) == accepted
    assert sum(granted(second) for second in range(1, 61)) in range(470, 481)


def test_the_share_of_many_processes_is_at_least_a_request() -> None:
    """A credential whose rate is below one a second for each process waits, and is not shut out."""
    share = Rates.share(2.0, 4.0, 8)
    assert [share.take("a", now) for now in (0.0, 0.0, 4.0)] == [0, 4, 0]
    assert share.in_words == 1


def test_another_spelling_of_a_token_is_the_same_credential() -> None:
    """Of the scheme, of spaces, and of the signature."""
    spellings = (b"Bearer a.b.c", b"bearer  a.b.c", b"BEARER a.b.d ")
    assert {credential_key(text) for text in spellings} == {b"a.b"}
    assert credential_key(b"Basic eDp5") == b"eDp5" and credential_key(b"") == b""


async def test_a_credential_that_asks_too_often_is_told_when_to_come_back() -> None:
    """In both languages; health and other credentials are answered meanwhile."""
    async with served(http_credential_rate=1, http_credential_burst=2) as server:
        own = {"authorization": "Bearer a.b.c"}
        async with server.opened(get("/slow/none", **own) * 3) as caller:
            statuses = [await caller.answer() for _ in range(3)]
        assert [answer.status for answer in statuses] == [404, 404, 429]
        refused = statuses[2]
        assert "retry-after: 1\r\n" in refused.head and refused.json()["code"].endswith("rate")
        assert "1 yêu cầu" in refused.json()["detail_vi"]
        assert "1 request" in refused.json()["detail_en"]
        other = {"authorization": "Bearer x.y.z"}
        assert (await server.ask(get("/slow/none", **other))).status == 404
        assert (await server.ask(get("/slow/healthz", **own))).status == 200
