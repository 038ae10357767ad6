"""Tokens of an OpenID provider at the routes: the fast one too, and in every service."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from services.awards import app as awards
from services.chassis import denials
from services.chassis.auth.credentials import Issuer
from services.chassis.auth.issuer_lookup import IssuerLookup
from services.intake import app as intake
from services.intake.settings import IntakeSettings
from services.scoring import app as scoring
from services.scoring.settings import ScoringSettings
from services.training import app as training
from services.violations import app as violations
from tests.scoring.answering import answering
from tests.scoring.api.permission_rows import OTHER, OWN
from tests.scoring.test_road import registered
from tests.support.openid_provider import AUDIENCE, openid_provider

pytestmark = pytest.mark.anyio


async def test_a_login_reads_its_unit_and_a_refusal_tells_the_log_alone(
    home: Path, tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """The first request fetches the keys; another unit is 403, a foreign audience 401."""
    monkeypatch.setattr(denials, "_budget", denials.LineBudget())
    events, url = [registered(OWN), registered(OTHER)], f"sqlite:///{tmp_path / 'scoring.db'}"
    with openid_provider() as provider:
        names: dict[str, Any] = {"oidc_issuer": provider.issuer, "oidc_audience": AUDIENCE}
        login: dict[str, Any] = {"roles": ["reader"], "units": [OWN]}
        async with answering(home, url, issuer, events, **names) as made:

            async def status(token: str, path: str) -> int:
                headers = {"authorization": f"Bearer {token}"}
                answer = await made.client.get(f"/scoring{path}", headers=headers)
                if answer.status_code == 401:
                    assert answer.json()["code"] == "chassis.token-invalid"
                return answer.status_code

            token = provider.access(**login)
            assert await status(token, f"/ratings/2025/{OWN}") == 200
            assert await status(token, f"/ratings/2025/{OTHER}") == 403
            assert await status(token, "/ratings?year=2025") == 200
            with caplog.at_level(logging.WARNING, "danchu.denials"):
                foreign = provider.access(**login, aud="another")
                assert await status(foreign, f"/ratings/2025/{OWN}") == 401
            line = caplog.records[-1]
            assert vars(line)["reason"] == "chassis.oidc-audience"
            assert vars(line)["sentence"] == "The token is for another audience."


@pytest.mark.parametrize(
    ("app", "kind"),
    [
        (intake, IntakeSettings), (scoring, ScoringSettings), (training, ScoringSettings),
        (awards, ScoringSettings), (violations, ScoringSettings),
    ],
    ids=["intake", "scoring", "training", "awards", "violations"],
)  # fmt: skip
async def test_every_service_fetches_the_keys_before_it_verifies(
    home: Path, issuer: Issuer, app: Any, kind: Any
) -> None:
    """Outside of everything else that a service adds; without an issuer nothing is added."""
    names = {"oidc_issuer": "https://id.example/realms/a", "oidc_audience": "danchu"}
    for settings, outermost in ((kind(home=home, **names), True), (kind(home=home), False)):
        built = app.build(settings)
        classes = [middleware.cls for middleware in built.api.user_middleware]
        assert (classes[:1] == [IssuerLookup]) is outermost
        assert classes.count(IssuerLookup) == int(outermost)
