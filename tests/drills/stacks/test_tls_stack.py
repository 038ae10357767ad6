"""`danchu up` over TLS: its probes and every command follow, and a leaked token ends everywhere."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

from tests.support.certificates import Authority
from tests.support.stacks import Stack, eventually


def test_a_stack_over_tls_is_used_and_its_tokens_are_revoked(
    stack: Stack, events: Path, tmp_path: Path
) -> None:
    """The certificate is for another name than the loopback; elsewhere an authority is needed."""
    authority = Authority()
    issued = authority.issue(tmp_path)
    own = {"DANCHU_TLS_CERTIFICATE": str(issued.certificate), "DANCHU_TLS_KEY": str(issued.key)}
    stack.url = stack.url.replace("http:", "https:")
    stack.up(**own)
    assert json.loads((stack.home / "address.json").read_text())["url"] == stack.url
    sent = stack.here("emit", str(events), **own)
    assert sent.returncode == 0, sent.stderr
    refused = stack.here("rate", "--year", "2025")
    assert refused.returncode == 2 and "certificate" in refused.stderr
    trusted = tmp_path / "authority.pem"
    trusted.write_bytes(authority.pem())
    rated = stack.here("rate", "--year", "2025", "--json", DANCHU_TLS_CA=str(trusted))
    assert rated.returncode == 0 and json.loads(rated.stdout)

    def status(path: str, token: str) -> int:
        request = urllib.request.Request(
            stack.url + path, headers={"authorization": f"Bearer {token}"}
        )
        try:
            with urllib.request.urlopen(request, context=authority.trust()) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    leaked = stack.here("token", "--role", "auditor", "--name", "lan").stdout.strip()
    paths = [f"/{name}/outbox" for name in ("intake", "training", "awards", "scoring")]
    assert [status(path, leaked) for path in paths] == [200] * 4
    assert stack.here("token", "revoke", "--subject", "lan").returncode == 0
    eventually(lambda: [status(path, leaked) for path in paths] == [401] * 4)
    later = stack.here("token", "--role", "auditor", "--name", "lan").stdout.strip()
    assert status("/scoring/lag", later) == 200
    assert stack.stop() == 0


def test_settings_of_http_that_do_not_fit_are_named_before_anything_starts(
    stack: Stack, tmp_path: Path
) -> None:
    """A certificate without its key, and a proxy that is no address."""
    issued = Authority().issue(tmp_path)
    lone = stack.refused("--empty", DANCHU_TLS_CERTIFICATE=str(issued.certificate))
    assert "DANCHU_TLS_KEY cannot be used" in lone
    assert "DANCHU_TRUSTED_PROXIES" in stack.refused("--empty", DANCHU_TRUSTED_PROXIES="nginx")
    assert not (stack.home / "intake.db").exists()
