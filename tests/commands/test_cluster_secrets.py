"""`danchu keys cluster`: every secret of a cluster, made once, in a folder outside of it."""

from __future__ import annotations

import stat
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_public_key

from services.chassis.auth.credentials import development_issuer
from services.commands import cluster_secrets
from services.commands.cluster_secrets import NATS_USERS, SECRETS
from services.commands.nats import units
from services.commands.nats.grants import DEVELOPMENT
from services.commands.service_registry import SERVICES
from services.intake.settings import IntakeSettings


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its content."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_every_file_of_a_secret_is_made_and_private(tmp_path: Path) -> None:
    """What the kustomization names is there, for its owner alone."""
    folder = tmp_path / "secrets"
    new = cluster_secrets.make(folder, "postgresql:5432")
    files = {file for secret in SECRETS for _, file in secret.files}
    assert files <= set(new) and "kustomization.yaml" in new
    text = (folder / "kustomization.yaml").read_text()
    assert all(f"={file}\n" in text for file in files)
    for path in folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_signing_key_and_the_auditors_key_stay_outside(tmp_path: Path) -> None:
    """The cluster verifies tokens by the public key; two people seal, one of them not here."""
    cluster_secrets.make(tmp_path, "postgresql:5432")
    inside = {file for secret in SECRETS for _, file in secret.files}
    assert not inside & {"keys/tokens.pem", "tokens.json", "keys/seal-auditor.key"}
    public = load_pem_public_key((tmp_path / "keys/public.pem").read_bytes())
    assert public == development_issuer(tmp_path).key.public_key()


def test_each_password_is_in_the_accounts_and_none_of_development(tmp_path: Path) -> None:
    """A cluster has the users of the services alone; departments get accounts of their own."""
    cluster_secrets.make(tmp_path, "db.example:5432", "sslmode=verify-full")
    accounts = (tmp_path / "nats/accounts.conf").read_text()
    for user in NATS_USERS:
        assert (tmp_path / "passwords" / user).read_text() in accounts
    assert not [user for user in DEVELOPMENT if f"user: {user}," in accounts]
    password = (tmp_path / "passwords/postgresql").read_text()
    url = f"postgresql://danchu:{password}@db.example:5432/danchu?sslmode=verify-full"
    assert {(tmp_path / "database" / service).read_text() for service in SERVICES} == {url}


def test_what_is_there_stays(tmp_path: Path) -> None:
    """A second run after an update completes the folder, and changes no key and no password."""
    cluster_secrets.make(tmp_path, "postgresql:5432")
    (tmp_path / "passwords/intake").unlink()
    before = contents(tmp_path)
    assert cluster_secrets.make(tmp_path, "other:5432") == ["passwords/intake"]
    after = contents(tmp_path)
    new = ("passwords/intake", "nats/accounts.conf")
    assert {k: v for k, v in after.items() if k not in new} == {
        k: v for k, v in before.items() if k not in new
    }


def test_the_credential_of_a_department_comes_into_the_accounts(tmp_path: Path) -> None:
    """`danchu nats credentials` on the folder, then once more `danchu keys cluster`."""
    cluster_secrets.make(tmp_path, "postgresql:5432")
    settings = IntakeSettings(home=tmp_path)
    issued = units.issue(settings, ["H44.12.34"], ["urn:danchu:unit:H44.12.34:"], 0)
    cluster_secrets.make(tmp_path, "postgresql:5432")
    accounts = (tmp_path / "nats/accounts.conf").read_text()
    assert issued.credential.user in accounts and issued.credential.password_hash in accounts
