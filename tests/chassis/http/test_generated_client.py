"""A client that is generated from OpenAPI works: it sends an event, and reads the rating."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from services.chassis.auth.credentials import Issuer
from tests.chassis.http.test_openapi import SERVICES, _settings
from tests.conftest import NatsServer
from tests.scoring.road import open_road

pytestmark = pytest.mark.anyio
GENERATOR = Path(sys.executable).parent / "openapi-python-client"
FILES = {
    "scoring": (
        "application/pdf", "application/zip",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
}  # fmt: skip
"""The types of the files that a service answers, which are bytes to a client."""
UNSUPPORTED = re.compile(
    r"WARNING parsing POST \S+ within default\. Endpoint will not be generated\.\s+"
    r"(Unsupported content type (text/\S+|application/\S+)\s+)+"
)
"""The generator knows no uploads of files that are no forms; such a route is left out by it."""
EVENT = {
    "specversion": "1.0", "id": "1", "source": "urn:city:registry", "subject": "H44.9.1",
    "type": "vn.danchu.unit.registered.v1", "time": "2025-01-01T00:00:00+07:00",
    "data": {"name": "Xã mẫu", "kind": "commune"},
}  # fmt: skip


def generated(name: str, folder: Path) -> ModuleType:
    """The package of a client of one service, made without a warning, and imported."""
    settings = _settings(name, folder / "home")
    api = SERVICES[name].build(settings).api
    document, config = folder / f"{name}.json", folder / "config.yaml"
    document.write_text(json.dumps(api.openapi()))
    overrides = dict.fromkeys(FILES.get(name, ()), "application/octet-stream")
    # Nothing is formatted: what is made is run, not read.
    config.write_text(json.dumps({"post_hooks": [], "content_type_overrides": overrides}))
    generation = subprocess.run(
        [GENERATOR, "generate", "--path", document, "--output-path", folder / f"client_{name}",
         "--meta", "none", "--config", config],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    printed = UNSUPPORTED.sub("", generation.stdout + generation.stderr)
    assert generation.returncode == 0, printed
    assert "WARNING" not in printed and "ERROR" not in printed, printed
    return importlib.import_module(f"client_{name}")


@pytest.fixture
def folder(tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of generated packages, from which they can be imported, with a home in it."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for module in [name for name in sys.modules if name.startswith("client_")]:
        del sys.modules[module]


@pytest.mark.parametrize("name", SERVICES)
def test_a_client_is_generated_of_each_service(folder: Path, name: str) -> None:
    """Every route is in it, but for uploads of files; nothing of the document is passed over."""
    package = generated(name, folder)
    assert package.AuthenticatedClient is not None
    routes = {path.stem for path in (folder / f"client_{name}" / "api").rglob("*.py")}
    assert len(routes - {"__init__"}) >= 5


async def test_a_generated_client_sends_an_event_and_reads_the_rating(
    folder: Path, home: Path, provisioned: NatsServer, issuer: Issuer
) -> None:
    """Typed receipts, a typed rating, and a typed problem where there is no such unit."""
    doors, ratings = generated("intake", folder), generated("scoring", folder)
    send = importlib.import_module("client_intake.api.default.post_events")
    read = importlib.import_module("client_scoring.api.default.get_rating")
    models = importlib.import_module("client_intake.models")
    async with open_road(home, "sqlite://", issuer) as road:
        door = _client(doors, road.client, "intake", issuer.mint("registrar"))
        reader = _client(ratings, road.client, "scoring", issuer.mint("hr"))
        event = models.Event.from_dict(EVENT)
        answer = await send.asyncio(client=door, body=event)
        (receipt,) = answer.receipts
        rating = await read.asyncio(
            year=2025, unit="H44.9.1", client=reader, wait_for=receipt.receipt
        )
        assert (receipt.status, rating.unit, rating.name) == ("accepted", "H44.9.1", "Xã mẫu")
        (again,) = (await send.asyncio(client=door, body=[event])).receipts
        assert (again.status, again.receipt) == ("duplicate", receipt.receipt)
        problem = await read.asyncio(year=2025, unit="H44.9.9", client=reader)
        assert problem.status == 404 and "H44.9.9" in problem.detail_vi


def _client(package: ModuleType, road: httpx.AsyncClient, service: str, token: str) -> Any:
    """The generated client on the application of the test."""
    client = package.AuthenticatedClient(base_url=f"http://danchu/{service}", token=token)
    client.set_async_httpx_client(
        httpx.AsyncClient(
            transport=road._transport, base_url=f"http://danchu/{service}",
            headers={"authorization": f"Bearer {token}"},
        )
    )  # fmt: skip
    return client
