"""`danchu resend` on the databases of a home and a real nats-server."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import app
from services.commands import operator
from services.commands.service_registry import SERVICES, migrate_one
from services.scoring.settings import ScoringSettings
from tests.conftest import NatsServer

pytestmark = pytest.mark.anyio


async def test_resending_says_how_many_services_are_done(
    home: Path, provisioned: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One step for each outbox, of all that there are."""
    monkeypatch.setenv("DANCHU_HOME", str(home))
    for name in SERVICES:
        await migrate_one(name, ScoringSettings())
    steps: list[tuple[int, int | None]] = []
    sent = await operator.resend(ScoringSettings(), "2025-01-01", lambda *step: steps.append(step))
    assert sent == dict.fromkeys(SERVICES, 0)
    assert steps == [(number, len(SERVICES)) for number in range(len(SERVICES) + 1)]


@pytest.mark.parametrize(
    ("since", "words"),
    [
        ("yesterday", ("2025-01-01", "RFC 3339")), ("2025-02-30", ("2025-01-01", "RFC 3339")),
        ("9999-01-01", ("is in the future",)),
        ("2999-01-01T00:00:00Z", ("is in the future",)),
    ],
)  # fmt: skip
def test_a_since_that_cannot_be_is_an_option_and_says_what_is_taken(
    since: str, words: tuple[str, ...]
) -> None:
    """Exit code 2 before anything is done."""
    run = CliRunner().invoke(app, ["resend", "--since", since])
    help_text = " ".join(run.output.split())
    assert run.exit_code == 2 and "The option --since cannot be used" in help_text
    assert all(word in help_text for word in words)
