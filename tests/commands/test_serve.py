"""`danchu serve` of parts: what each answers over HTTP."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from services.chassis.health import Health
from services.chassis.http.service_api import PROBLEM_TYPE, service_api
from services.chassis.settings import Settings
from services.chassis.telemetry import instruments
from services.commands import serve
from services.commands.client import Answer, Client
from services.commands.service_registry import (
    SERVICES,
    ServiceUnknown,
    migrate_one,
    service_names,
)
from services.commands.stack import Stack
from services.commands.stack_watch import StackWatch
from services.scoring.readmodel import sealed_rubrics
from services.scoring.rubrics.loader import SHIPPED, load_directory
from tests.conftest import eventually
from tests.scoring.folding import folding
from tests.scoring.subscribers.test_stream_look import move_on
from tests.support.servers import free_port

pytestmark = pytest.mark.anyio


async def test_a_fold_by_itself_answers_its_health_on_a_port_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alive, and not ready while it is halted, with the reason; it serves nothing else."""
    port = free_port()
    for name, value in (("HOME", tmp_path), ("HEALTH_PORT", port), ("NATS_PORT", 1)):
        monkeypatch.setenv(f"DANCHU_{name}", str(value))
    monkeypatch.setattr(instruments, "setup", lambda *_: None)
    database = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with folding(database, load_directory(SHIPPED)) as fold:
        await move_on(fold, halted="the stream EVENTS is gone")
        served = asyncio.create_task(serve.serve(("scoring",), "fold"))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

            async def get(path: str) -> Any:
                try:
                    return await client.get(path)
                except httpx.ConnectError:
                    return None

            assert (await eventually(lambda: get("/healthz"))).status_code == 200
            for path in ("/readyz", "/scoring/readyz"):
                answer = await client.get(path)
                assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
                assert "the stream EVENTS is gone" in answer.json()["checks"]["fold"]
            assert (await client.get("/scoring/lag")).status_code == 404
        signal.raise_signal(signal.SIGTERM)
        await served


async def test_a_process_waits_for_its_schema_and_drains_before_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile it is alive, not ready, and says why. After SIGTERM it is not ready at once, and
    answers new callers until the second signal ends the drain.
    """
    port = free_port()
    for name, value in (
        ("HOME", tmp_path), ("PORT", port), ("NATS_PORT", 1), ("START_WAITS", "true"),
        ("DRAIN_SECONDS", 300),
    ):  # fmt: skip
        monkeypatch.setenv(f"DANCHU_{name}", str(value))
    monkeypatch.setattr(instruments, "setup", lambda *_: None)
    address = f"http://127.0.0.1:{port}"

    async def get(path: str) -> httpx.Response | None:
        async with httpx.AsyncClient(base_url=address) as client:  # a new connection each time
            try:
                return await client.get(path)
            except httpx.ConnectError:
                return None

    async def readiness(word: str) -> str:
        answer = await get("/readyz")
        return answer.text if answer is not None and word in answer.text else ""

    served = asyncio.create_task(serve.serve(("awards",), "http"))
    assert "danchu migrate" in await eventually(lambda: readiness("awards.db"))
    alive, refused = await get("/healthz"), await get("/awards/openapi.json")
    assert alive is not None and refused is not None
    assert (alive.status_code, refused.status_code) == (200, 503)
    await migrate_one("awards", Settings(home=tmp_path))
    assert await eventually(lambda: readiness('"status": "ready"'))
    signal.raise_signal(signal.SIGTERM)
    assert "not ready" in await eventually(lambda: readiness("is stopping"))
    later = await get("/awards/openapi.json")
    assert later is not None and later.status_code == 200
    assert later.headers["connection"] == "close"
    signal.raise_signal(signal.SIGTERM)
    await served
    assert await get("/healthz") is None


async def test_a_start_does_not_wait_until_other_rubrics_have_folded_all_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The HTTP of a stack is started when it answers, and becomes ready after that."""

    async def get(_: Client, path: str, *rest: Any, **parameters: Any) -> Answer:
        return Answer(200 if path == "/healthz" else 503, b"{}")

    monkeypatch.setattr(Client, "get", get)
    stack = Stack(Settings(home=tmp_path), lambda _: None, with_sample=False)
    ready = stack._http().ready
    assert ready is not None and await ready()


async def test_a_start_names_rubrics_that_differ_from_the_sealed_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the screen of `up`, beside the readiness; where they agree nothing is said of them."""
    checks = {"fold": "runs here", "database": "answers", sealed_rubrics.CHECK: "2025: x"}

    async def get(_: Client, path: str, *rest: Any, **parameters: Any) -> Answer:
        return Answer(200, json.dumps({"checks": checks}).encode())

    monkeypatch.setattr(Client, "get", get)
    lines: list[str] = []
    key = tmp_path / "key.pub"
    settings = Settings(home=tmp_path, token_public_key=key)
    watch = StackWatch(settings, Client("http://127.0.0.1"), lines.append)
    await watch.ready()
    assert lines[0] == "2025: x" and len(lines) == 2
    checks[sealed_rubrics.CHECK] = sealed_rubrics.AGREES
    await watch.ready()
    assert lines[2:] == lines[1:2]


async def test_the_screen_names_an_open_nats_once_at_each_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start and whenever it begins; where it halts the fold, the halt is what is said."""
    states = [
        ("runs here", "open"), ("runs here", "open"), ("runs here", "closed to others"),
        ("halted: open", "open"), ("runs here", "open"),
    ]  # fmt: skip
    turns = iter([*states, states[-1]])

    async def get(_: Client, path: str, *rest: Any, **parameters: Any) -> Answer:
        return Answer(200, json.dumps({"checks": checks}).encode())

    async def sleep(_: float) -> None:
        turn = next(turns, None)
        if turn is None:
            raise asyncio.CancelledError
        checks["fold"], checks["writers"] = turn

    checks = {"fold": "runs here", "database": "answers", "writers": "closed to others"}
    monkeypatch.setattr(Client, "get", get)
    monkeypatch.setattr("services.commands.stack_watch.asyncio.sleep", sleep)
    lines: list[str] = []
    settings = Settings(home=tmp_path, token_public_key=tmp_path / "key.pub")
    with pytest.raises(asyncio.CancelledError):
        await StackWatch(settings, Client("http://127.0.0.1"), lines.append).run()
    assert lines == ["open", "halted: open", "open"]


async def test_more_requests_at_once_than_the_bound_are_refused_and_may_ask_again(
    tmp_path: Path,
) -> None:
    """Two are held open: the third is 503 as problem details, also with a body that nobody reads;
    the process tells of its health, and takes the next when one of the two is done.
    """
    begun, go_on = asyncio.Semaphore(0), asyncio.Event()
    health = Health()
    api = service_api("slow", "", health)

    @api.post("/work")
    async def work() -> str:
        begun.release()
        await go_on.wait()
        return "done"

    apps: dict[str, Any] = {"slow": SimpleNamespace(api=api, health=health, pages=None)}
    settings = Settings(home=tmp_path, port=free_port(), http_requests_max=2)
    address = f"http://127.0.0.1:{settings.port}"
    started = asyncio.Event()
    started.set()
    serving = serve._serve_http(apps, settings, "http", started)
    async with serving, httpx.AsyncClient(base_url=address) as client:
        at_once = [asyncio.create_task(client.post("/slow/work")) for _ in range(2)]
        for _ in at_once:
            await begun.acquire()
        for path in ("/slow/work", "/slow/work/healthz"):
            refused = await client.post(path, content=b"x" * 2**20)
            assert (refused.status_code, refused.headers["content-type"]) == (503, PROBLEM_TYPE)
            assert refused.headers["retry-after"] == "2"
            assert refused.json()["detail"].startswith("Máy chủ đang trả lời 2 yêu cầu")
        for name in ("/slow/healthz", "/readyz"):
            assert (await client.get(name)).status_code == 200
        go_on.set()
        assert {answer.status_code for answer in await asyncio.gather(*at_once)} == {200}
        assert (await client.post("/slow/work")).json() == "done"


def test_several_services_are_served_by_one_process() -> None:
    """In the order of the command line, each once; an unknown one is refused by name."""
    assert service_names("training", "awards", "training") == ("training", "awards")
    assert service_names("scoring", "all") == SERVICES
    with pytest.raises(ServiceUnknown, match="xx"):
        service_names("training", "xx")
