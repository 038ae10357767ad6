"""What a running danchu answers about its state: the figures that no upgrade may change."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from collections.abc import Iterable
from typing import Any

from tests.support.stacks import SECONDS, Stack
from tests.upgrade.city import OPEN, SEALED

WORDS = ("_vi", "_en", "_label", "label", "text", "title")
"""Endings of what is said in words, which a later version may say better."""
LANGUAGES = ("vi", "en")
"""Whole names of the same."""
LISTS = (
    f"/scoring/ratings?year={SEALED}&limit=1000",
    f"/scoring/ratings?year={OPEN}&limit=1000",
    f"/scoring/years/{SEALED}",
    f"/scoring/years/{OPEN}",
    f"/scoring/years/{OPEN}/appeals",
    "/scoring/quarantine",
    "/training/courses?limit=1000",
    "/awards/achievements?limit=1000",
    "/violations/cases?limit=1000",
)
ROLES = {"/scoring/quarantine": "operator", "/violations/": "council"}
"""Who reads the answers of paths that begin so; HR reads all others."""
COUNTS = ("events", "folded", "quarantined", "unowned", "halted")


def fetch(stack: Stack, path: str, role: str = "hr") -> bytes:
    """The bytes of an answer."""
    token = json.loads((stack.home / "tokens.json").read_text())[role]
    request = urllib.request.Request(
        f"{stack.url}{path}", headers={"authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        content: bytes = answer.read()
    return content


def sheets(stack: Stack) -> list[str]:
    """The paths of all sheets of both years."""
    return [
        f"/scoring/ratings/{year}/{rating['unit']}/sheet"
        for year in (SEALED, OPEN)
        for rating in json.loads(fetch(stack, f"/scoring/ratings?year={year}&limit=1000"))["items"]
    ]


def answers_of(stack: Stack, paths: Iterable[str]) -> dict[str, Any]:
    """The figures of these paths, the counts of the fold, and the digest of the seal's bundle."""
    found = {
        path: json.loads(fetch(stack, path, role))
        for path in paths
        for role in [next((r for begin, r in ROLES.items() if path.startswith(begin)), "hr")]
    }
    lag = json.loads(fetch(stack, "/scoring/lag", "operator"))
    counts = {name: lag[name] for name in COUNTS}
    bundle = fetch(stack, f"/scoring/years/{SEALED}/seal.zip")
    figures: dict[str, Any] = without_words(found)
    return figures | {"lag": counts, "seal": hashlib.sha256(bundle).hexdigest()}


def without_words(value: Any) -> Any:
    """The same without what is said in words."""
    if isinstance(value, dict):
        return {
            name: without_words(part)
            for name, part in value.items()
            if not name.endswith(WORDS) and name not in LANGUAGES
        }
    return [without_words(each) for each in value] if isinstance(value, list) else value


def differences(kept: Any, now: Any, where: str = "") -> list[str]:
    """Where the figures differ; what a later version answers beside them is no difference."""
    if isinstance(kept, dict) and isinstance(now, dict):
        return [
            line
            for name, value in kept.items()
            for line in (
                differences(value, now[name], f"{where} {name}")
                if name in now
                else [f"{where} {name}: is gone"]
            )
        ]
    if isinstance(kept, list) and isinstance(now, list) and len(kept) == len(now):
        pairs = enumerate(zip(kept, now, strict=True))
        return [line for n, (a, b) in pairs for line in differences(a, b, f"{where}[{n}]")]
    return [] if kept == now else [f"{where}: {kept!r} is {now!r} now"]
