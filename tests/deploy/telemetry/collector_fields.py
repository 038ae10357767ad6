"""The fields of the collector's components that danchu's configuration may use, and their kinds.

Written down from the documented configuration of release 0.159, component by component; what is not
listed here counts as misspelled. A table proves neither that a collector of another release takes
the fields nor what it does with them: no package brings a collector that has these components.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Kind = str | dict[str, Any] | list[Any]
KINDS = {
    "duration": re.compile(r"([0-9]+(\.[0-9]+)?(ms|s|m|h))+"),
    "address": re.compile(r"[^:\s]*:[0-9]+|\$\{env:[A-Z_]+\}"),
    "number": re.compile(r"[0-9]+"),
    "percentage": re.compile(r"100|[0-9]{1,2}(\.[0-9]+)?"),
    "name": re.compile(r"[a-z][a-z0-9_-]*"),
    "file": re.compile(r"/.+"),
    "truth": re.compile(r"True|False"),
    "status": re.compile(r"OK|ERROR|UNSET"),
    "policy": re.compile(r"always_sample|latency|probabilistic|rate_limiting|status_code"),
}
SERVER = {"endpoint": "address", "tls": {"cert_file": "file", "key_file": "file"}}
POLICY = {
    "name": "name",
    "type": "policy",
    "status_code": {"status_codes": ["status"]},
    "latency": {"threshold_ms": "number", "upper_threshold_ms": "number"},
    "probabilistic": {"sampling_percentage": "percentage"},
    "rate_limiting": {"spans_per_second": "number"},
}
COMPONENTS: dict[str, dict[str, dict[str, Any]]] = {
    "receivers": {"otlp": {"protocols": {"grpc": SERVER, "http": SERVER}}},
    "processors": {
        "memory_limiter": {
            "check_interval": "duration", "limit_mib": "number", "spike_limit_mib": "number",
        },
        "batch": {"send_batch_size": "number", "send_batch_max_size": "number",
                  "timeout": "duration"},
        "tail_sampling": {
            "decision_wait": "duration", "num_traces": "number", "policies": [POLICY],
        },
    },
    "exporters": {
        "prometheus": SERVER | {"metric_expiration": "duration", "send_timestamps": "truth"},
        "otlp_grpc": {
            "endpoint": "address", "tls": {"insecure": "truth", "ca_file": "file"},
            "timeout": "duration",
        },
    },
    "extensions": {"health_check": SERVER},
}  # fmt: skip
"""By section and type of the component; a name after `/` tells several of one type apart."""


def faults(collector: dict[str, Any]) -> Iterator[str]:
    """Components of an unknown type, and fields that they do not have or with a wrong value."""
    for section, types in COMPONENTS.items():
        for name, settings in collector.get(section, {}).items():
            kind = types.get(name.split("/")[0])
            if kind is None:
                yield f"{section}.{name}: no such component"
            else:
                yield from _faults(settings, kind, f"{section}.{name}")


def _faults(value: Any, kind: Kind, where: str) -> Iterator[str]:
    if isinstance(kind, str):
        if not KINDS[kind].fullmatch(str(value)):
            yield f"{where}: {value!r} is no {kind}"
    elif isinstance(kind, list):
        for number, each in enumerate(value):
            yield from _faults(each, kind[0], f"{where}[{number}]")
    else:
        for key, each in value.items():
            if key in kind:
                yield from _faults(each, kind[key], f"{where}.{key}")
            else:
                yield f"{where}.{key}: no such field"
