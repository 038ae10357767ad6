"""A number of an address has one spelling, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from services.chassis.auth.credentials import Issuer
from tests.scoring.answering import Answering, answering
from tests.scoring.api.permission_rows import OWN, ROWS
from tests.scoring.test_road import registered

pytestmark = pytest.mark.anyio
SPELLINGS = ("02025", "+2025", " 2025", "2025 ", "2_025", "2025.0", "٢٠٢٥", "２０２５", "x", "")


def integers(operation: dict[str, Any]) -> Iterator[str]:
    """The parameters of an operation that are integers, or versions."""
    for parameter in operation.get("parameters", ()):
        schemas = [parameter["schema"], *parameter["schema"].get("anyOf", ())]
        is_integer = any(schema.get("type") == "integer" for schema in schemas)
        if is_integer or parameter["name"] == "version":
            yield parameter["name"]


def targets(document: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Route, method, path and the name of the number that is spelled otherwise in it."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for name in integers(operation):
                for spelling in SPELLINGS:
                    route = f"{method.upper()} {path}"
                    values = {"year": "2025", "unit": OWN}
                    query = dict(part.split("=") for part in ROWS[route].query.split("&") if part)
                    (values if f"{{{name}}}" in path else query)[name] = spelling
                    quoted = {each: quote(value) for each, value in values.items()}
                    target = path.format(**quoted)
                    pairs = "&".join(f"{each}={quote(value)}" for each, value in query.items())
                    yield route, method.upper(), f"{target}?{pairs}", name


def is_empty_part(path: str) -> bool:
    """Whether a part of the path is empty, so that it is another path."""
    return any(part in path for part in ("//", "/.", "/?"))


async def test_a_number_in_another_spelling_is_refused_everywhere(
    home: Path, tmp_path: Path, issuer: Issuer
) -> None:
    """By 422 and its name: ` 2025` and `02025` are no further addresses of the same rating."""
    url = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with answering(home, url, issuer, [registered(OWN)]) as city:
        document = (await city.client.get("/scoring/openapi.json")).json()
        wrong, names = [], set()
        for route, method, path, name in targets(document):
            roles = ROWS[route].roles
            role = "" if roles is None else roles[-1]
            answer = await city.ask(method, path, role, ROWS[route].body)
            if is_empty_part(path):
                assert answer.status_code in (404, 405, 422), path
                continue
            fields = [error["field"] for error in answer.json().get("errors", ())]
            if answer.status_code != 422 or name not in fields:
                wrong.append((route, path, answer.status_code, fields))
            names.add(name)
        assert wrong == []
        assert {"year", "version", "limit", "with", "from_version", "to_version"} <= names
        await refused_in_words(city)


async def refused_in_words(city: Answering) -> None:
    """The reason is said in both languages."""
    (error,) = (await city.ask("GET", f"/ratings/02025/{OWN}")).json()["errors"]
    assert "số 0 ở đầu" in error["message_vi"] and "leading zero" in error["message_en"]
    blank = "/ratings?year=2025&as_of=2025-12-31T17:00:00+07:00"
    (error,) = (await city.ask("GET", blank)).json()["errors"]
    assert error["field"] == "as_of"
    assert "%2B" in error["message_vi"] and "%2B" in error["message_en"]
    assert error["message_vi"] != error["message_en"]
