"""`make upgrade`: the kept state of each release under a later version, on both databases."""

from __future__ import annotations

import asyncio
import json
import signal
import urllib.error
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nats
import pytest

from services.chassis.auth.credentials import development_issuer
from tests.drills.e2e.doors import Doors
from tests.support.servers import postgres_server
from tests.support.stacks import Stack, eventually
from tests.upgrade.answers import answers_of, differences, fetch, without_words
from tests.upgrade.city import SEALED
from tests.upgrade.keys import DEPARTMENT, REVOKED, password, write_keys
from tests.upgrade.later import later_version
from tests.upgrade.make_fixture import receipts_of, stream_of
from tests.upgrade.state import ANSWERS, EVENTS, STREAM, Kept, kept_releases


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of a later version."""
    return later_version(tmp_path_factory.mktemp("later"))


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """An empty PostgreSQL, or none: then the databases are files."""
    if request.param == "sqlite":
        yield None
        return
    with postgres_server() as server:
        yield server.url


@pytest.fixture
def stack(later: Path, tmp_path: Path) -> Iterator[Stack]:
    """A stack of the later version on a home that is still empty."""
    made = Stack(tmp_path / "home", project=later)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop(signal.SIGKILL)


def begin(stack: Stack, kept: Kept, url: str | None, folder: Path) -> dict[str, str]:
    """Restores the state and starts the later version on it, which migrates."""
    env = {} if url is None else {"DANCHU_DATABASE_URL": url}
    if url is None:
        run = stack.run("restore", "--from", str(kept.backup(folder)))
        assert run.returncode == 0, run.stderr
    else:
        write_keys(stack.home)
        asyncio.run(kept.put_on_server(url, folder))
    stack.up("--empty", "--rubrics", str(kept.rubrics), **env)
    resent = stack.run("resend", "--since", "2025-01-01", **env)
    assert resent.returncode == 0, resent.stderr
    return env


@pytest.mark.parametrize("version", kept_releases())
def test_a_later_version_goes_on_where_a_release_ended(
    version: str, stack: Stack, url: str | None, tmp_path: Path
) -> None:
    """Every figure, receipt, name, seal and message of the stream is the same; the audit too."""
    kept = Kept(version)
    env = begin(stack, kept, url, tmp_path / "kept")
    answers, sent = without_words(kept.value(ANSWERS)), kept.value(EVENTS)
    paths = [path for path in answers if path.startswith("/")]
    doors = Doors(stack.home, stack.url)
    doors.by_http(sent["events"])
    assert Counter(status for each in doors.statuses.values() for status in each) == {
        "duplicate": len(doors.statuses)
    }
    wait_for_fold(stack, answers["lag"]["folded"])
    assert differences(answers, answers_of(stack, paths)) == []
    of_outboxes = {(subject, body) for subject, name, body in kept.value(STREAM) if name}
    now = asyncio.run(stream_of(stack.home))
    assert {(subject, body) for subject, _, body in now} == of_outboxes
    if url is None:
        assert set(sent["receipts"]) <= set(receipts_of(stack.home))
    credentials_still_say_the_same(stack)
    seal = tmp_path / "seal.zip"
    seal.write_bytes(fetch(stack, f"/scoring/years/{SEALED}/seal.zip"))
    listed = (stack.home / "keys" / "seal-keys.txt").read_text().splitlines()
    keys = [part for line in listed for part in ("--key", line.split()[0])]
    verified = stack.here("verify", str(seal), *keys)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    audit = stack.run("audit", **env)
    assert audit.returncode == 0, audit.stdout


def wait_for_fold(stack: Stack, folded: int) -> None:
    """Until as many events are folded as before."""

    def all_folded() -> bool:
        lag = stack.get("/lag", "operator")
        return lag["events"] == 0 and lag["folded"] == folded and lag["halted"] is None

    eventually(all_folded, state=lambda: str(stack.get("/lag", "operator")))


def credentials_still_say_the_same(stack: Stack) -> None:
    """A revoked bearer stays out; the NATS credential of a department still sends."""
    token = development_issuer(stack.home, lambda: 1_767_225_600_000_000).mint("hr", name=REVOKED)
    (stack.home / "tokens.json").write_text(
        json.dumps(json.loads((stack.home / "tokens.json").read_text()) | {"revoked": token})
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch(stack, f"/scoring/ratings?year={SEALED}", "revoked")
    assert refused.value.code == 401
    assert asyncio.run(sent_over_nats(stack)) == {"receipts": []}


async def sent_over_nats(stack: Stack) -> Any:
    """The answer of the door to an empty batch of the department."""
    server = json.loads((stack.home / "nats.json").read_text())["url"]
    client = await nats.connect(server, user=DEPARTMENT, password=password())
    try:
        return json.loads((await client.request("danchu.emit.H44-1", b"[]", timeout=10)).data)
    finally:
        await client.close()
