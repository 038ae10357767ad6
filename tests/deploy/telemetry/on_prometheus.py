"""`make rules`: every query of rules and dashboards on a real Prometheus over a running danchu.

Called by its path, not collected by `make test`. Needs `prometheus`, and takes half a minute.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.telemetry.promql import LABELS, TELEMETRY, load, metrics_of, panels, rules
from tests.support.servers import free_port, until
from tests.support.stacks import EVENTS, Stack, eventually

SECONDS = 90
SCRAPES = 7
NOMINATION = {
    "unit": "H44.1", "kind": "model", "title": "Tổ dân phố tự quản",
    "merits": "Không có khiếu kiện", "at": "2025-03-01T08:00:00+07:00",
}  # fmt: skip
RARE = {"danchu_http_refusals_total", "danchu_tls_certificate_remaining_seconds"}
"""What is not there before a first refusal, or without TLS."""
HIDDEN = frozenset({"unit", "person", "subject", "id", "receipt", "user", "token", "path"})
WRONG = {**EVENTS[0], "id": "w1", "type": "vn.danchu.nothing.v1"}
JSON = "application/json"


class Prometheus:
    """A Prometheus of its own that scrapes each second."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self.port, self.folder, self.ports = free_port(), folder, ports
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(TELEMETRY / "rules" / "*.yaml")],
            "scrape_configs": [
                {"job_name": "danchu",
                 "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}]},
            ],
        }  # fmt: skip
        (folder / "prometheus.yml").write_text(json.dumps(config))
        with (folder / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    "prometheus", f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdout=log, stderr=log,
            )  # fmt: skip
        until(self._ready, self.process)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=1) as it:
                return bool(it.status == 200)
        except OSError:
            return False

    def api(self, path: str, **parameters: str) -> Any:
        """The data of an answer."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return json.load(answer)["data"]

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The series of a query now."""
        series: list[dict[str, Any]] = self.api("query", query=expr)["result"]
        return series

    def stop(self) -> None:
        """Ends it."""
        self.process.terminate()
        self.process.wait(SECONDS)


def ask(stack: Stack, path: str, role: str, body: Any = None) -> int:
    """The status of a request."""
    token = json.loads((stack.home / "tokens.json").read_text())[role]
    headers = {"authorization": f"Bearer {token}", "content-type": JSON}
    raw = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"{stack.url}{path}", raw, headers), timeout=SECONDS
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def traffic(stack: Stack) -> None:
    """One of everything that is counted."""
    assert ask(stack, "/intake/events", "registrar", EVENTS[:1]) == 202
    assert ask(stack, "/intake/events", "emitter", EVENTS[1:]) == 202
    assert ask(stack, "/intake/events", "emitter", WRONG) == 422
    assert ask(stack, "/awards/achievements", "clerk", NOMINATION) in (200, 201)
    assert ask(stack, "/scoring/lag", "reader") == 403
    eventually(lambda: ask(stack, "/scoring/ratings/2025/H44.1", "hr") == 200, SECONDS)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Over a stack with some traffic, after a few scrapes."""
    if shutil.which("prometheus") is None:
        pytest.skip("there is no prometheus (Debian: apt-get install prometheus)")
    folder = tmp_path_factory.mktemp("prometheus")
    port, _ = free_port(), free_port()  # the fold has the next one
    stack = Stack(folder / "home")
    stack.up(DANCHU_METRICS_PORT=str(port))
    try:
        traffic(stack)
        saved = stack.here("backup", "--to", str(folder / "backups"))
        assert saved.returncode == 0, saved.stderr
        server = Prometheus(folder, [port, port + 1])
        try:
            traffic(stack)
            eventually(lambda: len(server.query(f"count_over_time(up[1m]) > {SCRAPES}")) == 2)
            eventually(lambda: bool(server.query("danchu:rating_slow:ratio_rate3d")))
            yield server
        finally:
            server.stop()
    finally:
        stack.stop()


PANELS = [pytest.param(expr, id=title.partition(" / ")[2]) for title, expr in panels()]


@pytest.mark.parametrize("expr", PANELS)
def test_each_panel_has_figures(prometheus: Prometheus, expr: str) -> None:
    """Its query reads what the processes export, and finds something."""
    assert prometheus.query(expr.replace("$__rate_interval", "1m")), expr


def test_each_rule_is_evaluated_and_nothing_fires_in_good_times(prometheus: Prometheus) -> None:
    """No rule fails; of those that record, the short windows have a figure."""
    groups = prometheus.api("rules")["groups"]
    evaluated = [rule for group in groups for rule in group["rules"]]
    assert len(evaluated) == len(rules("alert")) + len(rules("record"))
    assert {rule["health"] for rule in evaluated} == {"ok"}
    assert [rule["name"] for rule in evaluated if rule.get("state") == "firing"] == []
    for name in ("danchu:door_errors:ratio_rate5m", "danchu:rating_slow:ratio_rate5m"):
        assert prometheus.query(name)


@pytest.mark.parametrize("rule", rules("alert"), ids=lambda rule: rule["alert"])
def test_each_alert_reads_what_is_exported(prometheus: Prometheus, rule: dict[str, Any]) -> None:
    """Every series that it compares is there, however good the times."""
    for name in metrics_of(rule["expr"]) - RARE:
        assert prometheus.query(name), f"{rule['alert']}: {name}"


def test_labels_are_bounded_and_tell_nothing_of_anybody(prometheus: Prometheus) -> None:
    """No unit, person, id or path is a label; nor is its value in one."""
    own = {"__name__", "service_name", "service_namespace", "service_version",
           "service_instance_id", "telemetry_sdk_language", "telemetry_sdk_name",
           "telemetry_sdk_version"}  # fmt: skip
    series = prometheus.api("series", **{"match[]": '{job="danchu"}'})
    labels = {name for each in series for name in each}
    assert labels <= LABELS | own and not labels & HIDDEN
    values = json.dumps(series)
    assert not any(word in values for word in ("H44.1", "ngan-sach", "tự quản"))
    assert len(series) < 3000
    assert load(TELEMETRY / "prometheus.yaml")["scrape_configs"][0]["job_name"] == "danchu"
