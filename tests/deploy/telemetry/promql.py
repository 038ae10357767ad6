"""The metrics that the code exports and those that rules and dashboards ask for, by name."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from opentelemetry.exporter.prometheus._mapping import map_unit, sanitize_full_name
from ruamel.yaml import YAML

from services.chassis.telemetry.otlp import ALLOWED
from services.chassis.telemetry.request_durations import NAME
from tests.architecture.sources import ROOT

TELEMETRY = ROOT / "deploy" / "telemetry"
COUNTER, HISTOGRAM, GAUGE = "counter", "histogram", "gauge"
KINDS = {
    "create_counter": COUNTER, "create_observable_counter": COUNTER,
    "create_histogram": HISTOGRAM, "LatestGauge": GAUGE, "create_gauge": GAUGE,
    "create_observable_gauge": GAUGE, "create_observable_up_down_counter": GAUGE,
}  # fmt: skip
SUFFIXES = {COUNTER: ("_total",), HISTOGRAM: ("_bucket", "_count", "_sum"), GAUGE: ("",)}
OF_PROMETHEUS = frozenset({"up"})
LABELS = {name.replace(".", "_") for name in ALLOWED} | {
    "le", "job", "instance", "alertname", "alertstate", "severity",
}  # fmt: skip
_BRACES = re.compile(r"\{([^}\"]*(?:\"[^\"]*\"[^}\"]*)*)\}")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring) *\(([^)]*)\)")
_METRIC = re.compile(r"(?<![\w:])(?:danchu|http|db|process|system|up)[\w:]*")
_MATCHER = re.compile(r"(\w+) *(?:=~|!~|!=|=)")


class Instrument(NamedTuple):
    """An instrument of the code: its name, its kind, and the names that Prometheus reads."""

    name: str
    kind: str
    series: frozenset[str]


def instruments() -> Iterator[Instrument]:
    """Every instrument that a module of the services creates."""
    for path in sorted((ROOT / "services").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                kind = KINDS.get(getattr(node.func, "attr", getattr(node.func, "id", "")))
                texts = [
                    arg.value for arg in node.args
                    if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
                ]  # fmt: skip
                if kind and len(texts) > 1:
                    yield _instrument(texts[0], kind, texts[1])
    yield _instrument(NAME, HISTOGRAM, "s")


def _instrument(name: str, kind: str, unit: str) -> Instrument:
    base, suffix = sanitize_full_name(name), map_unit(unit)
    if suffix and not base.endswith(f"_{suffix}"):
        base = f"{base}_{suffix}"
    return Instrument(name, kind, frozenset(base + end for end in SUFFIXES[kind]))


def load(path: Path) -> Any:
    """A YAML file."""
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def rules(kind: str) -> list[dict[str, Any]]:
    """The rules of one kind, `alert` or `record`."""
    files = sorted((TELEMETRY / "rules").glob("*.yaml"))
    groups = [group for file in files for group in load(file)["groups"]]
    return [rule for group in groups for rule in group["rules"] if kind in rule]


def panels() -> Iterator[tuple[str, str]]:
    """The title and expression of each query of each dashboard."""
    for file in sorted((TELEMETRY / "dashboards").glob("*.json")):
        for panel in json.loads(file.read_text(encoding="utf-8"))["panels"]:
            for target in panel["targets"]:
                yield panel["title"], target["expr"]


def expressions() -> Iterable[str]:
    """Every expression of rules and dashboards."""
    return [rule["expr"] for kind in ("alert", "record") for rule in rules(kind)] + [
        expr for _, expr in panels()
    ]


def metrics_of(expr: str) -> set[str]:
    """The names of the series that an expression reads."""
    bare = _GROUPING.sub(" ", _BRACES.sub(" ", expr))
    return set(_METRIC.findall(bare))


def labels_of(expr: str) -> set[str]:
    """The labels that an expression selects or groups by."""
    matchers = (name for inner in _BRACES.findall(expr) for name in _MATCHER.findall(inner))
    groups = (name.strip() for inner in _GROUPING.findall(expr) for name in inner.split(","))
    return {*matchers, *groups}
