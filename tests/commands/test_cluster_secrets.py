"""`danchu keys cluster`: every secret of a cluster, made once, in a folder outside of it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from services.chassis.auth.accounts import (
    ACCOUNTS_FILE,
    accounts_file,
    new_account,
    read_accounts,
    write_accounts,
)
from services.chassis.auth.credentials import development_issuer
from services.chassis.settings import Settings
from services.commands import cluster_secrets
from services.commands.cluster_secrets import NATS_CLIENT, NATS_TLS, SECRETS
from services.commands.nats import units
from services.commands.nats.certificates import CERTIFICATE, AuthorityIncomplete
from services.commands.nats.grants import DEPLOYED_USERS, DEVELOPMENT
from services.commands.service_registry import SERVICES
from services.intake.settings import IntakeSettings

NOW, DAY_US = 1_764_000_000_000_000, 86_400_000_000


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its content."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_every_file_of_a_secret_is_made_and_private(tmp_path: Path) -> None:
    """What the kustomization names is there, for its owner alone."""
    folder = tmp_path / "secrets"
    new = cluster_secrets.make(folder, "postgresql:5432", NOW)
    files = {file for secret in SECRETS for _, file in secret.files}
    assert files <= set(new) and "kustomization.yaml" in new
    text = (folder / "kustomization.yaml").read_text()
    assert all(f"={file}\n" in text for file in files)
    for path in folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_signing_key_and_the_auditors_key_stay_outside(tmp_path: Path) -> None:
    """The cluster verifies tokens by the public key; two people seal, one of them not here."""
    cluster_secrets.make(tmp_path, "postgresql:5432", NOW)
    inside = {file for secret in SECRETS for _, file in secret.files}
    assert not inside & {"keys/tokens.pem", "tokens.json", "keys/seal-auditor.key"}
    public = load_pem_public_key((tmp_path / "keys/public.pem").read_bytes())
    assert public == development_issuer(tmp_path).key.public_key()


def test_persons_who_sign_in_are_kept_in_the_folder(tmp_path: Path) -> None:
    """Nobody at first; who was added stays at the next run, and is found by the setting."""
    cluster_secrets.make(tmp_path, "postgresql:5432", NOW)
    file = tmp_path / ACCOUNTS_FILE
    assert read_accounts(file) == ()
    write_accounts(file, [new_account("lan", "hr", "mot-mat-khau-dai")])
    assert cluster_secrets.make(tmp_path, "postgresql:5432", NOW) == []
    named = Settings(home=tmp_path / "pod", accounts=file)
    assert [each.name for each in read_accounts(accounts_file(named))] == ["lan"]


def test_each_password_is_in_the_accounts_and_none_of_development(tmp_path: Path) -> None:
    """A cluster has the users of the services alone; departments get accounts of their own."""
    cluster_secrets.make(tmp_path, "db.example:5432", NOW, "sslmode=verify-full")
    accounts = (tmp_path / "nats/accounts.conf").read_text()
    for user in DEPLOYED_USERS:
        assert (tmp_path / "passwords" / user).read_text() in accounts
    assert not [user for user in DEVELOPMENT if f"user: {user}," in accounts]
    password = (tmp_path / "passwords/postgresql").read_text()
    url = f"postgresql://danchu:{password}@db.example:5432/danchu?sslmode=verify-full"
    assert {(tmp_path / "database" / service).read_text() for service in SERVICES} == {url}


def test_what_is_there_stays(tmp_path: Path) -> None:
    """A second run after an update completes the folder, changes no key and no password, and names
    what it wrote."""
    cluster_secrets.make(tmp_path, "postgresql:5432", NOW)
    (tmp_path / "passwords/intake").unlink()
    before = contents(tmp_path)
    changed = cluster_secrets.make(tmp_path, "other:5432", NOW)
    assert changed == ["nats/accounts.conf", "passwords/intake"]
    after = contents(tmp_path)
    new = ("passwords/intake", "nats/accounts.conf")
    assert {k: v for k, v in after.items() if k not in new} == {
        k: v for k, v in before.items() if k not in new
    }


def test_the_credential_of_a_department_comes_into_the_accounts(tmp_path: Path) -> None:
    """`danchu nats credentials` on the folder, then once more `danchu keys cluster`."""
    cluster_secrets.make(tmp_path, "postgresql:5432", NOW)
    settings = IntakeSettings(home=tmp_path)
    issued = units.issue(settings, ["H44.12.34"], ["urn:danchu:unit:H44.12.34:"], 0)
    cluster_secrets.make(tmp_path, "postgresql:5432", NOW)
    accounts = (tmp_path / "nats/accounts.conf").read_text()
    assert issued.credential.user in accounts and issued.credential.password_hash in accounts


def certificate(file: Path) -> x509.Certificate:
    """The certificate in a file."""
    return x509.load_pem_x509_certificate(file.read_bytes())


def test_the_certificate_of_nats_is_renewed_before_it_ends(tmp_path: Path) -> None:
    """Not a day earlier than its last half year, and it keeps the names that were added."""
    cluster_secrets.make(tmp_path, "postgresql:5432", NOW, nats_hosts=["nats.city.example"])
    files = [tmp_path / folder / CERTIFICATE for folder in (NATS_TLS, NATS_CLIENT)]
    first = [certificate(file) for file in files]
    assert cluster_secrets.make(tmp_path, "postgresql:5432", NOW + 600 * DAY_US) == []
    assert [certificate(file) for file in files] == first
    cluster_secrets.make(tmp_path, "postgresql:5432", NOW + 700 * DAY_US)
    renewed = [certificate(file) for file in files]
    authority = certificate(tmp_path / NATS_TLS / "ca.crt")
    for old, new in zip(first, renewed, strict=True):
        new.verify_directly_issued_by(authority)
        assert (new.not_valid_after_utc - old.not_valid_after_utc).days == 700
    names = renewed[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"nats-2.nats-nodes", "nats.city.example"} <= set(
        names.get_values_for_type(x509.DNSName)
    )


def test_a_certificate_of_another_authority_stays(tmp_path: Path) -> None:
    """The site has an authority of its own: neither its names nor its end are ours to change."""
    own, folder = tmp_path / "own", tmp_path / "secrets"
    cluster_secrets.make(own, "postgresql:5432", NOW)
    (folder / NATS_TLS).mkdir(parents=True)
    for name in ("ca.crt", CERTIFICATE, "tls.key"):
        (folder / NATS_TLS / name).write_bytes((own / NATS_TLS / name).read_bytes())
    (folder / NATS_CLIENT).mkdir()
    for name in (CERTIFICATE, "tls.key"):
        (folder / NATS_CLIENT / name).write_bytes((own / NATS_CLIENT / name).read_bytes())
    before = contents(folder / NATS_TLS)
    cluster_secrets.make(folder, "postgresql:5432", NOW + 900 * DAY_US, nats_hosts=["more"])
    assert contents(folder / NATS_TLS) == before
    (folder / NATS_TLS / CERTIFICATE).unlink()
    with pytest.raises(AuthorityIncomplete, match=r"ca\.key"):
        cluster_secrets.make(folder, "postgresql:5432", NOW)


def test_the_key_of_the_stores_is_rotated_with_the_former_one_beside_it(tmp_path: Path) -> None:
    """Until the file of the former key is deleted."""
    cluster_secrets.make(tmp_path, "postgresql:5432", NOW)
    first = (tmp_path / "passwords/store").read_text()
    (tmp_path / "passwords/store").rename(tmp_path / "passwords/store-former")
    cluster_secrets.make(tmp_path, "postgresql:5432", NOW)
    text = (tmp_path / "nats/store.conf").read_text()
    assert f'prev_key: "{first}"' in text and f'\nkey: "{first}"' not in text
    (tmp_path / "passwords/store-former").unlink()
    cluster_secrets.make(tmp_path, "postgresql:5432", NOW)
    assert first not in (tmp_path / "nats/store.conf").read_text()
