"""OpenAPI of every service: a client can be generated from it."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI

from services.awards import app as awards
from services.chassis.auth.credentials import development_issuer
from services.chassis.http.openapi import BEARER
from services.chassis.settings import Settings
from services.intake import app as intake
from services.intake.settings import IntakeSettings
from services.scoring import app as scoring
from services.scoring.settings import ScoringSettings
from services.training import app as training
from services.violations import app as violations

SERVICES: dict[str, Any] = {
    "intake": intake, "training": training, "awards": awards, "violations": violations,
    "scoring": scoring,
}  # fmt: skip
OPEN = {("get", path) for path in ("/healthz", "/readyz", "/keys", "/years/{year}/checkpoints")}
"""What answers everybody; the last two are those of scoring (YEAR.md section 6)."""


@pytest.fixture(params=SERVICES)
def document(request: pytest.FixtureRequest, tmp_path: Any) -> dict[str, Any]:
    """The OpenAPI document of each service, which needs neither database nor broker."""
    development_issuer(tmp_path)
    api: FastAPI = SERVICES[request.param].build(_settings(request.param, tmp_path)).api
    return api.openapi()


def _settings(name: str, home: Any) -> Settings:
    kinds: dict[str, Any] = {
        "intake": IntakeSettings, "scoring": ScoringSettings,
    }  # fmt: skip
    settings: Settings = kinds.get(name, Settings)(home=home)
    return settings


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Path, method and description of every operation."""
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_operations_have_names_that_are_unique_and_fit_a_program(document: dict[str, Any]) -> None:
    """A generated client has one function for each, of a name that stays what it is."""
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    assert all(name.isidentifier() for name in names)


def test_the_bearer_token_is_declared_and_asked_for_wherever_it_is_needed(
    document: dict[str, Any],
) -> None:
    """Health is open; everything else says that it takes a token."""
    assert document["components"]["securitySchemes"][BEARER]["scheme"] == "bearer"
    for path, method, operation in operations(document):
        secured = operation.get("security") == [{BEARER: []}]
        assert secured == ((method, path) not in OPEN), path


def test_every_reference_of_a_document_leads_somewhere(document: dict[str, Any]) -> None:
    """Each `$ref` names a component that is there."""
    targets = list(references(document))
    for reference in targets:
        place: Any = document
        for name in reference.removeprefix("#/").split("/"):
            place = place[name]
    assert targets


def references(node: Any) -> list[str]:
    """Every `$ref` below a node."""
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [target for inner in node.values() for target in references(inner)]
    return (
        [target for inner in node for target in references(inner)] if isinstance(node, list) else []
    )
