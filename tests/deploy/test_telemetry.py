"""Rules, dashboards, runbook and documents tell of the same metrics and alerts as the code."""

from __future__ import annotations

import ast
import re
import runpy

import pytest

from tests.architecture.sources import ROOT
from tests.deploy.telemetry.collector_fields import faults
from tests.deploy.telemetry.promql import (
    LABELS,
    OF_PROMETHEUS,
    TELEMETRY,
    expressions,
    instruments,
    labels_of,
    load,
    metrics_of,
    panels,
    rules,
)

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
PARTS = ("**Means.**", "**Look at.**", "**Do.**", "**Drill.**")
VIETNAMESE = re.compile("[ăâđêôơưàáảãạèéẻẽẹìíỉĩịòóỏõọùúủũụấầẩẫậắằẳặếềểễệốồổỗộớờởỡợứừửữự]", re.I)


def sections() -> dict[str, str]:
    """The sections of the runbook by the name of their alert."""
    _, *parts = re.split(r"^### (\w+)$", RUNBOOK, flags=re.M)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_rules_and_dashboards_read_what_the_code_exports() -> None:
    """A metric that is renamed makes no alert silent: names and labels are compared."""
    exported = {series for each in instruments() for series in each.series}
    recorded = {rule["record"] for rule in rules("record")}
    for expr in expressions():
        assert metrics_of(expr), expr
        assert metrics_of(expr) <= exported | recorded | OF_PROMETHEUS, expr
        assert labels_of(expr) <= LABELS, expr


def test_names_and_labels_are_told_apart() -> None:
    """The look for names sees through matchers, groups, ranges and arithmetic."""
    expr = (
        'sum by (http_route) (rate(danchu_a_total{door="x}", db_b=~"5.."}[5m]))'
        " / 2 > danchu:c:ratio_rate1h or up"
    )
    assert metrics_of(expr) == {"danchu_a_total", "danchu:c:ratio_rate1h", "up"}
    assert labels_of(expr) == {"http_route", "door", "db_b"}


def test_every_metric_is_documented() -> None:
    """The table of docs/operations.md names each instrument, and none that is not there."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = text[text.index("| metric | attributes |") : text.index("Prometheus has these names")]
    rows = (line.split("|")[1] for line in table.splitlines()[2:] if line.startswith("|"))
    written = {name for row in rows for name in re.findall(r"`([\w.]+)`", row)}
    assert written == {each.name for each in instruments()}


def test_each_alert_has_its_section_and_each_section_its_alert() -> None:
    """With the address of the section in the alert, its severity, and four parts."""
    alerts = {rule["alert"]: rule for rule in rules("alert")}
    assert alerts.keys() == sections().keys()
    for name, section in sections().items():
        notes = alerts[name]["annotations"]
        assert notes["runbook_url"] == f"docs/runbook.md#{name.lower()}"
        assert section.strip().startswith(f"`{alerts[name]['labels']['severity']}` · ")
        assert all(section.count(part) == 1 for part in PARTS), name
        assert VIETNAMESE.search(notes["summary"]) and not VIETNAMESE.search(notes["description"])


def test_each_drill_is_there() -> None:
    """A test of the drill exists, or the drill is that of another section."""
    for name, section in sections().items():
        drill = section.partition("**Drill.**")[2]
        tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", drill)
        assert tests or "](#danchu" in drill or "tests.bench" in drill, name
        for file, function in tests:
            module = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            assert function in {getattr(node, "name", "") for node in module.body}, drill


def test_each_alert_is_made_to_fire() -> None:
    """By the tests for promtool, which `make rules` runs."""
    files = sorted((ROOT / "tests" / "deploy" / "telemetry").glob("*.test.yaml"))
    cases = [case for file in files for case in load(file)["tests"]]
    tested = str([[case.get("alert_rule_test"), case.get("promql_expr_test")] for case in cases])
    for rule in rules("alert"):
        assert re.search(rf"{rule['alert']}['\"]", tested), rule["alert"]


def test_the_dashboards_are_those_of_the_code() -> None:
    """`make generate` writes them; each panel has a title in both languages and a query."""
    folder = TELEMETRY / "dashboards"
    files = runpy.run_path(str(folder / "generate.py"))["files"]()
    assert {file.name for file in folder.glob("*.json")} == files.keys()
    for name, text in files.items():
        assert (folder / name).read_text(encoding="utf-8") == text, name
    titles = [title for title, _ in panels()]
    assert len(titles) > 30 and all(" / " in title for title in titles)


@pytest.mark.parametrize("kind", ["receivers", "processors", "exporters"])
def test_the_collector_uses_what_it_declares(kind: str) -> None:
    """Each component of a pipeline is configured, and each that is configured is used."""
    collector = load(TELEMETRY / "collector.yaml")
    pipelines = collector["service"]["pipelines"].values()
    assert {name for pipeline in pipelines for name in pipeline[kind]} == collector[kind].keys()
    assert collector["service"]["extensions"] == [*collector["extensions"]]


def test_the_collector_s_components_have_the_fields_that_are_set() -> None:
    """Each is known, with values of its kind; a slip of each sort is noticed."""
    collector = load(TELEMETRY / "collector.yaml")
    assert list(faults(collector)) == []
    collector["processors"]["batch"]["timeout"] = 2
    collector["processors"]["memory_limiter"]["limit_mb"] = 256
    collector["processors"]["tail_sampling"]["policies"][0]["type"] = "status"
    collector["exporters"]["otlp/more"] = {}
    assert list(faults(collector)) == [
        "processors.memory_limiter.limit_mb: no such field",
        "processors.batch.timeout: 2 is no duration",
        "processors.tail_sampling.policies[0].type: 'status' is no policy",
        "exporters.otlp/more: no such component",
    ]
