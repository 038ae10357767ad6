"""`danchu up` beside the office's own issuer of tokens, and what a process logs at its start."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.chassis.auth.credentials import Issuer, write_tokens
from tests.commands.test_cli import danchu
from tests.support.stacks import EVENTS, Stack


def public_key(key: Ed25519PrivateKey, file: Path) -> Path:
    """The file of a public key, as an issuer gives it."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    file.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))
    return file


def test_tokens_of_the_office_work_and_none_are_made_here(
    stack: Stack, events: Path, tmp_path: Path
) -> None:
    """No development token is written or left over; the sample city is not loaded, and said."""
    key = Ed25519PrivateKey.generate()
    setting = {"DANCHU_TOKEN_PUBLIC_KEY": str(public_key(key, tmp_path / "office.pem"))}
    write_tokens(stack.home)
    stack.process = stack.begin("--rubrics", "services/scoring/rubrics", **setting)
    output = stack.wait("ready.")
    assert "no development tokens" in output and "The sample city is not loaded" in output
    assert not (stack.home / "tokens.json").exists() and "Tokens    " not in output
    issuer = Issuer(key)
    assert stack.run("emit", str(events)).returncode == 2
    events.write_text("".join(json.dumps(event) + "\n" for event in EVENTS[1:]))
    sent = stack.run("emit", str(events), "--token", issuer.mint("emitter"))
    assert sent.returncode == 0, sent.stderr
    rated = stack.run("rate", "--year", "2025", "--json", "--token", issuer.mint("hr"))
    assert (rated.returncode, json.loads(rated.stdout)) == (0, [])
    refused = stack.run("token", "--role", "hr", **setting)
    assert refused.returncode == 2 and "own issuer" in refused.stderr
    assert stack.stop() == 0


def test_a_key_that_is_none_is_named(stack: Stack, tmp_path: Path) -> None:
    """Before anything is started."""
    (tmp_path / "office.pem").write_text("no key")
    refusal = stack.refused("--empty", DANCHU_TOKEN_PUBLIC_KEY=str(tmp_path / "office.pem"))
    assert "DANCHU_TOKEN_PUBLIC_KEY cannot be used" in refusal
    refusal_of_none = stack.refused("--empty", DANCHU_TOKEN_PUBLIC_KEY=str(tmp_path / "none.pem"))
    assert "none.pem" in refusal_of_none


def test_settings_of_an_openid_issuer_that_do_not_fit_are_named(stack: Stack) -> None:
    """What is no JSON, and a group without a role, before anything is started."""
    assert "DANCHU_OIDC_ROLES cannot be used: it must be JSON" in stack.refused(
        "--empty", DANCHU_OIDC_ROLES="hr"
    )
    issuer = {"DANCHU_OIDC_ISSUER": "https://id.example", "DANCHU_OIDC_AUDIENCE": "danchu"}
    refusal = stack.refused("--empty", DANCHU_OIDC_ROLES='{"a": "king"}', **issuer)
    assert "the group a has the unknown role king" in refusal


def test_each_process_says_at_its_start_what_it_runs_with(stack: Stack) -> None:
    """Version, databases without a password, the broker and the digests of the rubrics."""
    stack.up()
    assert stack.stop() == 0
    for part, services in (("http", 5), ("fold", 1)):
        lines = (stack.home / "logs" / f"{part}.log").read_text().splitlines()
        first = json.loads(lines[0])
        assert first["message"] == "the process starts" and first["part"] == part
        assert first["version"] == version("danchu") and len(first["databases"]) == services
        assert first["broker"].startswith("nats://") and len(first["rubrics"]) == 2


def test_a_home_of_another_folder_is_not_taken_for_this_one(tmp_path: Path) -> None:
    """`--home` that is a file is named, and nothing is written over it."""
    (tmp_path / "file").write_text("mine")
    run = danchu("up", "--home", str(tmp_path / "file"))
    assert run.exit_code == 2 and (tmp_path / "file").read_text() == "mine"
