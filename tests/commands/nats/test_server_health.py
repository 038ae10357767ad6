"""When `danchu up` starts its nats-server again because it does not do its work."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from services.commands.nats import server_health
from services.commands.nats.embedded import Embedded
from services.commands.nats.server_health import is_alive, is_healthy
from tests.conftest import free_port


class Health(http.server.BaseHTTPRequestHandler):
    """Answers the health of a server with `status`."""

    status = 200

    def do_GET(self) -> None:
        """The health."""
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Writes nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Embedded]:
    """A server whose health a test sets."""
    listening = http.server.HTTPServer(("127.0.0.1", free_port()), Health)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    monitor = f"http://127.0.0.1:{listening.server_port}"
    yield Embedded(tmp_path / "server.conf", "nats://127.0.0.1:1", monitor)
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_frozen_streams_are_a_hang_once_the_disk_has_room(
    server: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a full disk only a restart thaws them; before there is room it would not help."""
    assert is_healthy(server) and is_alive(server)
    monkeypatch.setattr(Health, "status", 503)
    for free, alive in ((server_health.ROOM_BYTES, False), (server_health.ROOM_BYTES - 1, True)):
        usage = SimpleNamespace(free=free)
        monkeypatch.setattr(shutil, "disk_usage", lambda _, usage=usage: usage)
        assert is_alive(server) is alive and not is_healthy(server)


def test_a_server_that_does_not_answer_hangs(tmp_path: Path) -> None:
    """Whatever its disk has."""
    monitor = f"http://127.0.0.1:{free_port()}"
    assert not is_alive(Embedded(tmp_path / "server.conf", "nats://127.0.0.1:1", monitor))
